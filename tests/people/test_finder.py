"""A detector with its memory."""

import numpy as np
import pytest

from emolens.errors import ConfigError, WeightsError
from emolens.people.cache import BoxCache
from emolens.people.detector import Detector
from emolens.people.finder import PersonFinder

BIG, FAINT = ((4.0, 8.0, 44.0, 60.0), 0.9), ((46.0, 30.0, 62.0, 62.0), 0.2)
FILM, OTHER = "ab" * 32, "cd" * 32  # SHA-256 of two videos


@pytest.fixture
def seen(monkeypatch) -> list[int]:
    """How many pictures went through a network, each time."""
    counts: list[int] = []
    detect = Detector.detect_squares

    def counted(self, squares):
        counts.append(len(squares))
        return detect(self, squares)

    monkeypatch.setattr(Detector, "detect_squares", counted)
    return counts


@pytest.fixture
def frames(rng):
    return [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(3)]


@pytest.mark.parametrize("threshold", [0.0, 0.049, 1.01, float("nan")])
def test_a_threshold_out_of_range(threshold):
    with pytest.raises(ConfigError, match=r"threshold .*: must be 0.05 to 1, the least score of a person"):
        PersonFinder("yolox:nano", threshold)


def test_the_weights_are_read_when_they_are_needed(tmp_path, picture):
    finder = PersonFinder(f"yolox:{tmp_path / 'gone.onnx'}", 0.05)
    with pytest.raises(WeightsError, match=r"gone\.onnx: no such weights file"):
        finder.in_files([picture(tmp_path / "a.png")])
    with pytest.raises(WeightsError, match=r"gone\.onnx: no such weights file"):
        finder.in_frames(FILM, [0.0], [np.zeros((8, 8, 3), np.uint8)])


def test_thresholds_share_what_was_found(yolox, tmp_path, picture, seen):
    spec, paths = yolox(BIG, FAINT), [picture(tmp_path / f"{k}.png", k) for k in range(2)]
    for threshold, count in ((0.3, 1), (0.05, 2), (0.95, 0)):
        found = PersonFinder(spec, threshold, cache=tmp_path / "cache").in_files(paths)
        assert [len(persons) for persons in found.persons] == [count, count]
    assert sum(seen) == 2


def test_frames_are_known_by_video_time_and_size(yolox, tmp_path, frames, seen):
    finder = PersonFinder(yolox(BIG), cache=tmp_path / "cache")
    first = finder.in_frames(FILM, [0.0, 0.5], frames[:2])
    assert [persons.box_K4.tolist() for persons in first] == [[[4.0, 8.0, 44.0, 48.0]]] * 2, "cut at the edge"
    assert sum(seen) == 2
    again = PersonFinder(finder.spec, cache=tmp_path / "cache")  # another run
    found = again.in_frames(FILM, [0.0, 0.5, 1.0], frames)
    assert sum(seen) == 3, "only the frame that is new"
    for persons, before in zip(found, first, strict=False):
        np.testing.assert_array_equal(persons.box_K4, before.box_K4)
        np.testing.assert_array_equal(persons.score_K, before.score_K)
    finder.in_frames(OTHER, [0.0], frames[:1])
    finder.in_frames(FILM, [0.0], [frames[0][:24, :32]])
    assert sum(seen) == 5, "of another video, and of another size"


def test_what_is_found_in_videos_is_not_read_for_a_picture(yolox, tmp_path, frames, picture):
    finder = PersonFinder(yolox(BIG), cache=tmp_path / "cache")
    finder.in_frames(FILM, [0.0, 0.5, 1.0], frames)
    finder.in_files([picture(tmp_path / "a.png")])
    assert len(BoxCache(tmp_path / "cache", finder.detector.fingerprint)) == 1
    place = tmp_path / "cache" / finder.detector.fingerprint[:16] / f"{FILM[:16]}.jsonl"
    assert len(place.read_text().splitlines()) == 3
    place.write_text(place.read_text()[:-20])  # torn by a power cut: that frame is done again
    again = PersonFinder(finder.spec, cache=tmp_path / "cache")
    assert [len(persons) for persons in again.in_frames(FILM, [0.0, 0.5, 1.0], frames)] == [1, 1, 1]


def test_another_detector_has_boxes_of_its_own(yolox, tmp_path, frames, seen):
    for planted in ((BIG,), (BIG, ((46.0, 4.0, 60.0, 28.0), 0.8))):
        finder = PersonFinder(yolox(*planted), cache=tmp_path / "cache")
        assert [len(persons) for persons in finder.in_frames(FILM, [0.0], frames[:1])] == [len(planted)]
    assert sum(seen) == 2
