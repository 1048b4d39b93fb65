"""``emolens data list``: the data sets that emolens knows."""

from collections.abc import Sequence

from emolens.cli.data.command import run
from emolens.cli.data.tables import samples, terminal


def list_datasets() -> int:
    """The data sets that emolens knows, and how to import one's own."""
    from rich.table import Table

    from emolens.data.adapter import get_adapter, list_adapters
    from emolens.data.importers.registry import importers

    table = Table("name", "data set", "samples", "label space", "licence", header_style="bold", box=None)
    table.columns[0].no_wrap = True  # a name cut short is of no use
    table.columns[2].justify = "right"
    for name in list_adapters():
        adapter = get_adapter(name)
        table.add_row(name, adapter.title, samples(adapter.counts), adapter.label_space, adapter.licence)
    console = terminal()
    console.print(table)
    console.print(f"\nOwn data: emolens data import {'|'.join(importers())} SRC --out M.parquet", markup=False)
    return 0


def main(args: Sequence[str]) -> int:
    """Run ``emolens data list ARGS`` and return its exit code."""
    return run(list_datasets, "list", args)
