import av
import numpy as np
import pytest

from emolens.errors import MediaError
from emolens.media.frame_index import _never_shown, index_frames


def decoded_times(path):
    """The obvious version: decode everything."""
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    return np.array(times) - times[0]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".mov", ".flv"])
def test_times_are_those_of_the_decoder(video, tmp_path, suffix):
    path = video(tmp_path / f"a{suffix}", seconds=2)
    index = index_frames(path)
    assert len(index) == 20
    assert np.abs(index.time_N - decoded_times(path)).max() < 1e-9
    assert index.exact
    assert index.problems == ()
    assert index.duration_s == pytest.approx(2.0, abs=0.002)


def test_key_frames_are_found(video, tmp_path):
    index = index_frames(video(tmp_path / "a.mp4", seconds=2, options={"g": "5", "sc_threshold": "0"}))
    assert np.flatnonzero(index.key_N).tolist() == [0, 5, 10, 15]


def test_variable_frame_rate_keeps_its_times(video, tmp_path):
    times = [0, 0.1, 0.5, 0.55, 1.7]
    assert index_frames(video(tmp_path / "a.mp4", times=times)).time_N == pytest.approx(times)


def test_a_late_start_is_told_apart_from_the_first_frame(video, tmp_path):
    index = index_frames(video(tmp_path / "a.mkv", times=[0.5, 0.6, 0.7]))
    assert index.start_s == pytest.approx(0.5, abs=0.1)  # the encoder's delay is in it too
    assert index.time_N == pytest.approx([0, 0.1, 0.2])


def test_an_avi_with_b_frames_is_known_not_to_say_the_order(video, tmp_path):
    index = index_frames(video(tmp_path / "a.avi", sound=False))
    assert not index.exact
    assert index.time_N == pytest.approx(np.arange(10) / 10, abs=1e-6)


def test_a_hidden_frame_of_vp8_is_known_by_its_first_byte():
    assert _never_shown(av.Packet(bytes([0b00000]) + bytes(20)))
    assert not _never_shown(av.Packet(bytes([0b10000]) + bytes(20)))


def test_sound_alone_has_no_frames(video, tmp_path):
    path = video(tmp_path / "song.m4a", pictures=False)
    with pytest.raises(MediaError, match=r"song\.m4a: has no pictures, only sound"):
        index_frames(path)


def test_a_wrong_duration_in_the_header_does_not_matter(video, tmp_path):
    path = video(tmp_path / "a.mp4", seconds=2)
    data = bytearray(path.read_bytes())
    for box, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):  # ISO/IEC 14496-12, duration, version 0
        place = -1
        while (place := data.find(box, place + 1)) >= 0:
            data[place + offset : place + offset + 4] = (999_999_999).to_bytes(4, "big")
    path.write_bytes(data)
    assert index_frames(path).duration_s == pytest.approx(2.0, abs=0.002)
