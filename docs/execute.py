"""Runs the pages of the documentation: their commands, their Python, and what both print and draw.

A page is Markdown. What stands in a ``bash`` block (commands of emolens) or a ``python`` block (one module a page) is
run in the order of the page, in a workplace of pictures and videos that come with the project. Two comments steer it:

    <!-- not run: REASON -->      before a block: it is shown, not run
    <!-- show: FILE | CAPTION --> after a block: put a file that it wrote here, by its kind a picture, a video, a
                                  report in a frame, or a link

``docs/build_site.py`` makes pages of the site this way, and ``tests/test_documentation.py`` holds every page to what it
says.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIECE = re.compile(
    r"(?P<skip><!-- not run:[^>]*-->\s*)?^```(?P<kind>bash|python)\n(?P<code>.*?)^```$"
    r"|^<!-- show: (?P<file>[^|>]+?)(?: *\| *(?P<caption>[^>]*?))? -->$",
    re.MULTILINE | re.DOTALL,
)
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "COLUMNS": "80", "MPLBACKEND": "Agg"}  # no network, the same width everywhere
PROGRESS = re.compile(r": \d+ done in [\d.]+ s$")
WIDEST = 96  # longer lines of the output are wrapped


class PageError(Exception):
    """A page does not do what it says: where, and what it printed."""


def pages() -> list[Path]:
    """The pages that are run: the README and all of ``docs/``."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def make_workplace(directory: Path) -> Path:
    """Fill a folder with what the pages speak of.

    ``photo.jpg``; ``holiday/``, eleven photographs; ``pictures/``, drawn ones in class folders of ``mikels8``;
    ``video.mp4`` of twelve seconds; ``videos/``, short ones in two class folders.
    """
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        from drawn import write_drawn
        from films import write_film, write_films
    finally:
        sys.path.pop(0)
    first, *others = sorted((ROOT / "examples" / "pictures").glob("*.jpg"))
    (directory / "holiday").mkdir(parents=True)
    shutil.copy(first, directory / "photo.jpg")
    for picture in others:
        shutil.copy(picture, directory / "holiday")
    write_drawn(directory / "pictures", per_label=10, seed=0)
    write_film(directory / "video.mp4", ["awe", "fear", "contentment"], seconds=4.0)
    write_films(directory / "videos", ["awe", "fear"], per_label=6, seconds=0.5)
    return directory


@contextlib.contextmanager
def inside(workplace: Path) -> Iterator[None]:
    """In this folder, with a cache of its own, and the environment as it was afterwards."""
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT, XDG_CACHE_HOME=str(workplace / "cache"))
    try:
        with contextlib.chdir(workplace):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_page(page: Path, workplace: Path, files: Path | None = None) -> str:
    """Run a page from its first block to its last.

    Args:
        page: the Markdown file.
        workplace: a folder of its own, as `make_workplace` fills it.
        files: folder, beside the page to be written, that gets copies of the files it shows; None for none.

    Returns:
        The text of the page, with the output below each block and the files in place of their comments.

    Raises:
        PageError: a command ended with another exit code than 0, Python raised, or a shown file is not there.
    """
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "__main__"}

    def replace(piece: re.Match[str]) -> str:
        where = f"{page.name}:{text.count(chr(10), 0, piece.start()) + 1}"
        if piece["file"]:
            return show(workplace, piece["file"], piece["caption"] or "", files, where)
        if piece["skip"]:
            return piece[0]
        if piece["kind"] == "python":
            printed = run_python(piece["code"], names, where)
        else:
            printed = run_commands(piece["code"], where)
        printed = tidy(without(workplace, printed))
        return piece[0] + (f"\n\n~~~~{{ .text .output }}\n{printed}\n~~~~" if printed else "")

    with inside(workplace):
        return PIECE.sub(replace, text)


def run_python(code: str, names: dict[str, object], where: str) -> str:
    """Run a block of Python and return what it printed."""
    with capture() as printed:
        try:
            exec(compile(code, where, "exec"), names)
        except Exception as error:
            raise PageError(f"{where}: {''.join(traceback.format_exception(error))}{printed.getvalue()}") from error
    return printed.getvalue()


def run_commands(code: str, where: str) -> str:
    """Run the commands of a block; with several, each is printed above its output."""
    from emolens.cli.main import main

    lines = [line for line in code.replace("\\\n", " ").splitlines() if shlex.split(line, comments=True)]
    with capture() as printed:
        for line in lines:
            program, *arguments = shlex.split(line, comments=True)
            if program != "emolens":
                raise PageError(f"{where}: not a command of emolens, mark it as not run: {line}")
            if len(lines) > 1:
                print(f"$ {' '.join(line.split())}")
            if (exit_code := main(arguments)) != 0:
                raise PageError(f"{where}: exit code {exit_code}: {line}\n{printed.getvalue()}")
    return printed.getvalue()


def tidy(printed: str) -> str:
    """The output without the lines of progress, which differ each time, and with long lines wrapped."""
    lines = [line.rstrip() for line in printed.strip("\n").splitlines() if not PROGRESS.search(line)]
    return "\n".join(line if len(line) <= WIDEST else textwrap.fill(line, WIDEST) for line in lines)


def without(workplace: Path, text: str) -> str:
    """Without the place of the workplace, which says nothing to a reader."""
    return text.replace(f"{workplace}/", "").replace(str(workplace), ".")


@contextlib.contextmanager
def capture() -> Iterator[io.StringIO]:
    """Both streams in one text, in their order."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed


def show(workplace: Path, name: str, caption: str, files: Path | None, where: str) -> str:
    """The Markdown that shows a file of the workplace, which is copied into ``files``."""
    if not (workplace / name).is_file():
        raise PageError(f"{where}: shows {name}, which no block before it wrote")
    if files is None:
        return ""
    target = files / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(workplace / name, target)
    if target.suffix == ".html":
        target.write_text(without(workplace, target.read_text(encoding="utf-8")), encoding="utf-8")
    link = f"{files.name}/{name}"
    if target.suffix in (".png", ".jpg"):
        return f"![{caption}]({link})\n\n*{caption}*"
    if target.suffix == ".mp4":
        return f'<video controls preload="metadata" src="{link}"></video>\n\n*{caption}*'
    if target.suffix == ".html":
        return f'<iframe src="{link}" title="{caption}" loading="lazy"></iframe>\n\n*[{caption}]({link})*'
    return f"[{caption or name}]({link})"
