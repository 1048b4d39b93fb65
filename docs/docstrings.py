"""Reads the docstrings of the source as the reference needs them: an extension of Griffe.

The source is not written for Markdown in Google style alone: one entry may tell of several arguments
(``width, height: in pixels``), and references are in the manner of Sphinx (``:func:`emolens.load```). The first becomes
an entry each, the second a link. A reference to something of emolens that does not exist is a warning, and so an error
of the build.
"""

import re
from collections.abc import Iterator
from typing import Any

import griffe

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields|Examples?|Note):$")
SEVERAL = re.compile(r"^    (\**\w+(?:, \**\w+)+): (.*)$")
ROLE = re.compile(r":(?:func|class|meth|mod|data|attr|exc):`~?([\w.]+)`")
CODE_OR_INDEX = re.compile(r"``.*?``|`[^`]*`|\]\[", re.DOTALL)  # x[a][b] outside of code looks like a link
logger = griffe.get_logger("docstrings")


class Docstrings(griffe.Extension):
    """Rewrites every docstring of a package once it is loaded."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        for owner in documented(pkg):
            docstring = owner.docstring
            assert docstring is not None
            text = CODE_OR_INDEX.sub(lambda piece: r"]\[" if piece[0] == "][" else piece[0], one_each(docstring.value))
            docstring.value = ROLE.sub(lambda role, owner=owner: link(role[1], owner), text)


def documented(owner: griffe.Object) -> Iterator[griffe.Object]:
    """An object and those within it that have a docstring."""
    if owner.docstring is not None:
        yield owner
    for member in list(owner.members.values()):
        if not member.is_alias:
            yield from documented(member)


def one_each(text: str) -> str:
    """A docstring with an entry for each argument, attribute and error."""
    lines: list[str] = []
    names: list[str] = []
    entry: list[str] = []

    def finish() -> None:
        for name in names:
            lines.extend([f"    {name}: {entry[0]}", *entry[1:]])
        names.clear()

    section = ""
    for line in text.splitlines():
        if names and (line.startswith(" " * 8)):
            entry.append(line)
            continue
        finish()
        if SECTION.match(line) or (line and not line.startswith(" ")):
            section = line
        if section in ("Args:", "Attributes:", "Raises:") and (several := SEVERAL.match(line)):
            names, entry = several[1].split(", "), [several[2]]
        else:
            lines.append(line)
    finish()
    return "\n".join(lines)


def link(name: str, owner: griffe.Object) -> str:
    """A reference as a link to the page that documents it, or as code where it is on none."""
    short = name.rpartition(".")[2]
    try:
        target = find(name, owner)
    except (griffe.NameResolutionError, griffe.AliasResolutionError, KeyError):
        if name.startswith("emolens."):
            logger.warning(f"{owner.filepath}:{owner.lineno}: {owner.path} refers to {name}, which does not exist")
        return f"`{short}`"
    hidden = target.docstring is None or any(part.startswith("_") for part in target.path.split("."))
    return f"`{short}`" if hidden or target.path.startswith("emolens.cli") else f"[`{short}`][{target.path}]"


def find(name: str, owner: griffe.Object) -> griffe.Object:
    """What a name in a docstring means: a full path, or a member of the class or the module it stands in."""
    root = owner.package
    if name.startswith("emolens."):
        found = root[name.removeprefix("emolens.")]
    else:
        scope: griffe.Object | None = owner
        while scope is not None and name.split(".")[0] not in scope.all_members:
            scope = scope.parent
        if scope is None:
            raise KeyError(name)
        found = scope[name]
    return found.final_target if found.is_alias else found
