from pathlib import Path

import pytest

from emolens.data.importers.splitlists import SplitListsOptions, import_splitlists
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError

CLASSES = "1 Anger\n2 Disgust\n3 Fear\n4 Joy\n5 Sadness\n6 Surprise\n"


def layout(folder: Path, train: str, test: str, *files: str, classes: str | None = CLASSES, fold: str = "01") -> Path:
    folder.mkdir(exist_ok=True)
    if classes is not None:
        (folder / "classInd.txt").write_text(classes)
    (folder / f"trainlist{fold}.txt").write_text(train)
    (folder / f"testlist{fold}.txt").write_text(test)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def read(source: Path, **options: object) -> Manifest:
    manifest = import_splitlists(source, SplitListsOptions(**{"label_space": "ekman6", **options}))
    manifest.validate()
    return manifest


def test_lists_with_and_without_numbers_and_suffixes(tmp_path: Path) -> None:
    train = "Joy/a.mp4 4\r\nAnger/RoadRage[HD] Vol.2 1\n\nFear/gone 3\n"
    layout(tmp_path, train, "Joy/b\n", "Joy/a.mp4", "Anger/RoadRage[HD] Vol.2.avi", "Joy/b.webm")
    manifest = read(tmp_path)
    assert manifest.frame["id"].tolist() == ["Joy/a.mp4", "Anger/RoadRage[HD] Vol.2", "Joy/b"]
    assert manifest.frame["path"].tolist() == ["Joy/a.mp4", "Anger/RoadRage[HD] Vol.2.avi", "Joy/b.webm"]
    assert manifest.frame["label"].tolist() == ["joy", "anger", "joy"]
    assert manifest.frame["split"].tolist() == ["train", "train", "test"]
    assert manifest.metadata["notes"] == ["1 of 4 rows were left out: their files are absent"]
    assert manifest.metadata["fold"] == 1


def test_a_name_that_ends_in_a_number(tmp_path: Path) -> None:
    layout(tmp_path, "Joy/part 2\n", "Joy/part 3 4\n", "Joy/part 2.mp4", "Joy/part 3.mp4")
    assert read(tmp_path).frame["path"].tolist() == ["Joy/part 2.mp4", "Joy/part 3.mp4"]


def test_a_suffix_that_was_converted_since(tmp_path: Path) -> None:
    layout(tmp_path, "Joy/a.avi 4\n", "Joy/b.avi\n", "videos/Joy/a.mp4", "videos/Joy/b.mp4")
    assert read(tmp_path).frame["path"].tolist() == ["videos/Joy/a.mp4", "videos/Joy/b.mp4"]


def test_folds_and_validation_lists(tmp_path: Path) -> None:
    files = [f"Joy/{name}.mp4" for name in "abc"]
    layout(tmp_path / "annotations", "Joy/a 4\n", "Joy/b\n")
    layout(tmp_path / "annotations", "Joy/b 4\n", "Joy/c\n", fold="02")
    (tmp_path / "annotations/vallist02.txt").write_text("Joy/a\n")
    (tmp_path / "Joy").mkdir()
    for file in files:
        (tmp_path / file).touch()
    assert read(tmp_path).split_names() == ["test", "train"]
    second = read(tmp_path, fold=2)
    assert dict(zip(second.frame["path"], second.frame["split"], strict=True)) == {
        "Joy/b.mp4": "train",
        "Joy/a.mp4": "val",
        "Joy/c.mp4": "test",
    }
    with pytest.raises(DataError, match=r"annotations: no fold 3; there are 1, 2"):
        read(tmp_path, fold=3)
    with pytest.raises(ConfigError, match="--fold 0: the folds are numbered from 1"):
        read(tmp_path, fold=0)
    (tmp_path / "annotations/testlist02.txt").unlink()
    with pytest.raises(DataError, match=r"testlist02\.txt: is missing, the test list of fold 2"):
        read(tmp_path, fold=2)


def test_without_a_list_of_classes_the_folders_are_they(tmp_path: Path) -> None:
    names = ("Anger", "Disgust", "Fear", "Joy", "Sadness", "Surprise")
    train = "".join(f"{name}/a {number}\n" for number, name in enumerate(names, start=1))
    layout(tmp_path, train, "Joy/b\n", "Joy/b.mp4", *(f"{name}/a.mp4" for name in names), classes=None)
    assert read(tmp_path, label_space=None).space().name == "ekman6"


def test_a_class_that_is_missing(tmp_path: Path) -> None:
    layout(tmp_path, "Joyy/a.mp4 4\n", "Joy/b\n", "Joy/b.mp4")
    with pytest.raises(DataError, match=r'trainlist01\.txt line 1: class "Joyy" is not in classInd\.txt; did you mean'):
        read(tmp_path)
    layout(tmp_path, "Joy/a.mp4 3\n", "Joy/b\n", "Joy/b.mp4")
    with pytest.raises(DataError, match=r'line 1: class "Joy" has the number 4 in classInd\.txt, not 3'):
        read(tmp_path)


def test_a_label_that_is_not_in_the_space(tmp_path: Path) -> None:
    layout(tmp_path, "Boredom/a 1\n", "Boredom/b\n", "Boredom/a.mp4", classes="1 Boredom\n")
    with pytest.raises(DataError, match=r'trainlist01\.txt line 1: label "Boredom" is not in ekman6'):
        read(tmp_path)
    assert read(tmp_path, label_fixes={"Boredom": "disgust"}).frame["label"].tolist() == ["disgust"]


def test_lines_of_another_form(tmp_path: Path) -> None:
    layout(tmp_path, "a.mp4 4\n", "Joy/b\n", "Joy/b.mp4")
    with pytest.raises(DataError, match=r'trainlist01\.txt line 1: expected "LABEL/FILE \[NUMBER\]", found "a\.mp4 4"'):
        read(tmp_path)
    layout(tmp_path, "Joy/a.mp4 4\n", "Joy/b\n", "Joy/b.mp4", classes="Anger\n")
    with pytest.raises(DataError, match=r'classInd\.txt line 1: expected "NUMBER LABEL", found "Anger"'):
        read(tmp_path)


def test_a_file_in_both_lists(tmp_path: Path) -> None:
    layout(tmp_path, "Joy/a 4\n", "Joy/a\n", "Joy/a.mp4")
    with pytest.raises(
        DataError, match=r"testlist01\.txt line 1: Joy/a is listed already in .*trainlist01\.txt line 1"
    ):
        read(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no trainlist01\.txt; the lists are"):
        read(tmp_path)
    layout(tmp_path, "Joy/a 4\n", "Joy/b\n")
    with pytest.raises(DataError, match=r"none of the 2 listed files is there; .*the first being Joy/a"):
        read(tmp_path)
