import numpy as np
import pytest

from emolens.errors import MediaError
from emolens.media.segments import sample_segments
from emolens.media.video import index_frames, read_frames, stream_frames, stream_windows


def spread(count):
    return sample_segments(count, 3, 2, None)


def test_frames_at_a_steady_rate(video, frame_number, tmp_path):
    path = video(tmp_path / "a.mp4", seconds=5, fps=10)
    seen = [(time_s, frame_number(image)) for time_s, image in stream_frames(path, 2, 32)]
    assert [number for _, number in seen] == list(range(0, 50, 5))
    assert [time_s for time_s, _ in seen] == pytest.approx(np.arange(10) / 2)


def test_a_rate_above_the_videos_gives_each_frame_once(video, frame_number, tmp_path):
    path = video(tmp_path / "a.mp4")
    assert [frame_number(image) for _, image in stream_frames(path, 100)] == list(range(10))


def test_of_uneven_frames_the_one_that_is_shown(video, frame_number, tmp_path):
    path = video(tmp_path / "a.mp4", times=[0, 0.1, 0.5, 0.55, 1.7, 1.8], sound=False)
    assert [frame_number(image) for _, image in stream_frames(path, 2)] == [0, 2, 3]  # at 0, 0.5, 1 and 1.5 s


@pytest.mark.parametrize(("window_s", "hop_s"), [(1.0, 1.0), (2.0, 0.5), (0.7, 0.3), (1.0, 3.0)])
def test_windows_equal_reading_each_by_itself(video, tmp_path, window_s, hop_s):
    path = video(tmp_path / "a.mp4", seconds=8, fps=10, options={"g": "20"})
    index = index_frames(path)
    windows = [(start_s, start_s + window_s) for start_s in np.arange(0, 8 - window_s + 1e-9, hop_s).tolist()]
    streamed = list(stream_windows(path, windows, spread, 24))
    assert len(streamed) == len(windows)
    for (start_s, end_s), frames in zip(windows, streamed, strict=True):
        inside = np.flatnonzero((index.time_N >= start_s - 1e-9) & (index.time_N < end_s - 1e-9))
        alone = read_frames(path, inside[spread(len(inside)).ravel()], 24, index)
        assert (frames.image_KHWC == alone.image_KHWC).all()
        assert (frames.time_K == alone.time_K).all()


def test_a_window_between_two_frames_has_the_one_that_is_shown(video, frame_number, tmp_path):
    path = video(tmp_path / "a.mp4", seconds=2, fps=2)
    (frames,) = stream_windows(path, [(0.6, 0.9)], spread)
    assert {frame_number(image) for image in frames.image_KHWC} == {1}


def test_no_window_no_frames(video, tmp_path):
    assert list(stream_windows(video(tmp_path / "a.mp4"), [], spread)) == []


@pytest.mark.parametrize("windows", [[(1, 1)], [(0.5, 1), (0, 2)], [(0, 2), (0.5, 1)]])
def test_windows_must_ascend(video, tmp_path, windows):
    with pytest.raises(ValueError, match="is empty, or does not come after"):
        list(stream_windows(video(tmp_path / "a.mp4"), windows, spread))


def test_a_file_that_vanishes_while_it_is_read_is_read_to_its_end(video, tmp_path):
    path = video(tmp_path / "a.mp4", seconds=3)
    frames = stream_frames(path, 10)
    next(frames)
    path.unlink()
    assert sum(1 for _ in frames) == 29


def test_a_file_that_vanishes_before(video, tmp_path):
    path = video(tmp_path / "a.mp4")
    index = index_frames(path)
    path.unlink()
    with pytest.raises(MediaError, match="no such file"):
        next(stream_frames(path, 2, index=index))


def test_a_rate_of_nothing(video, tmp_path):
    with pytest.raises(ValueError, match="rate_hz 0"):
        next(stream_frames(video(tmp_path / "a.mp4"), 0))
