"""Rules of the house that no single floor can test."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "emolens"
FLOORS = (
    "taxonomy", "losses", "metrics", "media", "people", "models", "data", "embedding", "heads", "annotation", "runs",
    "inference", "drawing", "training", "evaluation", "export", "scale", "serving", "recipes", "cli",
)  # fmt: skip
FILES = sorted(PACKAGE.rglob("*.py"))
ON_A_FLOOR = [path for path in FILES if path.relative_to(PACKAGE).parts[0] in FLOORS]
GROUND = (
    "errors", "names", "files", "progress", "specs", "compute", "prefetch", "lazy", "downloads", "plain", "scan",
    "signals", "weights", "__version__",
)  # fmt: skip


MODULES = {".".join(("emolens", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in FILES}
MODULES = {name.removesuffix(".__init__"): path for name, path in MODULES.items()}
MOST_FILES = 20  # of a folder: more than one takes in at a glance


def imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """(module, name) of each import from emolens, anywhere in the file; imports for types alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "emolens":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name.startswith("emolens."))


def imported(path: Path) -> set[str]:
    """Names directly under ``emolens`` that a file imports."""
    return {module.split(".")[1] if "." in module else str(name) for module, name in imports(path)}


def needed(path: Path) -> set[str]:
    """Modules that a file imports: of ``from package import name`` the module of that name, else the package."""
    found = set()
    for module, name in imports(path):
        inner = f"{module}.{name}"
        found.add(inner if inner in MODULES else module)
    return found


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import one another in a circle, the first repeated at the end; none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("path", ON_A_FLOOR, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_from_its_own_floor_or_below(path):
    floor = path.relative_to(PACKAGE).parts[0]
    above = {name for name in imported(path) - set(GROUND) if FLOORS.index(name) > FLOORS.index(floor)}
    assert not above, f"{path.name} on floor {floor} reaches up to {above}"


def test_no_circles():
    graph = {name: needed(path) for name, path in MODULES.items()}
    circle = circle_in(graph)
    assert not circle, f"these import one another in a circle: {' <- '.join(circle)}"


def test_a_circle_is_found():
    assert set(circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in FILES}), ids=lambda p: str(p.relative_to(PACKAGE.parent))
)
def test_a_folder_holds_few_files_and_says_what_it_is(folder):
    assert len(list(folder.glob("*.py"))) <= MOST_FILES
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))


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


@pytest.mark.parametrize("package", ["evaluation", "losses", "metrics"])
def test_public_names_of_a_package_are_shown_and_cost_nothing_until_used(package):
    code = (
        f"import emolens.{package} as p, sys\n"
        "assert not {'torch', 'numpy', 'pandas'} & set(sys.modules)\n"
        "assert dir(p) == sorted(p.__all__)\n"
        "assert all(getattr(p, name).__name__ == name for name in p.__all__)\n"
        "p.nonsense"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.endswith(f"AttributeError: module 'emolens.{package}' has no attribute 'nonsense'\n")
    # A name that is also a file would be the function or the module, whichever was imported last.
    exported = set(__import__(f"emolens.{package}", fromlist=["__all__"]).__all__)
    assert not exported & {path.stem for path in (PACKAGE / package).iterdir()}


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
