import importlib
import sys

import pytest

from emolens.scan import import_folder


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "emolens_scanned"
    for name in ("__init__", "one", "two", "inner/__init__"):
        (folder / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield folder.name
    for name in [name for name in sys.modules if name.split(".")[0] == folder.name]:
        del sys.modules[name]


def test_every_file_of_a_folder_is_imported_and_no_folder_inside_it(package):
    import_folder(package)
    assert {name for name in sys.modules if name.startswith(f"{package}.")} == {f"{package}.one", f"{package}.two"}
