"""``emolens data``: list, import, verify and split data sets; find persons, write descriptions and shards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from emolens.cli.data_clips import clips
from emolens.cli.data_describe import describe
from emolens.cli.data_people import people
from emolens.cli.data_shard import shard
from emolens.errors import ConfigError

if TYPE_CHECKING:
    from emolens.data.check.verify import Finding
    from emolens.data.manifest import Manifest

EXIT_DATA = 3
USUAL_ORDER = {"train": 0, "val": 1, "test": 2}  # further names come last
EXAMPLES = 3  # cases of a finding on the terminal; the report has all of them


def main(args: Sequence[str]) -> int:
    """Run ``emolens data ARGS`` and return its exit code."""
    commands: dict[str, Callable[..., int]] = {
        "list": list_datasets,
        "info": info,
        "import": import_,
        "verify": verify,
        "split": split,
        "folds": folds,
        "people": people,
        "describe": describe,
        "shard": shard,
        "clips": clips,
    }
    code: int = tyro.extras.subcommand_cli_from_dict(
        commands,
        prog="emolens data",
        description="The one table that everything reads: from a data set's files, checked, and split.",
        args=list(args),
        config=(tyro.conf.OmitArgPrefixes,),
    )
    return code


def list_datasets() -> int:
    """The data sets that emolens knows, and what to import one's own with."""
    from rich.table import Table

    from emolens.data.adapter import IMPORTERS, get_adapter, list_adapters

    table = Table("name", "data set", "samples", "label space", "licence", header_style="bold", box=None)
    table.columns[0].no_wrap = True  # a name cut short is of no use
    table.columns[2].justify = "right"
    for name in list_adapters():
        adapter = get_adapter(name)
        table.add_row(name, adapter.title, _samples(adapter.counts), adapter.label_space, adapter.licence)
    console = _console()
    console.print(table)
    console.print(f"\nOwn data: emolens data import {'|'.join(sorted(IMPORTERS))} SRC --out M.parquet", markup=False)
    return 0


def info(name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME|MANIFEST")]) -> int:
    """What is known of a data set, or what is in a manifest.

    Args:
        name: a data set of `emolens data list`, or the path of a manifest.
    """
    if Path(name).suffix in (".parquet", ".csv"):
        from emolens.data.manifest import Manifest

        _describe(Manifest.read(name), name)
        return 0
    from emolens.data.adapter import get_adapter

    adapter = get_adapter(name)
    console = _console()
    facts = {
        "samples": _samples(adapter.counts),
        "label space": adapter.label_space,
        "licence": adapter.licence,
        "citation": adapter.citation,
        "url": adapter.url,
        "how to get it": adapter.obtain,
        "layout": adapter.layout,
        "splits": adapter.splits,
        "notes": adapter.notes,
        "import": f"emolens data import {adapter.name} FOLDER --out {adapter.name}.parquet",
    }
    console.print(f"[bold]{adapter.title}[/bold]")
    _print_facts(facts)
    return 0


@dataclass(frozen=True)
class Columns:
    """Which column is what (csv only). A template is text with columns in braces: images/{Theme}.jpg"""

    table: str | None = None
    """The table below SRC, if SRC is a folder."""
    delimiter: str | None = None
    """What separates the cells; a comma by default."""
    path: str | None = None
    """Template of the file's path below SRC; {path} by default."""
    id: str | None = None
    """Template of the id; may use {row}. By default the path."""
    label: str | None = None
    """Column of the label."""
    polarity_at: float | None = None
    """Instead of a label column: positive above this valence, negative below."""
    valence: str | None = None
    """Column of the valence; needs --scale."""
    arousal: str | None = None
    """Column of the arousal; needs --scale."""
    dominance: str | None = None
    """Column of the dominance; needs --scale."""
    scale: tuple[float, float] | None = None
    """Ends of the scale of these numbers, such as 1 9."""
    group: str | None = None
    """Column, or template, of what must not straddle splits: theme, actor, source video."""
    group_pattern: str | None = None
    """Regular expression on the file's name without suffix; its first group is the group."""
    split: str | None = None
    """Column of the split."""
    text: str | None = None
    """Column of a description."""
    missing: Literal["error", "keep"] | None = None
    """A row without its number: an error (default), or kept and stated in the manifest."""


def import_(
    kind: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="KIND")],
    src: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SRC")],
    out: Path,
    label_space: str | None = None,
    label_pattern: str | None = None,
    media: Literal["image", "video", "audio"] | None = None,
    lists: str | None = None,
    fold: int | None = None,
    columns: Columns = Columns(),
) -> int:
    """Read a data set's files into a manifest.

    Args:
        kind: a data set of `emolens data list`, or imagefolder, videofolder, csv, activitynet_json, splitlists,
            emoset_json, emotic_mat for one's own files.
        src: the folder of the data set; for csv also the table.
        out: the manifest to write, .parquet or .csv.
        label_space: name of the space of the labels, or a TOML file that describes it. Not needed where the
            names of the folders are the labels of one known space.
        label_pattern: regular expression whose first group, searched in the path, is the label.
        media: what the files are, where that is not settled by the kind.
        lists: for splitlists: the folder of trainlist01.txt and the others, below SRC.
        fold: for splitlists: which of the numbered splits, from 1.
        columns: for csv; --table, --path and --group-pattern also for other kinds.
    """
    from emolens.data.adapter import import_dataset

    _check_suffix(out)
    given: dict[str, Any] = {"label_space": label_space, "label_pattern": label_pattern, "media": media}
    given |= {"lists": lists, "fold": fold, **vars(columns)}
    options = {name: value for name, value in given.items() if value is not None}
    if "path" in options:
        options["path"] = (options["path"],)
    manifest = import_dataset(kind, src, options)
    manifest.write(out)
    _describe(manifest, str(out))
    return 0


