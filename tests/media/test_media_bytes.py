"""Media in memory: as from a file, and nothing but these bytes is opened."""

import numpy as np
import pytest

from emolens.errors import MediaError
from emolens.media.audio import read_audio
from emolens.media.media_bytes import MediaBytes
from emolens.media.video import index_frames, probe, read_frames


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_bytes_are_read_as_the_file_is(video, tmp_path, suffix):
    path = video(tmp_path / f"a{suffix}", sound_codec="aac" if suffix != ".avi" else "mp3")
    media = MediaBytes("shard.tar/a", path.read_bytes())
    assert probe(media).audio_codec == probe(path).audio_codec
    assert np.array_equal(index_frames(media).time_N, index_frames(path).time_N)
    frames = [7, 0, 3]
    assert np.array_equal(read_frames(media, frames, 16).image_KHWC, read_frames(path, frames, 16).image_KHWC)
    ours, theirs = (read_audio(source, 8000, 0.4, 0.8) for source in (media, path))
    assert np.array_equal(ours.wave_T, theirs.wave_T)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"no video at all" * 99, "is not a video or a sound"), (b"\0\0\0\x18ftypisom", "no index")],
)
def test_bad_bytes_are_said(content, message):
    with pytest.raises(MediaError, match=rf"^shard.tar/a: .*{message}"):
        probe(MediaBytes("shard.tar/a", content))


def test_bytes_that_name_files_open_none(video, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    video(tmp_path / "secret.mp4")
    for text in (
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile secret.mp4\n",
    ):
        with pytest.raises(MediaError, match=r"shard\.tar/a: is "):
            probe(MediaBytes("shard.tar/a", text.encode()))
