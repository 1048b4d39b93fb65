from pathlib import Path

import pytest

from emolens.data.importers.csv import CsvOptions, import_csv
from emolens.data.importers.csv_tables import read_tables
from emolens.errors import DataError


def test_several_tables_are_one_and_say_which(tmp_path: Path) -> None:
    for name, rows in (("train", "a,1\nb,2"), ("dev", "c,3")):
        (tmp_path / f"{name}_list.csv").write_text(f"path,n\n{rows}\n")
    cells = read_tables(tmp_path / "*_list.csv", ",", '"', header=True)
    assert cells.to_dict("list") == {"path": ["c", "a", "b"], "n": ["3", "1", "2"], "table": ["dev", "train", "train"]}


def test_folders_of_tables_without_a_header(tmp_path: Path) -> None:
    for fold in ("01", "02"):
        (tmp_path / f"split{fold}").mkdir()
        (tmp_path / f"split{fold}/test.csv").write_text(f"/far/{fold}.x /far/{fold}.wav 0\n")
        (tmp_path / f"{fold}.mp4").touch()
    options = CsvOptions(
        table="split*/test.csv", delimiter=" ", header=False, media="video", path=("{#1:stem}.mp4",),
        label="#2", label_space="polarity2", label_fixes={"0": "positive"}, keep=("table",),
    )  # fmt: skip
    frame = import_csv(tmp_path, options).frame
    assert frame["path"].tolist() == ["01.mp4", "02.mp4"]
    assert frame["table"].tolist() == ["01", "02"]
    assert set(frame["label"]) == {"positive"}


def test_splits_are_called_as_everywhere(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("path,part\na.jpg,Training\nb.jpg,dev\nc.jpg,extra\nd.jpg,\n")
    for name in "abcd":
        (tmp_path / f"{name}.jpg").touch()
    split = import_csv(tmp_path / "m.csv", CsvOptions(split="part")).frame["split"]
    assert split.tolist()[:3] == ["train", "val", "extra"]
    assert split.isna().tolist() == [False, False, False, True]


def test_tables_that_cannot_be_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\*\.csv: no such table"):
        read_tables(tmp_path / "*.csv", ",", '"', header=True)
    (tmp_path / "a.csv").write_text("path,n\na,1\n")
    (tmp_path / "b.csv").write_text("path\nb\n")
    with pytest.raises(DataError, match="different columns"):
        read_tables(tmp_path / "*.csv", ",", '"', header=True)
    (tmp_path / "b.csv").write_text("path,table\nb,1\n")
    with pytest.raises(DataError, match='has a column "table"'):
        read_tables(tmp_path / "*.csv", ",", '"', header=True)
