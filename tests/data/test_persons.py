"""Persons become columns of a manifest."""

import pandas as pd
import pytest

from emolens.data.manifest import Manifest
from emolens.data.persons import add_persons, picture_rows
from emolens.errors import DataError
from emolens.people.finder import PersonFinder


@pytest.mark.shared
def test_rows_get_their_boxes_and_a_second_call_detects_nothing(shared, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    oasis = shared / "data/oasis/images"
    paths = [oasis / "Sad face 1.jpg", tmp_path / "broken.jpg", tmp_path / "video.mp4", oasis / "Galaxy 1.jpg"]
    frame = pd.DataFrame({"id": list("abcd"), "path": map(str, paths), "media": ["image", "image", "video", "image"]})
    manifest = Manifest(frame, {"dataset": "few"}, tmp_path)

    def finder(threshold=0.3):
        return PersonFinder(f"yolox:{shared / 'models/yolox_nano.onnx'}", threshold, "cpu", tmp_path / "cache")

    added, found = add_persons(manifest, finder())
    assert [boxes if boxes is None else len(boxes) for boxes in added.frame["boxes"]] == [1, None, None, 0]
    assert added.frame["height"].isna().tolist() == [False, True, True, False]
    assert (found.detected, list(found.errors)) == (2, [1])
    assert "broken.jpg" in found.errors[1]
    assert added.metadata["dataset"] == "few"
    assert added.metadata["people"]["detector"] == "yolox_nano.onnx"
    assert not manifest.has("boxes"), "the given manifest stays as it is"

    again, known = add_persons(manifest, finder())
    assert known.detected == 0
    pd.testing.assert_frame_equal(again.frame, added.frame)
    assert len(add_persons(manifest, finder(1.0))[0].frame["boxes"][0]) == 0


def test_videos_alone_have_no_pictures(tmp_path):
    frame = pd.DataFrame({"id": ["v"], "path": ["v.mp4"], "media": ["video"]})
    with pytest.raises(DataError, match=r"none of its 1 rows is a picture \(media = image\)"):
        picture_rows(Manifest(frame, {}, tmp_path))
