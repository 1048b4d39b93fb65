"""``emolens data relabel``: the labels of a manifest in another label space."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from emolens.cli.data.command import check_suffix, run

if TYPE_CHECKING:
    from emolens.data.relabelling import Relabelling


def relabel_command(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    to: str,
    out: Path | None = None,
    how: Literal["exact", "valence_arousal", "text"] = "exact",
    backbone: str = "ViT-B-32/openai",
) -> int:
    """Take the labels of a manifest to another label space; rows, ids and splits stay, and the loss is stated.

    Args:
        manifest: to be relabelled; stays as it is.
        to: label space to go to: a name, or a .toml file.
        out: the new manifest; without, it is only said what would happen.
        how: exact (parents, polarity, other spellings); or a guess for each label: valence_arousal (the nearest point
            of the same polarity) or text (the nearest words).
        backbone: CLIP that compares the words, for --how text.
    """
    from emolens.data.manifest import Manifest
    from emolens.data.relabelling import Relabelling, relabel

    if out is not None:
        check_suffix(out)
    before = Manifest.read(manifest)
    clip = None
    if how == "text":
        from emolens.models.backbones.load import load_backbone

        clip = load_backbone(backbone)
    after = relabel(before, to, how, clip)
    steps = Relabelling.of(after)[len(Relabelling.of(before)) :]
    for step in steps:
        _print(step)
    if not steps:
        print(f"{manifest}: its labels are those of {to} already")
    if out is not None:
        after.write(out)
        print(f"{out}: {len(after):,} rows")
    return 0


def _print(step: "Relabelling") -> None:
    from rich.table import Table

    from emolens.cli.data.tables import terminal

    table = Table(step.target, "given", f"from {step.source}", header_style="bold", box=None)
    table.columns[1].justify = "right"
    after: dict[str | None, float] = dict(step.counts_after.items())
    if step.dropped:
        after[None] = sum(step.dropped.values())
    for label, count in after.items():
        origins = [f"{old} {_number(step.counts[old])}" for old, new in step.table.items() if new == label]
        table.add_row(label or "(none)", _number(count), ", ".join(origins) or "nothing: this class stays empty")
    console = terminal()
    console.print(table)
    console.print(f"\n{step}", markup=False, soft_wrap=True)
    for column, rows in step.thinned.items():
        if rows:
            console.print(f"{rows:,} rows lost a part of their {column}", markup=False)


def _number(count: float) -> str:
    """Rows as a whole number; sums of shares with one digit behind the point."""
    return f"{count:,.0f}" if count == int(count) else f"{count:,.1f}"


def main(args: Sequence[str]) -> int:
    """Run ``emolens data relabel ARGS`` and return its exit code."""
    return run(relabel_command, "relabel", args)
