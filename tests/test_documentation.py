"""The README and the pages in docs/ are true: their commands and their Python run, as they stand there.

A block is run in a folder that holds ``photo.jpg``, ``holiday/`` with three pictures, ``pictures/`` with class folders,
``clip.mp4`` of twelve seconds and ``clips/`` with class folders. One preceded by ``<!-- not run: REASON -->`` is left
out.
"""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from emolens.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?P<before><!-- not run:[^>]*-->\s*)?^```(?P<kind>bash|python)\n(?P<code>.*?)^```", re.M | re.S)


def blocks(page: Path) -> list[tuple[str, str]]:
    found = [m for m in BLOCK.finditer(page.read_text(encoding="utf-8")) if not m["before"]]
    return [(m["kind"], m["code"]) for m in found]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    sys.path.insert(0, str(ROOT / "examples"))
    from drawn import write_drawn
    from films import write_film, write_films

    sys.path.pop(0)
    pictures = sorted((ROOT / "examples" / "pictures").glob("*.jpg"))
    shutil.copy(pictures[0], tmp_path / "photo.jpg")
    (tmp_path / "holiday").mkdir()
    for picture in pictures[1:4]:
        shutil.copy(picture, tmp_path / "holiday")
    write_drawn(tmp_path / "pictures", per_label=10, seed=0)
    write_film(tmp_path / "clip.mp4", ["awe", "fear", "contentment"], seconds=4.0)
    write_films(tmp_path / "clips", ["awe", "fear"], per_label=6, seconds=0.5)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_tells_to_run_runs(page, workplace):
    for kind, code in blocks(page):
        if kind == "python":
            exec(compile(code, str(page), "exec"), {})
            continue
        for line in code.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                assert words[0] == "emolens", f"{page.name}: not a command of emolens, mark it: {line}"
                assert main(words[1:]) == 0, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
