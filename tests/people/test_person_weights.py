"""Paths, the cache of the release, and no network."""

import hashlib
import http.server
import threading

import pytest

from emolens.errors import ConfigError, WeightsError
from emolens.people import weights
from emolens.people.weights import RELEASES, Release, detector_weights


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
def served(monkeypatch):
    """A server of this machine in the place of the release's; content by path."""
    contents: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            content = contents[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(weights, "RELEASE", f"http://127.0.0.1:{server.server_port}")
    yield contents, asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetched_once_and_checked(served, monkeypatch, tmp_path):
    contents, asked = served
    contents["/a.onnx"] = b"weights"
    monkeypatch.setitem(RELEASES, "nano", Release("a.onnx", hashlib.sha256(b"weights").hexdigest()))
    path = detector_weights("yolox:nano")
    assert path == tmp_path / "cache/emolens/weights/a.onnx"
    assert path.read_bytes() == b"weights"
    detector_weights("yolox:nano")
    assert asked == ["/a.onnx"]
    path.write_bytes(b"damaged")
    assert detector_weights("yolox:nano").read_bytes() == b"weights"
    assert len(asked) == 2


def test_other_bytes_are_refused(served, tmp_path):
    served[0]["/yolox_nano.onnx"] = b"something else"
    with pytest.raises(WeightsError, match="invalid hash value"):
        detector_weights("yolox:nano")
    assert not list((tmp_path / "cache/emolens/weights").iterdir())


def test_no_network(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "RELEASE", "http://127.0.0.1:9")  # the port where nobody listens
    with pytest.raises(WeightsError, match=r"cannot be fetched \(.*\)\.\nFetch http") as caught:
        detector_weights("yolox:tiny")
    assert str(tmp_path / "cache/emolens/weights/yolox_tiny.onnx") in str(caught.value)
