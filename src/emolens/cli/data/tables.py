"""What several subcommands print: facts, and the rows of a manifest by split and label."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emolens.data.adapter import Counts
    from emolens.data.manifest import Manifest

USUAL_ORDER = {"train": 0, "val": 1, "test": 2}  # further names come last


def terminal() -> Any:
    """The console of standard output."""
    from rich.console import Console

    return Console(highlight=False)


def samples(counts: "Counts") -> str:
    """How many samples a data set has, as far as that is known."""
    if counts.total is not None:
        return f"{counts.total:,}"
    return f"about {counts.about:,}" if counts.about is not None else "?"


def print_facts(facts: dict[str, str]) -> None:
    """Names and values in two columns; empty values are left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            table.add_row(name, Text(value))
    terminal().print(table)


def print_manifest(manifest: "Manifest", name: str) -> None:
    """Rows by split and label, scales, groups, and what the importer had to say."""
    from rich.table import Table

    from emolens.data.protocol_use import protocol_of

    frame, metadata = manifest.frame, manifest.metadata
    console = terminal()
    console.print(f"{name}: {len(manifest):,} rows", markup=False, soft_wrap=True)
    scales = ", ".join(f"{target} {low:g}..{high:g}" for target, (low, high) in metadata.get("scales", {}).items())
    spaces = list(frame["label_space"].dropna().unique()) if "label_space" in frame.columns else []
    partial, protocol = metadata.get("partial"), protocol_of(manifest)
    print_facts(
        {
            "data set": str(metadata.get("title", "")),
            "licence": str(metadata.get("licence", "")),
            "root": str(manifest.root),
            "label space": ", ".join(map(str, spaces)),
            "label rule": str(metadata.get("label_rule", "")),
            "scales": scales,
            "groups": f"{frame['group'].nunique():,}" if manifest.has("group") else "",
            "protocol": protocol.words() if protocol else "no protocol",
            "part of the set": f"{partial['imported']:,} of {partial['expected']:,} rows" if partial else "",
            "notes": "\n".join(metadata.get("notes", [])),
        }
    )
    splits = sorted(manifest.split_names(), key=lambda split: (USUAL_ORDER.get(split, len(USUAL_ORDER)), split))
    table = Table("label", *splits, "all", header_style="bold", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    if manifest.has("label"):
        for label, rows in frame.groupby("label", dropna=False):
            shown = str(label) if isinstance(label, str) else "(none)"
            table.add_row(shown, *(f"{int((rows['split'] == s).sum()):,}" for s in splits), f"{len(rows):,}")
    table.add_row("all", *(f"{int((frame['split'] == s).sum()):,}" for s in splits), f"{len(frame):,}", style="bold")
    console.print(table)
