from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from emolens.data.adapter import import_dataset
from emolens.errors import DataError


def numbers(valence: float) -> dict[str, float]:
    return {"valence": valence, "arousal": 4.0, "dominance": 6.0}


def one_annotator(box: list[int], words: list[str], valence: float = 7.0) -> dict[str, Any]:
    return {
        "body_bbox": np.array(box),
        "annotations_categories": {"categories": np.array(words, dtype=object)},
        "annotations_continuous": numbers(valence),
        "gender": "Female",
        "age": "Adult",
    }


def several_annotators(box: list[int], words: list[str], valence: float) -> dict[str, Any]:
    said = {"categories": np.array(["Fear"], dtype=object)}
    return {
        "body_bbox": np.array(box),
        "annotations_categories": [said, said],
        "combined_categories": np.array(words, dtype=object),
        "annotations_continuous": [numbers(1.0), numbers(2.0)],
        "combined_continuous": numbers(valence),
        "gender": "Male",
        "age": "Kid",
    }


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The published layout: a picture with two persons, and one with one, in each split."""
    pictures: dict[str, list[dict[str, Any]]] = {}
    for split, person in (("train", one_annotator), ("val", several_annotators), ("test", several_annotators)):
        persons = [
            person([1, 2, 30, 40], ["Peace", "Doubt/Confusion"], 7.0),
            person([5, 5, 9, 9], ["Fear"], float("nan")),
        ]
        pictures[split] = [
            {
                "filename": f"{split}1.jpg",
                "folder": "mscoco/images",
                "image_size": {},
                "database": {},
                "person": persons,
            },
            {
                "filename": f"{split}2.jpg",
                "folder": "ade20k/images",
                "image_size": {},
                "database": {},
                "person": persons[0],
            },
        ]
        for picture in pictures[split]:
            file = tmp_path / "emotic" / picture["folder"] / picture["filename"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    (tmp_path / "Annotations").mkdir()
    savemat(tmp_path / "Annotations/Annotations.mat", pictures)
    return tmp_path


def test_one_row_a_person(release: Path) -> None:
    manifest = import_dataset("emotic", release)
    assert len(manifest) == 9
    assert manifest.space().name == "emotic26"
    first = manifest.frame.iloc[0]
    assert first["id"] == "train/mscoco/images/train1.jpg#0"
    assert [manifest.space().index(label) for label in first["labels"]] == [
        manifest.space().index("peace"),
        manifest.space().index("doubt/confusion"),
    ]
    assert first["boxes"] == [[1.0, 2.0, 30.0, 40.0]]
    assert manifest.metadata["missing"] == {"valence": 3}
    assert manifest.target("valence")[0] == pytest.approx(2 * (7 - 1) / 9 - 1)
    assert all(path.is_file() for path in manifest.paths())
    assert manifest.frame.groupby("group")["id"].count().tolist() == [1, 1, 1, 2, 2, 2]


def test_several_annotators_are_taken_together(release: Path) -> None:
    test = import_dataset("emotic", release).select("test").frame
    assert [len(labels) for labels in test["labels"]] == [2, 1, 2]
    assert test["valence"].iloc[0] == 7.0


def test_what_is_missing_or_wrong(release: Path) -> None:
    (release / "emotic/mscoco/images/val1.jpg").unlink()
    notes = import_dataset("emotic", release).metadata["notes"]
    assert notes == ["2 of 9 persons were left out: their pictures are absent"]
    savemat(release / "Annotations/Annotations.mat", {"train": [{"filename": "a.jpg"}], "val": [], "test": []})
    with pytest.raises(DataError, match="train has another structure than the published one"):
        import_dataset("emotic", release)
    savemat(release / "Annotations/Annotations.mat", {"training": [1]})
    with pytest.raises(DataError, match='no variable "train"; it has training'):
        import_dataset("emotic", release)
    (release / "Annotations/Annotations.mat").write_text("not matlab")
    with pytest.raises(DataError, match="is not a readable MATLAB file"):
        import_dataset("emotic", release)
    (release / "Annotations/Annotations.mat").unlink()
    with pytest.raises(DataError, match=r"Annotations\.mat is missing: the annotations.*fill in the form"):
        import_dataset("emotic", release)
