"""Contents of files: their bytes, and each worked on once."""

import hashlib
import os
import threading

import pytest

from emolens.media.content import Claims, read_content


def test_bytes_and_hash(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read_content(tmp_path / "a") == (b"abc", hashlib.sha256(b"abc").hexdigest())


def test_what_is_no_file_is_not_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((tmp_path, "it is a folder"), (tmp_path / "pipe", "it is no regular file")):
        with pytest.raises(OSError, match="None") as caught:
            read_content(path)
        assert caught.value.strerror == words
    with pytest.raises(FileNotFoundError):
        read_content(tmp_path / "gone")
    (tmp_path / "large").write_bytes(b"12345")
    monkeypatch.setattr("emolens.media.content.MAX_BYTES", 4)
    with pytest.raises(OSError, match="None") as caught:
        read_content(tmp_path / "large")
    assert caught.value.strerror == "5 bytes are more than any picture within the limits has"


def test_each_content_is_claimed_once():
    claims = Claims({"known"}.__contains__)
    assert not claims.take("known")
    taken = []
    threads = [threading.Thread(target=lambda: taken.append(claims.take("new"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 1
