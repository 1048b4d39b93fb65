"""From file:// addresses, so that no network is asked."""

import hashlib

import pytest

from emolens.downloads import download
from emolens.errors import WeightsError


def test_a_file_is_fetched_into_a_new_folder(tmp_path):
    (tmp_path / "there").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    for sha256 in (None, digest, digest[:8]):
        path = tmp_path / "new" / str(sha256)
        download((tmp_path / "there").as_uri(), path, "weights", "do without", sha256)
        assert path.read_bytes() == b"weights"


def test_other_bytes_leave_what_was_there(tmp_path):
    (tmp_path / "there").write_bytes(b"weights")
    (tmp_path / "here").write_bytes(b"before")
    with pytest.raises(WeightsError, match="invalid hash value"):
        download((tmp_path / "there").as_uri(), tmp_path / "here", "weights", "do without", "00000000")
    assert (tmp_path / "here").read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"there", "here"}


def test_the_message_says_what_to_do_by_hand(tmp_path):
    url, path = (tmp_path / "absent").as_uri(), tmp_path / "here"
    with pytest.raises(WeightsError) as error:
        download(url, path, "weights tiny", "give its path as video.weights")
    first, second = str(error.value).splitlines()
    assert first.startswith("weights tiny cannot be fetched (")
    assert second == f"Fetch {url} where there is a network, and put it at {path} or give its path as video.weights"
