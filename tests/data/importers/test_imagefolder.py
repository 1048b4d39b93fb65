from pathlib import Path

import pytest

from emolens.data.importers.imagefolder import ImageFolderOptions, VideoFolderOptions, import_imagefolder
from emolens.errors import ConfigError, DataError

MIKELS = ("amusement", "awe", "contentment", "excitement", "anger", "disgust", "fear", "sadness")


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def read(source: Path, **options: object):
    manifest = import_imagefolder(source, ImageFolderOptions(**options))
    manifest.validate()
    return manifest


def test_the_space_is_found_by_the_folders(tmp_path: Path) -> None:
    manifest = read(touch(tmp_path, *(f"{label}/a.jpg" for label in MIKELS)))
    assert manifest.space().name == "mikels8"
    assert manifest.metadata["notes"] == ["label space mikels8, by the names of the folders"]
    assert sorted(manifest.frame["path"]) == sorted(f"{label}/a.jpg" for label in MIKELS)
    assert "split" not in manifest.frame.columns


def test_splits_aliases_depth_and_other_files(tmp_path: Path) -> None:
    names = ("Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
    touch(tmp_path, *(f"{split}/{name}/0001/x.PNG" for split in ("train", "valid", "test") for name in names))
    touch(tmp_path, "train/Happy/notes.txt", "train/Happy/.hidden.jpg", ".cache/thumb.jpg")
    manifest = read(tmp_path)
    assert manifest.space().name == "ekman7"
    assert manifest.split_names() == ["test", "train", "val"]
    assert manifest.metadata["splits"]["val"]["n"] == 7
    assert set(manifest.frame["label"]) >= {"joy", "sadness"}
    assert "1 files were left out: their suffix is none of pictures" in manifest.metadata["notes"]


def test_a_part_of_the_labels_is_not_guessed(tmp_path: Path) -> None:
    touch(tmp_path, "joy/a.jpg", "sadness/b.jpg")
    with pytest.raises(
        ConfigError, match=r"\(joy, sadness\) fit several label spaces; choose with --label-space: .*ekman6"
    ):
        read(tmp_path)
    assert read(tmp_path, label_space="ekman6").space().name == "ekman6"


def test_folders_of_no_space(tmp_path: Path) -> None:
    touch(tmp_path, "awe/a.jpg", "boredom/a.jpg")
    with pytest.raises(
        ConfigError, match=r"\(awe, boredom\) are the labels of no known space; nearest: mikels8 \(1 of 2"
    ):
        read(tmp_path)
    (tmp_path / "mine.toml").write_text('labels = [{ name = "awe" }, { name = "boredom", polarity = "negative" }]')
    manifest = read(tmp_path, label_space=str(tmp_path / "mine.toml"))
    assert manifest.space().labels == ("awe", "boredom")
    with pytest.raises(DataError, match='label "boredom" is not in mikels8'):
        read(tmp_path, label_space="mikels8")


def test_labels_in_the_names(tmp_path: Path) -> None:
    touch(tmp_path, "content_0001.jpg", "sad_02.jpg", "awe_3.jpg")
    options = {"label_space": "mikels8", "label_pattern": r"(?:^|/)([a-z]+)_[^/]*$"}
    manifest = read(tmp_path, label_fixes={"content": "contentment"}, **options)
    assert manifest.frame["label"].tolist() == ["awe", "contentment", "sadness"]
    touch(tmp_path, "42.jpg")
    with pytest.raises(DataError, match=r"42\.jpg: no label in its name"):
        read(tmp_path, **options)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures below this folder"):
        read(tmp_path)
    with pytest.raises(DataError, match="absent: is not a folder"):
        read(tmp_path / "absent")


def test_a_picture_outside_the_classes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lost\.jpg: is in no class folder"):
        read(touch(tmp_path, "joy/a.jpg", "lost.jpg"))


def test_a_link_to_a_parent_is_no_maze(tmp_path: Path) -> None:
    touch(tmp_path, "positive/a.jpg", "negative/b.jpg")
    (tmp_path / "negative/loop").symlink_to(tmp_path)
    assert read(tmp_path).frame["path"].tolist() == ["negative/b.jpg", "positive/a.jpg"]


def test_patterns_that_are_none(tmp_path: Path) -> None:
    touch(tmp_path, "joy_1.jpg")
    with pytest.raises(ConfigError, match=r'--label-pattern "\(" is not a regular expression'):
        read(tmp_path, label_pattern="(", label_space="ekman6")
    with pytest.raises(ConfigError, match="has no group; put what is looked for in parentheses"):
        read(tmp_path, label_pattern="joy", label_space="ekman6")


def test_class_folders_of_videos_and_of_sounds(tmp_path: Path) -> None:
    touch(tmp_path, "positive/a.MP4", "positive/s.wav", "negative/b.webm", "negative/poster.jpg")
    manifest = import_imagefolder(tmp_path, VideoFolderOptions(label_space="polarity2"))
    manifest.validate()
    assert manifest.frame["path"].tolist() == ["negative/b.webm", "positive/a.MP4"]
    assert set(manifest.frame["media"]) == {"video"}
    assert manifest.metadata["notes"] == ["2 files were left out: their suffix is none of videos"]
    sounds = read(tmp_path, media="audio", label_space="polarity2")
    assert sounds.frame["path"].tolist() == ["positive/s.wav"]
    with pytest.raises(DataError, match=r"no videos below this folder \(of \.3gp, \.avi"):
        import_imagefolder(touch(tmp_path / "none", "x.txt"), VideoFolderOptions())


def test_groups_in_the_names(tmp_path: Path) -> None:
    touch(tmp_path, "positive/ann_1.mp4", "negative/bob_2.mp4")
    manifest = read(tmp_path, media="video", label_space="polarity2", group_pattern="([a-z]+)_")
    assert manifest.frame["group"].tolist() == ["bob", "ann"]
    touch(tmp_path, "positive/3.mp4")
    with pytest.raises(DataError, match=r'positive/3\.mp4: no group in its name \(pattern "\(\[a-z\]\+\)_"\)'):
        read(tmp_path, media="video", label_space="polarity2", group_pattern="([a-z]+)_")


def test_two_classes_may_share_a_linked_folder(tmp_path, picture):
    picture(tmp_path / "store" / "x.png")
    for label in ("joy", "fear"):
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "more").symlink_to(tmp_path / "store")
    manifest = import_imagefolder(tmp_path / "data", ImageFolderOptions(label_space="ekman6"))
    assert sorted(manifest.frame["label"]) == ["fear", "joy"]


