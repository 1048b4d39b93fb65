"""``emolens data``: list, import, verify and split data sets; find persons, write descriptions, shards, decoded videos.

One file a subcommand, imported only when it is called.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from emolens.names import did_you_mean

COMMANDS = {
    "list": ("list_sets", "the data sets that emolens knows"),
    "info": ("info", "what is known of a data set, or what is in a manifest"),
    "import": ("import_files", "read a data set's files into a manifest"),
    "verify": ("verify", "look for everything that can be wrong with a manifest and its files"),
    "split": ("split", "divide a manifest into train, val and test"),
    "relabel": ("relabel", "take the labels to another label space, and say what that loses"),
    "folds": ("folds", "leave groups out, in turn: a manifest for each fold"),
    "people": ("people", "add the boxes of persons, detected once"),
    "describe": ("describe", "write a text for each picture"),
    "shard": ("shard", "copy the pictures into a few large files"),
    "decode": ("decode", "decode videos once, for training of many epochs"),
}


def usage() -> str:
    lines = ["usage: emolens data COMMAND ...", "", "The one table that everything reads: made, checked, split.", ""]
    lines += [f"  {name:<10}{what}" for name, (_, what) in COMMANDS.items()]
    lines += ["", "emolens data COMMAND --help shows its options."]
    return "\n".join(lines)


def main(args: Sequence[str]) -> int:
    """Run ``emolens data ARGS`` and return its exit code."""
    if not args or args[0] in ("-h", "--help"):
        print(usage(), file=sys.stdout if args else sys.stderr)
        return 0 if args else 2
    name = args[0]
    if name not in COMMANDS:
        print(f'emolens data: unknown command "{name}"; {did_you_mean(name, COMMANDS)}', file=sys.stderr)
        return 2
    code: int = import_module(f"emolens.cli.data.{COMMANDS[name][0]}").main(args[1:])
    return code
