"""``emolens data split``: divide a manifest, or one split of it, into train, val and test."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import check_suffix, run
from emolens.cli.data.tables import print_manifest

USUAL = {"train": 0.7, "val": 0.1, "test": 0.2}


def split(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    train: float | None = None,
    val: float | None = None,
    test: float | None = None,
    within: str | None = None,
    seed: int = 0,
    by: str | None = None,
) -> int:
    """Divide a manifest into train, val and test: seeded, stratified, groups kept together, frozen.

    With --within, only the rows of one split are divided, and all others stay where they are: --within train --val 0.1
    takes validation out of the training rows and leaves a published test list alone.

    Args:
        manifest: to be split; stays as it is.
        out: the new manifest.
        train: share of the training split (0.7).
        val: share of the validation split (0.1).
        test: share of the test split (0.2). The three sum to 1; with --within, what is not given stays in that split.
        within: the only split to divide, such as train or test.
        seed: of the shuffle; the same seed gives the same splits, whatever the order of the rows.
        by: column to stratify by: its values, or the deciles of a number. By default the label, else the valence.
    """
    from emolens.data.manifest import Manifest
    from emolens.data.split import split_manifest, split_within

    check_suffix(out)
    given = {name: share for name, share in (("train", train), ("val", val), ("test", test)) if share is not None}
    whole = Manifest.read(manifest)
    if within is None:
        result = split_manifest(whole, {**USUAL, **given}, seed, by)
    else:
        result = split_within(whole, within, given, seed, by)
    result.write(out)
    print_manifest(result, str(out))
    return 0


def main(args: Sequence[str]) -> int:
    """Run ``emolens data split ARGS`` and return its exit code."""
    return run(split, "split", args)