def test_domains_in_the_folders_of_emo8(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{split}/{d}/{label}/a.jpg" for split in ("train", "Test") for d in "xy" for label in MIKELS))
    manifest = read(tmp_path, template="{split}/{domain}/{label}/{name}")
    assert manifest.space().name == "mikels8"
    assert manifest.split_names() == ["test", "train"]
    frame = manifest.frame
    assert (frame["domain"] == [path.split("/")[1] for path in frame["path"]]).all()
    assert (frame["label"] == [path.split("/")[2] for path in frame["path"]]).all()
    same = read(tmp_path, template="*/{domain}/{label}/*")  # the first folders are splits all the same
    assert same.frame.sort_index(axis=1).equals(frame.sort_index(axis=1))
    with pytest.raises(DataError, match=r"is not like the --template"):
        read(tmp_path, template="{domain}/{label}/{name}")


def test_platforms_in_the_names_of_videos(tmp_path: Path) -> None:
    touch(tmp_path, "joy/Douyin_1.mp4", "sadness/TikTok_2.mp4")
    options = VideoFolderOptions(template="{label}/{platform}_{name}", label_space="ekman6")
    manifest = import_imagefolder(tmp_path, options)
    manifest.validate()
    assert manifest.frame["platform"].tolist() == ["Douyin", "TikTok"]
