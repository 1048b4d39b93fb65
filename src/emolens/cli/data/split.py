"""``emolens data split``: divide a manifest into train, val and test."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import check_suffix, run
from emolens.cli.data.tables import print_manifest


def split(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    train: float = 0.7,
    val: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    by: str | None = None,
) -> int:
    """Divide a manifest into train, val and test: seeded, stratified, groups kept together, frozen.

    Args:
        manifest: to be split; stays as it is.
        out: the new manifest.
        train: share of the training split.
        val: share of the validation split.
        test: share of the test split. The three sum to 1.
        seed: of the shuffle; the same seed gives the same splits, whatever the order of the rows.
        by: column to stratify by: its values, or the deciles of a number. By default the label, else the valence.
    """
    from emolens.data.manifest import Manifest
    from emolens.data.split import split_manifest

    check_suffix(out)
    result = split_manifest(Manifest.read(manifest), {"train": train, "val": val, "test": test}, seed, by)
    result.write(out)
    print_manifest(result, str(out))
    return 0


def main(args: Sequence[str]) -> int:
    """Run ``emolens data split ARGS`` and return its exit code."""
    return run(split, "split", args)
