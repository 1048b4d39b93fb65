"""Paths, the cache of the release, and no network."""

import hashlib
from dataclasses import replace

import pytest

from emolens.errors import ConfigError, WeightsError
from emolens.people.weights import detector_weights
from emolens.weights.table import weights_entry, weights_table


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_path(tmp_path):
    path = tmp_path / "mine.onnx"
    path.touch()
    assert detector_weights(f"yolox:{path}") == detector_weights(str(path)) == path


def test_unknown_names():
    with pytest.raises(ConfigError, match='unknown detector "yolox:nanoo" \\(did you mean "nano"'):
        detector_weights("yolox:nanoo")
    with pytest.raises(WeightsError, match=r"nano\.onnx: no such weights file"):
        detector_weights("yolox:nano.onnx")


@pytest.fixture
def release(site, monkeypatch):
    """Makes the table say that a release lies on the server of this machine, with that content."""

    def put(name, content, published):
        site.contents[f"/{name}.onnx"] = content
        digest = f"sha256:{hashlib.sha256(published).hexdigest()}"
        there = replace(
            weights_entry(name), url=f"{site.url}/{name}.onnx", file="a.onnx", digest=digest, size=len(published)
        )
        monkeypatch.setitem(weights_table(), name, there)

    return put


def test_fetched_once_and_checked(release, site, tmp_path):
    release("yolox_nano", b"weights", b"weights")
    path = detector_weights("yolox:nano")
    assert path == tmp_path / "cache/emolens/weights/a.onnx"
    assert path.read_bytes() == b"weights"
    detector_weights("yolox:nano")
    assert [method for method, _, _ in site.asked].count("GET") == 1
    path.write_bytes(b"damaged")
    assert detector_weights("yolox:nano").read_bytes() == b"weights"
    assert [method for method, _, _ in site.asked].count("GET") == 2


def test_other_bytes_are_refused(release, tmp_path):
    release("yolox_nano", b"another", b"weights")
    with pytest.raises(WeightsError, match="the sha256 is not"):
        detector_weights("yolox:nano")
    assert not list((tmp_path / "cache/emolens/weights").glob("*.onnx"))


def test_no_network(monkeypatch, tmp_path):
    there = replace(weights_entry("yolox_tiny"), url="http://127.0.0.1:9/yolox_tiny.onnx")  # where nobody listens
    monkeypatch.setitem(weights_table(), "yolox_tiny", there)
    with pytest.raises(WeightsError, match=r"cannot be fetched \(.*\)\.\nFetch http") as caught:
        detector_weights("yolox:tiny")
    assert str(tmp_path / "cache/emolens/weights/yolox_tiny.onnx") in str(caught.value)