def verify(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    report: Path | None = None,
    near: int = 4,
) -> int:
    """Look for everything that can be wrong with a data set; exit code 3 if something is.

    Counts against the facts, unreadable files, exact and near duplicates within and across splits, videos without
    sound or pictures, unknown labels, groups that straddle splits, frozen splits that were changed. Nothing is edited.

    Args:
        manifest: to be checked, with all its files.
        report: where to write all findings as JSON: a file, or a folder. By default beside the manifest,
            as MANIFEST.verify.json.
        near: pictures are near duplicates if at most this many of 64 bits of their perceptual hashes differ; of
            videos, the middle frames.
    """
    from emolens.data.check.verify import verify_manifest

    if not 0 <= near <= 16:
        raise ConfigError(f"--near {near}: must be 0 to 16 bits of 64")
    found = verify_manifest(manifest, near=near)
    default = f"{manifest.stem}.verify.json"
    place = manifest.with_name(default) if report is None else report
    if place.suffix != ".json":
        place = place / default
    found.write(place)
    console = _console()
    for finding in found.findings:
        _print_finding(finding)
    problems = len(found.problems)
    verdict = f"[red]{problems} problems[/red]" if problems else "[green]no problems[/green]"
    console.print(f"{found.rows} rows, {found.files} files: {verdict}")
    console.print(f"report: {place}", markup=False, soft_wrap=True)
    return EXIT_DATA if problems else 0


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

    _check_suffix(out)
    result = split_manifest(Manifest.read(manifest), {"train": train, "val": val, "test": test}, seed, by)
    result.write(out)
    _describe(result, str(out))
    return 0


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
    console = _console()
    console.print(f"{out}:", markup=False, soft_wrap=True)
    console.print(table)
    return 0


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"{len(names):,}"


def _check_suffix(out: Path) -> None:
    """Before the work, not after it."""
    if out.suffix not in (".parquet", ".csv"):
        raise ConfigError(f"--out {out}: a manifest is a .parquet or a .csv file")


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False)


def _samples(counts: Any) -> str:
    if counts.total is not None:
        return f"{counts.total:,}"
    return f"about {counts.about:,}" if counts.about is not None else "?"


def _print_facts(facts: dict[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            table.add_row(name, Text(value))
    _console().print(table)


def _describe(manifest: "Manifest", name: str) -> None:
    """Rows by split and label, scales, groups, and what the importer had to say."""
    from rich.table import Table

    frame, metadata = manifest.frame, manifest.metadata
    console = _console()
    console.print(f"{name}: {len(manifest):,} rows", markup=False, soft_wrap=True)
    scales = ", ".join(f"{target} {low:g}..{high:g}" for target, (low, high) in metadata.get("scales", {}).items())
    spaces = list(frame["label_space"].dropna().unique()) if "label_space" in frame.columns else []
    partial = metadata.get("partial")
    _print_facts(
        {
            "data set": str(metadata.get("title", "")),
            "licence": str(metadata.get("licence", "")),
            "root": str(manifest.root),
            "label space": ", ".join(map(str, spaces)),
            "label rule": str(metadata.get("label_rule", "")),
            "scales": scales,
            "groups": f"{frame['group'].nunique():,}" if manifest.has("group") else "",
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


def _print_finding(finding: "Finding") -> None:
    console = _console()
    style = "red" if finding.severity == "problem" else "yellow"
    console.print(f"[{style}]{finding.severity}[/{style}] {finding.check}:", end=" ")
    console.print(finding.message, markup=False, soft_wrap=True)
    for example in finding.examples[:EXAMPLES]:
        console.print("    " + ", ".join(example), markup=False, soft_wrap=True)
    if len(finding.examples) > EXAMPLES:
        console.print(f"    ... {len(finding.examples) - EXAMPLES} more in the report")
