"""Writes the pages of the Python API: one for each package, from its docstrings, whatever modules it holds."""

from pathlib import Path

import griffe
from docstrings import ROLE

LEFT_OUT = ("emolens.cli", "emolens.__main__")  # the command line has a page of its own


def write_reference(source: Path, out: Path) -> list[dict[str, str]]:
    """Write ``index.md`` and a page for each package into a folder.

    Args:
        source: the folder that holds the package ``emolens``.
        out: the folder of the pages.

    Returns:
        The entries of the navigation: title -> page, relative to the folder above ``out``.
    """
    out.mkdir(parents=True)
    root = griffe.load("emolens", search_paths=[source], allow_inspection=False)
    packages = list(walk(root))
    rows = [f"| [`{package.path}`]({package.path}.md) | {summary(package)} |" for package in packages]
    head = ["# Python API", "", "Every public module, class and function, a page for each package.", ""]
    text = "\n".join([*head, "| package | |", "|---|---|", *rows]) + "\n"
    (out / "index.md").write_text(text, encoding="utf-8")
    for package in packages:
        (out / f"{package.path}.md").write_text(page(package), encoding="utf-8")
    return [{"Overview": "api/index.md"}, *({p.path: f"api/{p.path}.md"} for p in packages)]


def walk(package: griffe.Module) -> list[griffe.Module]:
    """The package and those below it, in the order of their names."""
    inner = [module for module in public_modules(package) if module.is_init_module]
    return [package, *(deeper for module in inner for deeper in walk(module))]


def public_modules(package: griffe.Module) -> list[griffe.Module]:
    """The modules of a package that are meant for others."""
    modules = sorted(package.modules.values(), key=lambda module: module.name)
    return [m for m in modules if not m.name.startswith("_") and not m.path.startswith(LEFT_OUT) and not m.is_alias]


def summary(module: griffe.Object) -> str:
    """The first sentence of a docstring, on one line of a table."""
    if module.docstring is None:
        return ""
    first = module.docstring.value.split("\n\n")[0]
    return " ".join(ROLE.sub(r"`\1`", first).split()).replace("|", r"\|")


def page(package: griffe.Module) -> str:
    """A page: the package itself, what it exports, then its modules."""
    own = [member.name for member in package.members.values() if is_own(member)]
    parts = [f"# {package.path}", block(package.path, own)]
    if lines := [f"| [`{name}`][{target}] | {what} |" for name, target, what in exports(package)]:
        parts.append("\n".join(["| exported name | |", "|---|---|", *lines]))
    modules = [module for module in public_modules(package) if not module.is_init_module]
    for module in modules:
        parts += [f"## {module.name} {{ #{module.path} data-toc-label='{module.name}' }}", block(module.path, None)]
    return "\n\n".join(parts) + "\n"


def is_own(member: griffe.Object | griffe.Alias) -> bool:
    return not member.is_alias and (member.is_function or member.is_class) and not member.name.startswith("_")


def exports(package: griffe.Module) -> list[tuple[str, str, str]]:
    """What a package offers under its own name: name, where it is from, what it is."""
    found = []
    for name in package.exports or []:
        member = package.members.get(str(name))
        if member is not None and member.is_alias and member.target_path.startswith("emolens."):
            found.append((str(name), member.final_target.path, summary(member.final_target)))
    return found


def block(path: str, members: list[str] | None) -> str:
    """The directive that mkdocstrings fills with the docstrings of a module."""
    lines = [f"::: {path}", "    options:", "      show_root_heading: false", "      show_root_toc_entry: false"]
    lines.append("      heading_level: 3")
    if members is not None:
        lines.append(f"      members: {members or 'false'}")
    return "\n".join(lines)
