import io
import os
from pathlib import Path

import pytest

from emolens.errors import ConfigError, DataError
from emolens.inference.inputs import Input, inputs_of, media_of, read_inputs


@pytest.fixture
def folder(tmp_path, picture):
    for name in ("b.jpg", "a.png", "deep/c.JPG"):
        picture(tmp_path / "pictures" / name)
    (tmp_path / "pictures" / "notes.md").write_text("no picture")
    return tmp_path / "pictures"


def names(paths):
    return [one.path.name for one in paths]


def test_a_folder_gives_its_pictures_at_any_depth(folder):
    assert names(read_inputs([folder])) == ["a.png", "b.jpg", "c.JPG"]


def test_a_folder_gives_videos_and_sound_files_too(folder):
    for name in ("deep/d.MP4", "e.wav", "f.webm"):
        (folder / name).write_bytes(b"")
    assert names(read_inputs([folder])) == ["a.png", "b.jpg", "c.JPG", "d.MP4", "e.wav", "f.webm"]


def test_media_by_suffix():
    kinds = {name: media_of(Path(name)) for name in ("a.JPG", "b.mp4", "c.MOV", "d.wav", "e.Mp3", "f", "g.txt")}
    assert kinds == {
        "a.JPG": "image", "b.mp4": "video", "c.MOV": "video", "d.wav": "audio", "e.Mp3": "audio", "f": "image",
        "g.txt": "image",
    }  # fmt: skip


def test_patterns_lists_and_standard_input(folder, tmp_path, monkeypatch):
    assert names(read_inputs([f"{folder}/*.jpg"])) == ["b.jpg"]
    (tmp_path / "list.txt").write_text(f"{folder}/b.jpg\n\n  {folder}/a.png \n")
    assert names(read_inputs([tmp_path / "list.txt"])) == ["b.jpg", "a.png"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{folder}/a.png\n"))
    assert names(read_inputs(["-"])) == ["a.png"]


def test_one_result_an_input_in_the_order_given_duplicates_included(folder):
    assert names(read_inputs([folder / "b.jpg", folder])) == ["b.jpg", "a.png", "b.jpg", "c.JPG"]


def test_a_missing_file_is_kept_for_its_row():
    assert read_inputs(["gone.jpg"]) == [Input(Path("gone.jpg"), "image")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder, picture):
    odd = picture(folder / "what[1].png")
    assert read_inputs(odd) == [Input(odd, "image")]


def test_nothing_found_is_an_error(tmp_path):
    with pytest.raises(DataError, match="nothing to read in this folder"):
        read_inputs([tmp_path])
    with pytest.raises(DataError, match="no file matches"):
        read_inputs([f"{tmp_path}/*.jpg"])


def test_a_new_kind_of_input_is_one_function():
    class Album:
        names = ("a.jpg", "b.mp4")

    with pytest.raises(ConfigError, match="an input of type Album is not known"):
        read_inputs(Album())
    inputs_of.register(Album)(lambda album, media: [Input.of(name) for name in album.names])
    assert [one.media for one in read_inputs(["c.wav", Album()])] == ["audio", "image", "video"]


def test_a_name_that_is_no_text_has_a_source_that_is():
    assert Input.of(Path(os.fsdecode(b"caf\xe9.jpg"))).source == "caf\\xe9.jpg"


def test_what_cannot_be_looked_at_is_kept_for_its_row(tmp_path):
    long, odd = "x" * 300 + ".jpg", "a\0b.jpg"
    assert [one.path for one in read_inputs([long, odd])] == [Path(long), Path(odd)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-32"])
def test_a_list_in_any_marked_encoding(folder, tmp_path, encoding):
    text = f"{folder}/b.jpg\r\n{folder}/a.png\r\n"
    content = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    (tmp_path / "list.txt").write_bytes(content)
    assert names(read_inputs([tmp_path / "list.txt"])) == ["b.jpg", "a.png"]


def test_a_list_in_latin_1_is_told(tmp_path):
    (tmp_path / "list.txt").write_bytes("café.jpg\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"list\.txt: is no UTF-8 text \(byte 0xe9 in position 3\); save it as UTF-8"):
        read_inputs([tmp_path / "list.txt"])


def test_hidden_files_are_left_out_links_followed_and_loops_end(folder, tmp_path, picture):
    picture(folder / "._a.png")
    picture(folder / ".trash" / "d.png")
    picture(tmp_path / "elsewhere" / "e.png")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "again").symlink_to(tmp_path / "elsewhere")
    (folder / "deep" / "loop").symlink_to(folder)
    found = [one.path.relative_to(folder).as_posix() for one in read_inputs([folder])]
    assert found == ["a.png", "again/e.png", "b.jpg", "deep/c.JPG", "link/e.png"]
