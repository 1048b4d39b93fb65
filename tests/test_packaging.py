"""What is handed out is whole: the sdist holds what a checkout holds, the wheel holds the package with all its data.

Both are built as an installer builds them, the wheel from the sdist, from a copy of the files that git knows.
"""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"

pytestmark = pytest.mark.slow


def build(what: str, source: Path, out: Path) -> Path:
    """Call the build backend as PEP 517 has it, in a process of its own."""
    out.mkdir(exist_ok=True)
    words = [sys.executable, "-c", BUILD, what, str(out)]
    done = subprocess.run(words, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def known():
    """The files that git knows, as paths from the root of the project."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]  # new files, too
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a checkout: git does not say which files belong to the project")
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="module")
def sdist(known, tmp_path_factory):
    """The sdist, unpacked: the folder it holds."""
    place = tmp_path_factory.mktemp("packaging")
    for name in known:
        (place / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / "checkout" / name)
    archive = build("build_sdist", place / "checkout", place / "sdist")
    with tarfile.open(archive) as tar:
        tar.extractall(place / "unpacked", filter="data")
    (folder,) = (place / "unpacked").iterdir()
    return folder


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    with zipfile.ZipFile(build("build_wheel", sdist, tmp_path_factory.mktemp("wheel"))) as archive:
        yield archive


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Metadata.from_email(wheel.read(name), validate=True)


def test_the_sdist_holds_what_a_checkout_holds(known, sdist):
    held = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    assert not set(known) - held


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(known, wheel):
    package = {name.removeprefix("src/") for name in known if name.startswith("src/emolens/")}
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == package
    kinds = {PurePosixPath(name).suffix for name in held if not name.endswith("py.typed")}
    assert {".py", ".toml", ".safetensors", ".json", ".j2", ".css"} <= kinds


def test_the_wheel_has_the_command_and_the_licence(wheel):
    files = {name.split(".dist-info/")[1]: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "emolens = emolens.cli.main:main" in wheel.read(files["entry_points.txt"]).decode()
    assert wheel.read(files["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()


def test_the_metadata_is_valid_and_complete(metadata):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert metadata.name == "emolens"
    assert str(metadata.version) == project["version"]
    assert metadata.license_expression == "Apache-2.0"
    assert metadata.author == "emolens contributors"
    assert {"Homepage", "Documentation", "Source", "Changelog", "Issues"} <= metadata.project_urls.keys()
    assert set(metadata.provides_extra) == set(project["optional-dependencies"])
    assert {Requirement(text) for text in project["dependencies"]} <= set(metadata.requires_dist)


def test_the_long_description_is_the_readme(metadata):
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description.strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()


def test_the_citation_names_this_version_and_the_papers():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.search(r"^version: (.+)$", text, re.M)[1] == project["version"]
    assert re.findall(r"arXiv:([\d.]+)", text) == ["2310.12062", "2409.18877", "2311.17335", "2508.06902"]
