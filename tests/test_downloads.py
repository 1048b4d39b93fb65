"""From a real web server on this machine, with what can go wrong on the way."""

import hashlib
import threading

import pytest

from emolens.downloads import download, has_digest, hash_in_name
from emolens.errors import WeightsError
from emolens.progress import quiet

CONTENT = bytes(range(256)) * 40
SHA = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def get(site, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1024)  # what is kept of a broken connection; 10 MB otherwise
    site.contents["/w.pth"] = CONTENT
    path = tmp_path / "new" / "w.pth"

    def fetch(digest=SHA, size=None):
        download(f"{site.url}/w.pth", path, "weights w", "give its path as video.weights", digest, size)
        return path

    fetch.path = path
    return fetch


def left(path):
    """What lies beside a file, but for the lock."""
    return {other.name for other in path.parent.iterdir() if not other.name.endswith(".lock")}


@pytest.mark.parametrize(
    ("digest", "size"),
    [(None, None), (SHA, len(CONTENT)), (SHA[:15], None), (f"md5:{hashlib.md5(CONTENT).hexdigest()[:6]}", None)],
)
def test_a_file_is_fetched_into_a_new_folder(get, digest, size):
    assert get(digest, size).read_bytes() == CONTENT
    assert left(get.path) == {"w.pth"}


@pytest.mark.parametrize(
    ("digest", "size", "said"),
    [
        ("sha256:00000000", None, "other bytes came than were published: the sha256 is not 00000000"),
        ("md5:000000", None, "the md5 is not 000000"),
        (None, len(CONTENT) + 1, "10,240 bytes came, 10,241 were published"),
    ],
)
def test_other_bytes_leave_what_was_there(get, digest, size, said):
    get.path.parent.mkdir()
    get.path.write_bytes(b"before")
    with pytest.raises(WeightsError, match=said):
        get(digest, size)
    assert get.path.read_bytes() == b"before"
    assert left(get.path) == {"w.pth"}


def test_what_a_broken_connection_left_is_continued_by_the_next_call(get, site):
    site.faults["/w.pth"] = ["cut", 503]  # the client tries again at once, and then the server is down
    with pytest.raises(WeightsError, match="503"):
        get()
    assert not get.path.exists()
    assert get().read_bytes() == CONTENT
    assert [start for method, _, start in site.asked if method == "GET"] == [0, 5120, 5120]
    assert left(get.path) == {"w.pth"}


def test_a_connection_that_breaks_is_taken_up_again_in_the_same_call(get, site):
    site.faults["/w.pth"] = ["cut"]
    assert get().read_bytes() == CONTENT
    assert [start for method, _, start in site.asked if method == "GET"] == [0, 5120]


def test_a_server_that_cannot_resume_sends_it_all_again(get, site):
    site.faults["/w.pth"], site.resumes = ["cut", 503], False
    with pytest.raises(WeightsError):
        get()
    assert get().read_bytes() == CONTENT


def test_half_of_an_older_file_is_not_continued_with_a_newer_one(get, site):
    site.faults["/w.pth"] = ["cut", 503]
    with pytest.raises(WeightsError):
        get()
    site.contents["/w.pth"] = newer = CONTENT[::-1]
    assert get(digest=None).read_bytes() == newer
    assert left(get.path) == {"w.pth"}


def test_a_file_that_was_complete_but_not_yet_in_its_place(get, site):
    site.faults["/w.pth"] = ["cut", 503]
    with pytest.raises(WeightsError):
        get()
    (part,) = get.path.parent.glob(".w.pth.*.part")
    part.write_bytes(CONTENT)
    assert get().read_bytes() == CONTENT


def test_a_missing_file_and_no_network(get, site, tmp_path):
    with pytest.raises(WeightsError) as error:
        download(f"{site.url}/absent", tmp_path / "here", "weights tiny", "give its path as video.weights")
    first, second = str(error.value).splitlines()
    assert first.startswith("weights tiny cannot be fetched (")
    assert "404" in first
    assert second == (
        f"Fetch {site.url}/absent where there is a network, and put it at {tmp_path / 'here'} or give its path as "
        "video.weights"
    )
    assert {path.name for path in tmp_path.iterdir()} <= {".here.lock"}
    with pytest.raises(WeightsError, match="cannot be fetched"):
        download("http://127.0.0.1:9/w", tmp_path / "here", "weights tiny", "do without")  # nobody listens there


def test_those_who_want_the_same_file_wait_for_the_first(get, site):
    threads = [threading.Thread(target=get) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get.path.read_bytes() == CONTENT
    assert [method for method, _, _ in site.asked].count("GET") == 1


def test_it_is_said_what_is_fetched_unless_quiet(get, site, capsys):
    get()
    assert capsys.readouterr().err.startswith(f"weights w: fetching {site.url}/w.pth")
    get.path.unlink()
    with quiet():
        get()
    assert capsys.readouterr().err == ""


def test_digests(get):
    path = get()
    assert has_digest(path, SHA)
    assert has_digest(path, SHA.upper().replace("SHA", "sha"))
    assert not has_digest(path, "sha256:0")
    assert hash_in_name("resnet34-b627a593.pth") == "sha256:b627a593"
    assert hash_in_name("swin_tiny.pth") is None
