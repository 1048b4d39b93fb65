from pathlib import Path

import numpy as np
import pytest

from emolens.data.importers.csv import CsvOptions, import_csv
from emolens.errors import ConfigError, DataError


def write(folder: Path, table: str, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "t.csv").write_bytes(table.encode())
    return folder


def read(source: Path, **options: object):
    manifest = import_csv(source, CsvOptions(**{"table": "t.csv", **options}))
    manifest.validate()
    return manifest


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blanks(tmp_path: Path, end: str) -> None:
    table = end.join([" Name ,V", "a , 2.5", " b,6", ""])
    write(tmp_path, table, "a.jpg", "b.jpg")
    manifest = read(tmp_path, path=("{Name}.jpg",), valence="V", scale=(1, 7))
    assert manifest.frame["path"].tolist() == ["a.jpg", "b.jpg"]
    assert manifest.target("valence").tolist() == [-0.5, pytest.approx(2 / 3)]


def test_the_table_itself_as_source(tmp_path: Path) -> None:
    write(tmp_path, "path\na.jpg\n", "a.jpg")
    assert import_csv(tmp_path / "t.csv", CsvOptions()).paths() == [tmp_path / "a.jpg"]


def test_rows_without_a_file_are_left_out_and_said(tmp_path: Path) -> None:
    write(tmp_path, "path\na.jpg\nb.jpg\nc.jpg\n", "b.jpg")
    manifest = read(tmp_path)
    assert manifest.frame["id"].tolist() == ["b.jpg"]
    assert manifest.metadata["notes"] == ["2 of 3 rows were left out: their files are absent"]
    with pytest.raises(DataError, match=r"x/a\.jpg: no such file, and none for the other 2 rows"):
        read(tmp_path, path=("x/{path}",))


def test_labels_groups_boxes_and_more(tmp_path: Path) -> None:
    table = (
        "img,emo,x0,y0,x1,y1,who\nwar 1.jpg,Happinesst,0,0,5,6,ann\nwar 2.jpg,Fear,1,1,2,2,bob\nwar 2.jpg,,3,3,4,4,\n"
    )
    write(tmp_path, table, "war 1.jpg", "war 2.jpg")
    manifest = read(
        tmp_path,
        path=("{img}",),
        id="{img}#{row}",
        label="emo",
        label_space="heco8",
        label_fixes={"Happinesst": "happiness"},
        boxes=("x0", "y0", "x1", "y1"),
        group_pattern=r"(.*?)\s*\d+$",
        text="{who} of {img}",
        domain="who",
        keep=("who",),
    )
    frame = manifest.frame
    assert frame["id"].tolist() == ["war 1.jpg#0", "war 2.jpg#1", "war 2.jpg#2"]
    assert frame["label"].tolist()[:2] == ["happiness", "fear"]
    assert frame["label"].isna().tolist() == [False, False, True]
    assert frame["boxes"].iloc[1] == [[1.0, 1.0, 2.0, 2.0]]
    assert set(frame["group"]) == {"war"}
    assert frame["text"].iloc[0] == "ann of war 1.jpg"
    assert frame["domain"].isna().tolist() == [False, False, True]


def test_platform_and_domain_of_columns_or_of_the_path(tmp_path: Path) -> None:
    write(tmp_path, "path,app\nart/a.jpg,TikTok\nphoto/b.jpg,\n", "art/a.jpg", "photo/b.jpg")
    frame = read(tmp_path, platform="app", template="{domain}/{name}").frame
    assert frame["platform"].isna().tolist() == [False, True]
    assert frame["domain"].tolist() == ["art", "photo"]
    with pytest.raises(ConfigError, match=r"\{label\} cannot be read from the path here"):
        read(tmp_path, template="{label}/{name}")


def test_polarity_by_the_middle(tmp_path: Path) -> None:
    write(tmp_path, "path,v\na.jpg,4\nb.jpg,4.01\nc.jpg,3.99\n", "a.jpg", "b.jpg", "c.jpg")
    manifest = read(tmp_path, valence="v", scale=(1, 7), polarity_at=4)
    assert manifest.frame["label"].isna().tolist() == [True, False, False]
    assert manifest.frame["label"].tolist()[1:] == ["positive", "negative"]
    assert manifest.space().name == "polarity2"
    assert "no label exactly on it" in manifest.metadata["label_rule"]


def test_votes(tmp_path: Path) -> None:
    write(tmp_path, "'f','joy','sad'\n'a.jpg',3,1\n'b.jpg',2,2\n", "a.jpg", "b.jpg")
    votes = {"joy": "#1", "sadness": "#2"}
    manifest = read(tmp_path, path=("{#0}",), quote="'", distribution=votes, label_space="ekman6")
    space = manifest.space()
    shares = np.array(manifest.frame["distribution"].tolist())
    assert shares[0, space.index("joy")] == 0.75
    assert shares.sum(axis=1).tolist() == [1, 1]
    assert manifest.frame["label"].isna().tolist() == [False, True]


def test_missing_numbers(tmp_path: Path) -> None:
    write(tmp_path, "path,v\na.jpg,4\nb.jpg,\n", "a.jpg", "b.jpg")
    with pytest.raises(DataError, match="valence is NaN"):
        read(tmp_path, valence="v", scale=(1, 7))
    kept = read(tmp_path, valence="v", scale=(1, 7), missing="keep")
    assert kept.metadata["missing"] == {"valence": 1}


def test_several_templates(tmp_path: Path) -> None:
    write(tmp_path, "path\na.jpg\n", "Images/a.jpg")
    assert read(tmp_path, path=("Data/{path}", "Images/{path}")).frame["path"].tolist() == ["Images/a.jpg"]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    write(tmp_path, "path,emo,v\na.jpg,joyy,high\n", "a.jpg")
    for error, options, message in (
        (ConfigError, {"label": "emotion", "label_space": "ekman6"}, 'no column "emotion"; did you mean "emo"'),
        (ConfigError, {"label": "emo"}, "labels need their space: --label-space NAME"),
        (ConfigError, {"label": "emo", "polarity_at": 4.0}, "label and polarity_at both make the label"),
        (ConfigError, {"polarity_at": 4.0}, "needs a valence column"),
        (ConfigError, {"valence": "v"}, "valence need the ends of their scale: --scale LOW HIGH"),
        (
            DataError,
            {"label": "emo", "label_space": "ekman6"},
            r't\.csv row 0: label "joyy" is not in ekman6; did you mean "joy"',
        ),
        (DataError, {"valence": "v", "scale": (1, 7)}, r't\.csv row 0: "high" in column "v" is not a number'),
        (DataError, {"group_pattern": r"(\d+)"}, 'row 0: no group in "a"'),
        (DataError, {"table": "absent.csv"}, "no such table"),
    ):
        with pytest.raises(error, match=message):
            read(tmp_path, **options)
    (tmp_path / "t.csv").write_text("path\n")
    with pytest.raises(DataError, match="has no rows"):
        read(tmp_path)


def test_only_some_rows(tmp_path: Path) -> None:
    write(tmp_path, ",path\n100,a.mp4\n300,b.mp4\n301,c.mp4\n", "a.mp4", "b.mp4", "c.mp4")
    manifest = read(tmp_path, media="video", where={"#0": r"3\d\d"})
    assert manifest.frame["path"].tolist() == ["b.mp4", "c.mp4"]
    with pytest.raises(DataError, match=r't\.csv: no row whose "#0" is like "9"'):
        read(tmp_path, where={"#0": "9"})
    with pytest.raises(ConfigError, match=r't\.csv: no column "pth"; did you mean "path"'):
        read(tmp_path, where={"pth": "a"})
