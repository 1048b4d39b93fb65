import json
from pathlib import Path

import pytest

from emolens.data.adapter import import_dataset
from emolens.data.importers.emoset_json import EmoSetOptions, import_emoset_json
from emolens.errors import DataError

INFO = {
    "emotion": {"label2idx": {"amusement": 0, "sadness": 7}},
    "brightness": {"label2idx": {"0.3": 3, "0.7": 7}},
    "object": {"label2idx": {"Tree": 0, "Dog": 1}},
}
SAMPLES = {"train": ["amusement_1", "sadness_2"], "val": ["amusement_3"], "test": ["sadness_4"]}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The published layout, four images large."""
    (tmp_path / "info.json").write_text(json.dumps(INFO))
    for split, names in SAMPLES.items():
        rows = []
        for name in names:
            emotion = name.split("_")[0]
            image, annotation = f"image/{emotion}/{name}.jpg", f"annotation/{emotion}/{name}.json"
            for file in (image, annotation):
                (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / image).touch()
            said = {"image_id": name, "emotion": emotion, "brightness": 0.3}
            (tmp_path / annotation).write_text(
                json.dumps(said | ({"object": ["Tree", "Dog"]} if split == "val" else {}))
            )
            rows.append([emotion, image, annotation])
        (tmp_path / f"{split}.json").write_text(json.dumps(rows))
    return tmp_path


def test_the_release(release: Path) -> None:
    manifest = import_emoset_json(release, EmoSetOptions())
    manifest.validate()
    frame = manifest.frame.set_index("id")
    assert frame["split"].to_dict() == {
        "amusement_1": "train",
        "sadness_2": "train",
        "amusement_3": "val",
        "sadness_4": "test",
    }
    assert frame["label"].to_dict()["sadness_4"] == "sadness"
    assert frame["brightness"].tolist() == [0.3] * 4
    assert frame["object"].to_dict()["amusement_3"] == ["Tree", "Dog"]
    assert "scene" not in frame.columns
    assert {name: split["n"] for name, split in manifest.metadata["splits"].items()} == {
        "train": 2,
        "val": 1,
        "test": 1,
    }


def test_rows_of_four_and_absent_files(release: Path) -> None:
    rows = [[row[0], "name", *row[1:]] for row in json.loads((release / "train.json").read_text())]
    (release / "train.json").write_text(json.dumps(rows))
    (release / "image/sadness/sadness_2.jpg").unlink()
    manifest = import_emoset_json(release, EmoSetOptions(attributes=False))
    assert len(manifest) == 3
    assert "brightness" not in manifest.frame.columns
    assert manifest.metadata["notes"] == ["1 of 2 rows of train.json were left out: their images are absent"]


def test_by_its_name_it_says_that_it_is_a_part(release: Path) -> None:
    manifest = import_dataset("emoset", release)
    assert manifest.metadata["partial"] == {"imported": 4, "expected": 118102}
    assert manifest.metadata["dataset"] == "emoset"


def test_what_is_wrong_is_named(release: Path) -> None:
    (release / "annotation/sadness/sadness_4.json").write_text('{"brightness": 0.45}')
    with pytest.raises(DataError, match=r'sadness_4\.json: brightness "0\.45" is not in info\.json'):
        import_emoset_json(release, EmoSetOptions())
    (release / "test.json").write_text('[["sadnes", "a.jpg", "a.json"]]')
    with pytest.raises(DataError, match=r'test\.json row 0: label "sadnes" is not in mikels8; did you mean "sadness"'):
        import_emoset_json(release, EmoSetOptions())
    (release / "test.json").write_text('[["sadness"]]')
    with pytest.raises(DataError, match=r"test\.json row 0: expected \[emotion, image, annotation\]"):
        import_emoset_json(release, EmoSetOptions())
    (release / "test.json").unlink()
    with pytest.raises(DataError, match=r"test\.json: no such file"):
        import_emoset_json(release, EmoSetOptions())
    with pytest.raises(DataError, match=r"test\.json is missing: the list of the test images\..*How to get it: ask"):
        import_dataset("emoset", release)
