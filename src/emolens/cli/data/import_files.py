"""``emolens data import``: a data set's files into a manifest.

The options are those of the importer: its dataclass is the only place where they are stated.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import field, fields, make_dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from emolens.cli.data.command import check_suffix
from emolens.cli.data.tables import print_manifest

Source = Annotated[
    Path, tyro.conf.Positional, tyro.conf.arg(metavar="SRC", help="The folder of the files; for csv also the table.")
]
Plan = Annotated[
    str | None,
    tyro.conf.arg(
        metavar="NAME|FILE.toml",
        help="How it is divided: a protocol of the data set, or a TOML file of one. Default: the lists of the files.",
    ),
]
Fold = Annotated[int | None, tyro.conf.arg(metavar="INT", help="Which fold of the protocol, from 1.")]
Out = Annotated[Path, tyro.conf.arg(help="The manifest to write, .parquet or .csv.")]


def main(args: Sequence[str]) -> int:
    """Run ``emolens data import ARGS`` and return its exit code."""
    from emolens.data.adapter import import_dataset, plan_import

    if not args or args[0] in ("-h", "--help"):
        print(usage(), file=sys.stdout if args else sys.stderr)
        return 0 if args else 2
    kind = args[0]
    importer, preset = plan_import(kind)
    # Mappings are left out: tyro would make a flag of each key. What the data set states of them still holds.
    shown = {name: value for name, value in preset.items() if not isinstance(value, Mapping)}
    default = importer.fill(shown)
    options = Annotated[importer.options, tyro.conf.arg(name="")]  # type: ignore[name-defined]
    own_fold = "fold" in (option.name for option in fields(importer.options))
    more: list[Any] = [] if own_fold else [("fold", Fold, field(default=None))]
    command = make_dataclass(
        "Import",
        [
            ("src", Source),
            ("out", Out),
            ("protocol", Plan, field(default=None)),
            *more,
            ("options", options, field(default=default)),
        ],
    )
    prog = f"emolens data import {kind}"
    given: Any = tyro.cli(command, prog=prog, description=f"Read {kind} into a manifest.", args=list(args[1:]))
    check_suffix(given.out)
    names = [option.name for option in fields(importer.options)]
    chosen = {name: getattr(given.options, name) for name in names}
    changed = {name: value for name, value in chosen.items() if value != getattr(default, name)}
    fold = changed.pop("fold", None) if own_fold and given.protocol else getattr(given, "fold", None)
    manifest = import_dataset(kind, given.src, changed, given.protocol, fold)
    manifest.write(given.out)
    print_manifest(manifest, str(given.out))
    return 0


def usage() -> str:
    """What KIND may be."""
    from emolens.data.adapter import list_adapters
    from emolens.data.importers.registry import importers

    return "\n".join(
        [
            "usage: emolens data import KIND SRC --out MANIFEST [options of the kind]",
            "",
            f"  KIND for one's own files: {', '.join(importers())}",
            f"  KIND of a published data set: {', '.join(list_adapters())};",
            "       or the TOML file of a data set like those in emolens/data/adapters",
            "",
            "  --protocol NAME divides a published data set as its publication, or another one, does:",
            "       emolens data info KIND lists its protocols",
            "",
            "emolens data import KIND --help shows the options of that kind.",
        ]
    )
