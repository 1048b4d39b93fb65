"""``emolens data clips``: decode training clips once."""

from pathlib import Path
from typing import Annotated

import tyro

from emolens.errors import ConfigError

REASONS = 5  # bad files named on the terminal; the rest is counted
MAX_WORKERS = 64


def clips(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    size: int = 128,
    workers: int | None = None,
    resume: bool = False,
) -> int:
    """Decode each clip of a manifest once, for training of many epochs: small JPEG frames and the sound.

    Training reads a clip from here where it is and fits, else from its file: the cache may be incomplete, may be made
    while a training runs, and may be thrown away. A clip that has changed since is decoded again.

    Args:
        manifest: of videos and sounds; stays as it is.
        out: folder of the cache, a file a clip.
        size: pixels of the shorter side. Training at 112 pixels crops from 128.
        workers: clips that are decoded at once; by default one a processor.
        resume: go on with a folder that holds clips already; what is there is not decoded again.
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
        raise ConfigError(f"--out {out}: is not empty; --resume goes on with the clips that are in it")
    read = Manifest.read(manifest)
    built = build_cache(read, out, VideoCacheConfig(size=size), at_once)

    print(f"{built.made} decoded, {built.known} known, {len(built.failed)} failed")
    for error in list(built.failed.values())[:REASONS]:
        print(f"  {error}")
    if len(built.failed) > REASONS:
        print(f"  and {len(built.failed) - REASONS} more")
    kept = built.made + built.known
    if kept:
        mean_kb = built.bytes / kept / 1e3
        print(f"{out}: {kept:,} clips, {built.bytes / 1e6:,.1f} MB ({mean_kb:,.0f} kB a clip)")
    return 0 if kept else 3
