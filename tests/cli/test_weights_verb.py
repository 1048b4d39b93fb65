"""emolens weights, with a real web server on this machine."""

import hashlib
import json
from dataclasses import replace

import pytest

from emolens.cli.main import main
from emolens.weights import list_weights, weights_entry
from emolens.weights.table import weights_table


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def served(site, monkeypatch):
    """clip_e_6, as this machine serves it."""
    site.contents["/w"] = b"weights"
    digest = f"sha256:{hashlib.sha256(b'weights').hexdigest()}"
    entry = replace(weights_entry("clip_e_6"), url=f"{site.url}/w", digest=digest, size=7)
    monkeypatch.setitem(weights_table(), "clip_e_6", entry)
    return entry


def test_fetch_prints_the_path_and_list_says_that_it_is_here(served, capsys):
    assert main(["weights", "list", "--json"]) == 0
    before = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert list(before) == [entry.name for entry in list_weights()]
    assert before["clip_e_6"]["local"] is None
    assert before["mae_vit_large"]["checked"] is False
    assert main(["weights", "fetch", "clip_e_6"]) == 0
    assert capsys.readouterr().out == f"{served.path}\n"
    assert served.path.read_bytes() == b"weights"
    assert main(["weights", "info", "clip_e_6", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["local"] == str(served.path)


def test_list_is_a_table_that_says_what_was_not_tried(capsys):
    assert main(["weights", "list"]) == 0
    out = capsys.readouterr().out
    assert all(entry.name in out for entry in list_weights())
    assert "CC-BY-NC-4.0" in out
    assert "url ?" in out
    assert "could not be tried" in out


def test_info(capsys):
    assert main(["weights", "info", "uniemox_vit_large_200"]) == 0
    out = capsys.readouterr().out
    for part in ("Baidu Netdisk", "none is published", "unknown", "no: no network", "uniemox:FILE", "checkpoint-400"):
        assert part in out


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["info", "mae_vit_larg"], 2, 'did you mean "mae_vit_large"'),
        (["fetch", "clip_e_6", "mae_vit_larg"], 2, 'did you mean "mae_vit_large"'),
        (["fetch"], 2, "nothing to fetch"),
        (["fetch", "uniemox_fi"], 4, "must be fetched by a person. Baidu Netdisk"),
        (["lst"], 2, 'unknown command "lst"; did you mean "list"'),
        ([], 2, "usage: emolens weights list | info NAME | fetch NAME"),
    ],
)
def test_mistakes(args, code, said, capsys):
    assert main(["weights", *args]) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_wrong_content_is_told_and_not_kept(served, site, capsys):
    site.contents["/w"] = b"another"
    assert main(["weights", "fetch", "clip_e_6"]) == 4
    assert "other bytes came than were published" in capsys.readouterr().err
    assert not served.path.exists()
