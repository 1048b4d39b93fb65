"""What packages show without importing it."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from emolens.lazy import attach

PACKAGES = ("emolens.taxonomy", "emolens.media", "emolens.data", "emolens.embedding")


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there_and_no_module_hides_it(name):
    package = import_module(name)
    assert dir(package) == sorted(package.__all__)
    modules = {path.stem for path in Path(package.__file__).parent.iterdir()}
    for public in package.__all__:
        assert getattr(package, public) is not None
        assert public not in modules, f"module {name}.{public} would hide it"
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_costs_nothing_until_a_name_is_used(name):
    code = f"import {name}, sys; print([m for m in ('torch', 'pandas', 'numpy', 'av') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_attach():
    get, names, public = attach("a.b", {"sqrt": "math", "Path": "pathlib"})
    assert get("Path") is Path
    assert names() == public == ["Path", "sqrt"]
