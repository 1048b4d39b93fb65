"""Builds the site: runs the pages, writes the reference and the command line, and hands all to MkDocs.

    python docs/build_site.py

The finished pages are in ``build/docs``, the site is in ``site``. A command that fails, a link that leads nowhere and
any other warning end the build with an error.
"""

import logging
import re
import shutil
import sys
import time
from pathlib import Path

from command_line import write_commands
from execute import ROOT, PageError, make_workplace, run_page
from mkdocs.commands.build import build as mkdocs
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from reference import write_reference

PAGES = ROOT / "docs"
BUILT = ROOT / "build" / "docs"
WORKPLACES = ROOT / "build" / "workplaces"
FROM_THE_ROOT = {  # pages of the repository that are pages of the site, too
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "examples/pictures/CREDITS.md": "credits.md",
}


def build() -> None:
    """All of it, from nothing."""
    for folder in (BUILT, WORKPLACES):
        shutil.rmtree(folder, ignore_errors=True)
    BUILT.mkdir(parents=True)
    template = make_workplace(WORKPLACES / "template")
    for file in sorted(path for path in PAGES.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        target = BUILT / file.relative_to(PAGES)
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            start = time.monotonic()
            workplace = shutil.copytree(template, WORKPLACES / file.relative_to(PAGES).with_suffix(""))
            text = run_page(file, workplace, target.with_name(f"{file.stem}_files"))
            target.write_text(with_links(text, target), encoding="utf-8")
            print(f"{file.relative_to(ROOT)}: {time.monotonic() - start:.1f} s", flush=True)
        elif file.suffix != ".py":
            shutil.copy(file, target)
    for name, page in FROM_THE_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        (BUILT / page).write_text(with_links(text.replace("](docs/", "]("), BUILT / page), encoding="utf-8")
    write_commands(BUILT / "commands.md", template)
    make_site()
    shutil.rmtree(WORKPLACES)
    print(f"open {ROOT / 'site' / 'index.html'}")


def make_site() -> None:
    """The site from the finished pages, with the pages of the reference in its navigation."""
    api = write_reference(ROOT / "src", BUILT / "api")
    config = load_config(str(ROOT / "mkdocs.yml"), strict=True)
    config.nav = [{"Python API": api} if "Python API" in entry else entry for entry in config.nav]
    config.plugins.on_startup(command="build", dirty=False)
    try:
        mkdocs(config)
    finally:
        config.plugins.on_shutdown()


def with_links(text: str, target: Path) -> str:
    """Links to files of the repository that are pages of the site."""
    up = "../" * (len(target.relative_to(BUILT).parts) - 1)
    for name, page in FROM_THE_ROOT.items():
        text = re.sub(rf"\]\((?:\.\./)*{re.escape(name)}(#[\w-]+)?\)", rf"]({up}{page}\1)", text)
    return text


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        build()
    except (PageError, Abort) as error:
        sys.exit(f"docs: {error}")
