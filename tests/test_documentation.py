"""The README and the pages in docs/ are true: their commands and their Python run, as they stand there.

A page is run by ``docs/execute.py``, which makes the site's pages, too; what a page finds around it is described there.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))
from command_line import below, help_of, walk  # noqa: E402
from execute import PageError, inside, make_workplace, pages, run_page  # noqa: E402

sys.path.pop(0)

PAGES = pages()
MADE = ("docs/commands.md", "docs/api/index.md")  # pages that the build of the site writes


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    return make_workplace(tmp_path_factory.mktemp("template"))


@pytest.fixture
def workplace(template, tmp_path):
    return shutil.copytree(template, tmp_path / "workplace")


@pytest.fixture
def page(tmp_path):
    """Writes a page and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_tells_to_run_runs(page, workplace, tmp_path):
    run_page(page, workplace, tmp_path / "files")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        place = Path(os.path.normpath(page.parent / target))
        assert place.exists() or name_of(place) in MADE, f"{name_of(page)} links to {target}"


def test_anchors_are_headings():
    """Of the glossary, which other pages point into; the site's build checks all of them."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    headings = {re.sub(r"[^\w]+", "-", title.lower()).strip("-") for title in re.findall(r"^#+ (.+)$", text, re.M)}
    for page in PAGES:
        for anchor in re.findall(r"glossary\.md#([\w-]+)", page.read_text(encoding="utf-8")):
            assert anchor in headings, f"{name_of(page)} points to {anchor}"


def test_output_and_pictures_come_into_the_page(page, tmp_path):
    (tmp_path / "w").mkdir()
    text = page(
        "Before.\n\n```python\nfrom PIL import Image\nImage.new('RGB', (4, 4)).save('red.png')\nprint('saved')\n```\n\n"
        "<!-- show: red.png | A red square -->\n\nBetween.\n\n```python\nprint(Image.open('red.png').size)\n```\n"
    )
    built = run_page(text, tmp_path / "w", tmp_path / "page_files")
    assert "```\n\n~~~~{ .text .output }\nsaved\n~~~~\n\n![A red square](page_files/red.png)" in built
    assert built.endswith("~~~~{ .text .output }\n(4, 4)\n~~~~\n")  # the names of a block are known in the next
    assert (tmp_path / "page_files" / "red.png").is_file()


def test_the_place_of_the_workplace_is_not_told(page, tmp_path):
    (tmp_path / "w").mkdir()
    built = run_page(page("```python\nimport os\nprint(os.getcwd() + '/a.txt')\n```\n"), tmp_path / "w")
    assert "\na.txt\n" in built
    assert str(tmp_path) not in built


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "A line.\n\n```bash\nemolens predict absent.jpg --model mini\n```\n",
            r"page\.md:3: exit code 3: emolens predict",
        ),
        ("```bash\nemolens --version\nemolens nonsense\n```\n", r"page\.md:1: exit code 2: emolens nonsense"),
        ("```bash\nls\n```\n", "not a command of emolens"),
        ("```python\n1 / 0\n```\n", "ZeroDivisionError"),
        ("<!-- show: absent.png | Nothing -->\n", r"page\.md:1: shows absent\.png"),
    ],
)
def test_a_page_that_does_not_do_what_it_says_fails(text, why, page, tmp_path):
    (tmp_path / "w").mkdir()
    with pytest.raises(PageError, match=why):
        run_page(page(text), tmp_path / "w")
    assert Path.cwd() != tmp_path / "w"


def test_what_is_marked_is_shown_and_not_run(page, tmp_path):
    text = "<!-- not run: it needs the data -->\n```bash\nls\n```\n"
    assert run_page(page(text), tmp_path) == text


def test_the_environment_is_left_as_it_was(tmp_path):
    before = dict(os.environ)
    with inside(tmp_path):
        assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / "cache")
    assert dict(os.environ) == before


def test_the_page_of_the_command_line_has_every_verb(tmp_path):
    from emolens.cli.main import VERBS
    from emolens.recipes import recipes

    with inside(tmp_path):
        assert below(help_of([])) == list(VERBS)
        assert below(help_of(["train"])) == list(recipes())
        found = {" ".join(words): text for words, text in walk(["data"])}
    assert {"data", "data import", "data split", "data verify"} <= found.keys()
    assert all(text.startswith("usage: emolens data") for text in found.values())
    assert "--train {None}|FLOAT" in found["data split"]
