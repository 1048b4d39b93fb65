"""``emolens data shard``: a data set as a few large files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import run


def shard(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    shard_mb: float = 256.0,
) -> int:
    """Copy the files of a manifest into tar files with an index, for many machines or an object store.

    Interrupted and started again, it continues with the next file. DIR/index.parquet is a manifest: train on it as on
    any other.

    Args:
        manifest: of pictures, videos or sounds, all of them there; stays as it is.
        out: the folder to fill.
        shard_mb: size of one tar file, in 10^6 bytes.
    """
    from emolens.data.manifest import Manifest
    from emolens.data.shards import INDEX, write_shards

    index = write_shards(Manifest.read(manifest), out, shard_mb)
    size = int(index.frame["size"].sum())
    print(f"{out / INDEX}: {len(index):,} rows in {index.frame['shard'].nunique():,} shards, {size / 1e6:,.1f} MB")
    return 0


def main(args: Sequence[str]) -> int:
    """Run ``emolens data shard ARGS`` and return its exit code."""
    return run(shard, "shard", args)
