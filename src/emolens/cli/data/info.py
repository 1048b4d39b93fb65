"""``emolens data info``: what is known of a data set or a manifest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import run
from emolens.cli.data.tables import print_facts, print_manifest, samples, terminal


def info(name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME|MANIFEST")]) -> int:
    """What is known of a data set, or what is in a manifest.

    Args:
        name: a data set of `emolens data list`, the TOML file of one, or the path of a manifest.
    """
    if Path(name).suffix in (".parquet", ".csv"):
        from emolens.data.manifest import Manifest

        print_manifest(Manifest.read(name), name)
        return 0
    from emolens.data.adapter import get_adapter
    from emolens.data.protocol import get_protocol, list_protocols

    adapter = get_adapter(name)
    console = terminal()
    protocols = [get_protocol(known, adapter.name) for known in list_protocols(adapter.name)]
    facts = {
        "samples": samples(adapter.counts),
        "label space": adapter.label_space,
        "licence": adapter.licence,
        "citation": adapter.citation,
        "url": adapter.url,
        "how to get it": adapter.obtain,
        "layout": adapter.layout,
        "splits": adapter.splits,
        "protocols": "\n".join(f"--protocol {protocol.name}: {protocol.title}" for protocol in protocols),
        "notes": adapter.notes,
        "import": f"emolens data import {adapter.name} FOLDER --out {adapter.name}.parquet",
    }
    console.print(f"[bold]{adapter.title}[/bold]")
    print_facts(facts)
    return 0


def main(args: Sequence[str]) -> int:
    """Run ``emolens data info ARGS`` and return its exit code."""
    return run(info, "info", args)
