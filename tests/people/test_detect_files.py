"""Each content once, whatever happens in between."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from emolens.drawing.people import SheetTile, draw_sheets
from emolens.errors import DataError
from emolens.people.cache import FLOOR, BoxCache
from emolens.people.detect_files import detect_files
from emolens.people.detector import Detector

BIG, FAINT = ((4.0, 8.0, 44.0, 60.0), 0.9), ((46.0, 30.0, 62.0, 62.0), 0.2)


class Counting(Detector):
    """The detector, with a count, and a Ctrl-C after so many pictures."""

    stop_after = 10**9

    def detect_squares(self, squares):
        if getattr(self, "seen", 0) + len(squares) > self.stop_after:
            raise KeyboardInterrupt
        self.seen = getattr(self, "seen", 0) + len(squares)
        return super().detect_squares(squares)


@pytest.fixture
def files(tmp_path, picture):
    return [picture(tmp_path / f"{k:02d}.png", seed=k, size=(128, 96)) for k in range(10)]


@pytest.fixture
def detector(yolox):
    return Counting(yolox(BIG, FAINT), "cpu", FLOOR, threads=1)


def test_rows_in_order_with_their_size(files, detector, tmp_path):
    found = detect_files(detector, files, BoxCache(tmp_path / "cache", detector.fingerprint), 0.3, 4)
    assert found.detected == detector.seen == 10
    assert found.size == [(96, 128)] * 10
    assert not found.errors
    for persons in found.persons:
        np.testing.assert_allclose(persons.box_K4, [[8, 16, 88, 96]], atol=0.01)


def test_another_threshold_needs_no_detector(files, detector, tmp_path):
    for threshold, count in ((0.3, 1), (0.1, 2), (0.95, 0)):
        found = detect_files(detector, files, BoxCache(tmp_path / "cache", detector.fingerprint), threshold)
        assert [len(persons) for persons in found.persons] == [count] * 10
    assert detector.seen == 10


def test_copies_are_detected_once(files, detector, tmp_path):
    shutil.copy(files[0], tmp_path / "copy.png")
    paths = [files[0], files[0], tmp_path / "copy.png", files[1]]
    found = detect_files(detector, paths, BoxCache(tmp_path / "cache", detector.fingerprint), 0.3)
    assert detector.seen == 2
    assert all(len(persons) == 1 for persons in found.persons)


def test_after_ctrl_c_it_goes_on(files, detector, tmp_path):
    detector.stop_after = 6
    with pytest.raises(KeyboardInterrupt):
        detect_files(detector, files, BoxCache(tmp_path / "cache", detector.fingerprint), 0.3, 2)
    assert detector.seen == 6
    detector.stop_after = 10**9
    found = detect_files(detector, files, BoxCache(tmp_path / "cache", detector.fingerprint), 0.3, 2)
    assert found.detected == 4
    assert detector.seen == 10
    assert all(len(persons) == 1 for persons in found.persons)


def test_a_torn_line_costs_one_picture(files, detector, tmp_path):
    cache = BoxCache(tmp_path / "cache", detector.fingerprint)
    detect_files(detector, files, cache, 0.3)
    content = cache.path.read_bytes()
    cache.path.write_bytes(content[:-30])
    found = detect_files(detector, files, BoxCache(tmp_path / "cache", detector.fingerprint), 0.3)
    assert found.detected == 1
    assert len(BoxCache(tmp_path / "cache", detector.fingerprint)) == 10
    assert json.loads(cache.path.read_bytes().splitlines()[-1])["size"] == [96, 128]


def test_bad_files_are_rows_without_persons(files, detector, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    shutil.copy(tmp_path / "text.png", tmp_path / "copy.png")
    (tmp_path / "folder.png").mkdir()
    paths = [files[0], tmp_path / "gone.png", tmp_path / "text.png", tmp_path / "copy.png", tmp_path / "folder.png"]
    found = detect_files(detector, paths, BoxCache(tmp_path / "cache", detector.fingerprint), 0.3)
    assert sorted(found.errors) == [1, 2, 3, 4]
    assert found.persons[1:] == [None] * 4
    assert "gone.png: no such file" in found.errors[1]
    assert any("is not a picture, whatever its name says" in found.errors[k] for k in (2, 3))
    assert "it is a folder" in found.errors[4]


def test_an_upright_picture(detector, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.new("RGB", (200, 100)).save(tmp_path / "turned.jpg", exif=exif)
    found = detect_files(detector, [tmp_path / "turned.jpg"], BoxCache(tmp_path / "c", detector.fingerprint), 0.3)
    assert found.size == [(200, 100)]


def test_a_cache_that_cannot_be_written(files, detector, tmp_path):
    (tmp_path / "cache").write_text("a file in its place")
    with pytest.raises(DataError, match="cannot be written"):
        detect_files(detector, files, BoxCache(tmp_path / "cache", detector.fingerprint), 0.3)


def test_sheets_for_a_look(files, detector, tmp_path):
    found = detect_files(detector, files, BoxCache(tmp_path / "cache", detector.fingerprint), 0.1)
    nobody = found.persons[0].above(1.1)
    shown = [SheetTile(path, path.name, found.persons[k] if k < 7 else nobody) for k, path in enumerate(files)]
    shown.append(SheetTile(tmp_path / "gone.png", "gone.png", nobody))
    sheets = draw_sheets(shown, tmp_path / "plots")
    assert [sheet.name for sheet in sheets] == ["persons-1.png", "nobody-1.png"]
    with Image.open(sheets[0]) as sheet:
        colours = {colour for _, colour in sheet.getcolors(1 << 20)}
    assert (0xD5, 0x5E, 0x00) in colours  # the person view
    assert (0x00, 0x72, 0xB2) in colours  # the boxes
