"""``emolens data folds``: leave groups out, in turn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import run
from emolens.cli.data.tables import USUAL_ORDER, terminal


def folds(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    folds: int = 5,
    seed: int = 0,
    val: float = 1,
) -> int:
    """Leave-groups-out: as many manifests as folds; together their test splits hold every row once.

    Args:
        manifest: to be divided; stays as it is. Its groups (actors, source videos) are never torn apart.
        out: folder for fold-1.parquet, fold-2.parquet, ...
        folds: how many; as many as there are groups leaves out one at a time.
        seed: of the shuffle; the same seed gives the same folds, whatever the order of the rows.
        val: how many groups validate in each fold; below 1, what share of the rows; 0 for none.
    """
    from rich.table import Table

    from emolens.data.folds import group_folds
    from emolens.data.manifest import Manifest

    made = group_folds(Manifest.read(manifest), folds, seed, val)
    table = Table("manifest", "train", "val", "test", "groups of test", header_style="bold", box=None)
    for number, fold in enumerate(made, start=1):
        path = out / f"fold-{number}.parquet"
        fold.write(path)
        sizes = fold.frame["split"].value_counts()
        tested = fold.frame.loc[fold.frame["split"] == "test", "group"].dropna().unique()
        table.add_row(path.name, *(f"{sizes.get(name, 0):,}" for name in USUAL_ORDER), _few(sorted(tested)))
    console = terminal()
    console.print(f"{out}:", markup=False, soft_wrap=True)
    console.print(table)
    return 0


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"{len(names):,}"


def main(args: Sequence[str]) -> int:
    """Run ``emolens data folds ARGS`` and return its exit code."""
    return run(folds, "folds", args)
