"""Writes the page of the command line: every verb with what ``--help`` says of it."""

import contextlib
import re
from pathlib import Path

from execute import capture, inside

HEAD = """# Command line

Every verb with the text of its `--help`. Exit codes: 0 done, 2 wrong usage or settings, 3 wrong data, 4 missing
weights, 130 stopped by Ctrl-C. `--debug` after any command shows where an error comes from.
"""
CHOICE = re.compile(r"\{(\w+(?:,\w+)+)\}")  # of subcommands, in the usage of a parser
LISTED = re.compile(r"^  ([a-z]\w+) {2,}\S", re.MULTILINE)  # of verbs, recipes, views, in a plain list


def write_commands(path: Path, workplace: Path) -> None:
    """Write the page; ``workplace`` is any folder."""
    with inside(workplace):
        sections = [section(words, text) for words, text in walk([])]
    path.write_text("\n\n".join([HEAD, *sections]) + "\n", encoding="utf-8")


def section(words: list[str], text: str) -> str:
    """A heading, deeper for a command below another one, and the help."""
    return f"{'#' * (len(words) + 2)} {' '.join(['emolens', *words])}\n\n~~~~{{ .text .help }}\n{text}\n~~~~"


def walk(words: list[str]) -> list[tuple[list[str], str]]:
    """The help of a command and of all commands below it."""
    text = help_of(words)
    return [(words, text), *(found for name in below(text) for found in walk([*words, name]))]


def help_of(words: list[str]) -> str:
    """What ``emolens WORDS --help`` prints."""
    from emolens.cli.main import main

    with capture() as printed, contextlib.suppress(SystemExit):
        main([*words, "--help"])
    return "\n".join(line.rstrip() for line in printed.getvalue().strip("\n").splitlines())


def below(text: str) -> list[str]:
    """The commands below one, from its help."""
    usage = re.sub(r"\[[^\]]*\]", "", text.split("\n\n")[0])  # options are in brackets
    if choice := CHOICE.search(usage):
        return choice[1].split(",")
    return LISTED.findall(text)
