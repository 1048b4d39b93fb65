"""``emolens data decode``: decode the videos of a manifest once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import run
from emolens.errors import ConfigError

REASONS = 5  # bad files named on the terminal; the rest is counted
MAX_WORKERS = 64


def decode(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    size: int = 128,
    workers: int | None = None,
    resume: bool = False,
) -> int:
    """Decode each video of a manifest once, for training of many epochs: small JPEG frames and the sound.

    Training reads a decoded video if it is there and fits, else the file: the folder may be incomplete, may be filled
    while a training runs, and may be deleted. A video that has changed since is decoded again.

    Args:
        manifest: of videos and sounds, from files or shards; stays as it is.
        out: folder of the decoded videos, a file each.
        size: pixels of the shorter side. Training at 112 pixels crops from 128.
        workers: videos that are decoded at once; by default one a processor.
        resume: continue with a folder that holds decoded videos already; they are not decoded again.
    """
    from emolens.compute import usable_cores
    from emolens.data.loaders.video_cache import VideoCacheConfig, build_cache
    from emolens.data.manifest import Manifest

    at_once = usable_cores() if workers is None else workers
    if not 1 <= at_once <= MAX_WORKERS:
        raise ConfigError(f"--workers {at_once}: must be 1 to {MAX_WORKERS}")
    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: is a file; name a folder")
    if not resume and out.is_dir() and next(out.iterdir(), None) is not None:
        raise ConfigError(f"--out {out}: is not empty; --resume continues with the decoded videos in it")
    built = build_cache(Manifest.read(manifest), out, VideoCacheConfig(size=size), at_once)

    print(f"{built.made} decoded, {built.known} known, {len(built.failed)} failed")
    for error in list(built.failed.values())[:REASONS]:
        print(f"  {error}")
    if len(built.failed) > REASONS:
        print(f"  and {len(built.failed) - REASONS} more")
    kept = built.made + built.known
    if kept:
        mean_kb = built.bytes / kept / 1e3
        print(f"{out}: {kept:,} decoded videos, {built.bytes / 1e6:,.1f} MB ({mean_kb:,.0f} kB each)")
    return 0 if kept else 3


def main(args: Sequence[str]) -> int:
    """Run ``emolens data decode ARGS`` and return its exit code."""
    return run(decode, "decode", args)
