import io
from pathlib import Path

import pytest

from emolens.errors import DataError
from emolens.inference.inputs import expand_inputs, media_of


@pytest.fixture
def folder(tmp_path, picture):
    for name in ("b.jpg", "a.png", "deep/c.JPG"):
        picture(tmp_path / "pictures" / name)
    (tmp_path / "pictures" / "notes.md").write_text("no picture")
    return tmp_path / "pictures"


def names(paths):
    return [path.name for path in paths]


def test_a_folder_gives_its_pictures_at_any_depth(folder):
    assert names(expand_inputs([folder])) == ["a.png", "b.jpg", "c.JPG"]


def test_a_folder_gives_videos_and_sound_files_too(folder):
    for name in ("deep/d.MP4", "e.wav", "f.webm"):
        (folder / name).write_bytes(b"")
    assert names(expand_inputs([folder])) == ["a.png", "b.jpg", "c.JPG", "d.MP4", "e.wav", "f.webm"]


def test_media_by_suffix():
    kinds = {name: media_of(Path(name)) for name in ("a.JPG", "b.mp4", "c.MOV", "d.wav", "e.Mp3", "f", "g.txt")}
    assert kinds == {
        "a.JPG": "image", "b.mp4": "video", "c.MOV": "video", "d.wav": "audio", "e.Mp3": "audio", "f": "image",
        "g.txt": "image",
    }  # fmt: skip


def test_patterns_lists_and_standard_input(folder, tmp_path, monkeypatch):
    assert names(expand_inputs([f"{folder}/*.jpg"])) == ["b.jpg"]
    (tmp_path / "list.txt").write_text(f"{folder}/b.jpg\n\n  {folder}/a.png \n")
    assert names(expand_inputs([tmp_path / "list.txt"])) == ["b.jpg", "a.png"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{folder}/a.png\n"))
    assert names(expand_inputs(["-"])) == ["a.png"]


def test_each_file_once_in_the_order_given(folder):
    assert names(expand_inputs([folder / "b.jpg", folder])) == ["b.jpg", "a.png", "c.JPG"]


def test_a_missing_file_is_kept_for_its_row():
    assert expand_inputs(["gone.jpg"]) == [Path("gone.jpg")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder, picture):
    odd = picture(folder / "what[1].png")
    assert expand_inputs([odd]) == [odd]


def test_nothing_found_is_an_error(tmp_path):
    with pytest.raises(DataError, match="nothing of use in this folder"):
        expand_inputs([tmp_path])
    with pytest.raises(DataError, match="no file matches"):
        expand_inputs([f"{tmp_path}/*.jpg"])
