"""emolens weights list|info|fetch: published weights by name."""

import json
import sys
from typing import Annotated, Any

import tyro

from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.weights import WeightsEntry, fetch_weights, list_weights, weights_entry

UNCHECKED = (
    "Addresses marked with ? were read in their source and could not be tried from where this table was written."
)


def list_(json_: Annotated[bool, tyro.conf.arg(name="json")] = False) -> int:
    """The published weights that emolens knows: size, licence, how they are had, and whether they are here.

    Args:
        json_: print every fact as JSON.
    """
    entries = list_weights()
    if json_:
        _print_json([entry.as_dict() for entry in entries])
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "what", "MB", "licence", "had from", "here", header_style="bold", box=None)
    table.columns[0].no_wrap = True
    table.columns[2].justify = "right"
    for entry in entries:
        mark = "" if entry.checked else " ?"
        here = "yes" if entry.local() is not None else ""
        table.add_row(entry.name, entry.title, _megabytes(entry), entry.licence, entry.had_from + mark, here)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"\n{UNCHECKED}", markup=False)
    return 0


def info(name: Annotated[str, tyro.conf.Positional], json_: Annotated[bool, tyro.conf.arg(name="json")] = False) -> int:
    """All that is known of one: licence, source, address, digest, how emolens is told to use it.

    Args:
        name: as emolens weights list shows it.
        json_: print it as JSON.
    """
    entry = weights_entry(name)
    if json_:
        _print_json(entry.as_dict())
        return 0
    found = entry.local()
    address = entry.url or (f"huggingface.co/{entry.hub}, {entry.file}" if entry.hub else entry.by_hand)
    rows = {
        "what": entry.title,
        "licence": entry.licence,
        "source": entry.source,
        "had from": address,
        "address tried": "yes" if entry.checked else "no: no network where this table was written",
        "digest": entry.digest or "none is published",
        "size": f"{entry.size:,} bytes"
        if entry.size
        else f"about {entry.about_mb} MB"
        if entry.about_mb
        else "unknown",
        "use": entry.use,
        "note": entry.note,
        "here": str(found) if found is not None else f"no; emolens weights fetch {name}",
    }
    for key, value in rows.items():
        if value:
            print(f"{key:<14}{value}")
    return 0


def fetch(names: Annotated[tuple[str, ...], tyro.conf.Positional]) -> int:
    """Fetch weights, check their content, and print where they are; those that are here already are only checked.

    Args:
        names: as emolens weights list shows them.
    """
    if not names:
        raise ConfigError("nothing to fetch; name weights that emolens weights list shows")
    for name in names:
        weights_entry(name)  # a misspelling is told before the first gigabyte
    for name in names:
        print(fetch_weights(name), flush=True)
    return 0


COMMANDS: dict[str, Any] = {"list": list_, "info": info, "fetch": fetch}


def main(args: list[str]) -> int:
    """Run the verb; the exit code."""
    if not args or args[0] in ("-h", "--help"):
        print("usage: emolens weights list | info NAME | fetch NAME...\n", file=sys.stdout if args else sys.stderr)
        if args:
            print("A name may stand wherever a path of weights may: mae:mae_vit_large, keras:clip_e_6.")
        return 0 if args else 2
    if args[0] not in COMMANDS:
        print(f'emolens weights: unknown command "{args[0]}"; {did_you_mean(args[0], COMMANDS)}', file=sys.stderr)
        return 2
    command, prog = COMMANDS[args[0]], f"emolens weights {args[0]}"
    return int(tyro.cli(command, prog=prog, args=args[1:], config=(tyro.conf.OmitArgPrefixes,)))


def _megabytes(entry: WeightsEntry) -> str:
    if entry.size is not None:
        return f"{entry.size / 1e6:.0f}"
    return f"~{entry.about_mb}" if entry.about_mb is not None else ""


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))
