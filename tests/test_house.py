"""Rules of the house that no single floor can test."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "emolens"
FLOORS = (
    "taxonomy", "losses", "metrics", "media", "people", "models", "data", "embedding", "heads", "annotation", "runs",
    "inference", "drawing", "training", "evaluation", "export", "scale", "serving", "recipes", "cli",
)  # fmt: skip
FILES = sorted(PACKAGE.rglob("*.py"))
ON_A_FLOOR = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in FLOORS]
GROUND = ("errors", "names", "files", "progress", "specs", "compute", "downloads", "plain", "scan", "__version__")


def imported(path: Path) -> set[str]:
    """Names directly under ``emolens`` that a file imports, anywhere in it; imports for types alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "emolens":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {n.name.split(".")[1] for n in node.names if n.name.startswith("emolens.")}
    return found


@pytest.mark.parametrize("path", ON_A_FLOOR, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_from_its_own_floor_or_below(path):
    floor = path.relative_to(PACKAGE).parts[0]
    above = {name for name in imported(path) - set(GROUND) if FLOORS.index(name) > FLOORS.index(floor)}
    assert not above, f"{path.name} on floor {floor} reaches up to {above}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import emolens", ("torch", "pandas", "numpy", "rich")),
        ("import emolens.taxonomy", ("torch", "pandas")),
        ("import emolens.cli.main", ("torch", "pandas", "numpy", "tyro")),
        ("import emolens.data.manifest", ("torch",)),
    ],
)
def test_heavy_imports_are_lazy(statement, absent):
    code = f"{statement}\nimport sys\nprint(' '.join(m for m in {absent!r} if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


def test_no_pickle_eval_or_shell():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("eval", "exec", "os.system", "pickle.load", "pickle.loads"), path
                keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert keywords.get("shell", "False") == "False", path
                if called == "torch.load":
                    assert keywords.get("weights_only") == "True", path
