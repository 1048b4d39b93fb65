"""The published lists themselves, read by their importers and divided by their protocols; the media are stand-ins."""

import csv
import json
from pathlib import Path

import pytest

from emolens.data.adapter import import_dataset
from emolens.data.protocol_use import protocol_of

pytestmark = pytest.mark.shared


def sizes(manifest) -> dict[str, int]:
    return {name: stated["n"] for name, stated in manifest.metadata["splits"].items()}


def place(folder: Path, lists: list[Path], media: list[str]) -> Path:
    """A folder with the lists and an empty file for each of the media."""
    for path in lists:
        (folder / path.name).symlink_to(path)
    for name in media:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def named(path: Path) -> list[str]:
    """The names of a list, without the number that some lines end in."""
    return [line.rsplit(" ", 1)[0] for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "folder", "listed"),
    [("videoemotion8", "ve8", {"train": 732, "test": 367}), ("ekman6", "ek6", {"train": 819, "test": 818})],
)
def test_lists_of_user_videos(shared: Path, tmp_path: Path, name: str, folder: str, listed: dict[str, int]) -> None:
    lists = sorted((shared / "data/av_lists" / folder).glob("*.txt"))
    media = [f"{line}.mp4" for path in lists if "list" in path.name for line in named(path)]
    place(tmp_path, lists, media)
    whole = import_dataset(name, tmp_path)
    assert sizes(whole) == listed
    divided = import_dataset(name, tmp_path, protocol="published")
    assert divided.metadata["splits"]["test"] == whole.metadata["splits"]["test"]
    assert sizes(divided)["val"] == round(0.1 * listed["train"])
    assert sum(sizes(divided).values()) == sum(listed.values())


@pytest.mark.parametrize(
    ("file", "space", "counts"),
    [
        ("ve8/ve8_01.json", "plutchik8", {"train": 731, "val": 367}),  # one name is there twice in the lists
        ("ve8/ve8_04.json", "plutchik8", {"train": 863, "val": 219}),
        ("ek6/ek6_01.json", "ekman6", {"train": 819, "val": 818}),
    ],
)
def test_the_same_as_json(shared: Path, tmp_path: Path, file: str, space: str, counts: dict[str, int]) -> None:
    table = shared / "data/av_lists" / file
    database = json.loads(table.read_text())["database"]
    place(tmp_path, [table], [f"{entry['annotations']['label']}/{name}.mp4" for name, entry in database.items()])
    assert sizes(import_dataset("activitynet_json", tmp_path, {"label_space": space})) == counts


def test_emoset_lists(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/emoset_annotations"
    lists = [source / name for name in ("info.json", "val.json", "test.json")]
    rows = [row for path in lists[1:] for row in json.loads(path.read_text())]
    place(tmp_path, lists, [image for _, image, _ in rows])
    (tmp_path / "train.json").write_text("[]")  # the only list that is not there
    for emotion, image, annotation in rows:
        path = tmp_path / annotation
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"image_id": Path(image).stem, "emotion": emotion, "scene": "beach"}))
    published = import_dataset("emoset", tmp_path, protocol="published")
    assert sizes(published) == {"val": 200, "test": 400}
    assert published.frame["label"].tolist() == [emotion for emotion, _, _ in rows]
    assert set(published.frame["scene"]) == {"beach"}
    assert sizes(import_dataset("emoset", tmp_path, protocol="uniemox")) == {"train": 200, "test": 400}


@pytest.mark.parametrize(("name", "folds", "rows"), [("crema_d", 5, 7437), ("ravdess", 6, 1440)])
def test_the_folds_of_hicmae_are_those_of_its_lists(
    shared: Path, tmp_path: Path, name: str, folds: int, rows: int
) -> None:
    lists = sorted((shared / "data/av_lists" / name).glob("split*/test.csv"))
    tested = [[line.split() for line in path.read_text().splitlines()] for path in lists]
    assert len(tested) == folds
    names = [[f"{Path(picture).name}.mp4" for picture, _, _ in fold] for fold in tested]
    place(tmp_path, [], [file for fold in names for file in fold])
    codes: dict[str, str] = {}
    for fold in range(1, folds + 1):
        made = import_dataset(name, tmp_path, protocol="hicmae", fold=fold)
        frame = made.frame.set_index("id")
        assert len(made) == rows
        assert sorted(frame.index[frame["split"] == "test"]) == sorted(names[fold - 1])
        assert made.frame.groupby("group")["split"].nunique().max() == 1
        for file, (_, _, code) in zip(names[fold - 1], tested[fold - 1], strict=True):
            assert codes.setdefault(code, frame["label"][file]) == frame["label"][file]
    assert len(set(codes.values())) == len(codes)  # each number of the lists is one label, and no two the same


def test_six_real_clips_of_crema_d(shared: Path) -> None:
    acted = import_dataset("crema_d", shared / "data/crema_d/clips")
    assert acted.metadata["partial"] == {"imported": 6, "expected": 7442}
    assert set(acted.frame["label"]) == set(acted.space().labels)
    assert set(acted.frame["group"]) == {"1001"}
    told = {"table": "tabulatedVotes.csv", "path": ("clips/{fileName}.flv",)}
    options = {"distribution": {"anger": "A", "disgust": "D", "fear": "F", "happy": "H", "neutral": "N", "sad": "S"}}
    seen = import_dataset(
        "csv",
        shared / "data/crema_d",
        {**told, **options, "id": "{fileName}", "label_space": "crema6", "media": "video", "where": {"#0": r"3\d{5}"}},
    )
    voted = seen.frame.set_index("id")["label"]
    assert len(voted) == 6
    assert voted["1001_DFA_SAD_XX"] == "neutral"  # the acted emotion is not always the one that is seen


def test_speech_of_ravdess(shared: Path) -> None:
    made = import_dataset("ravdess_speech", shared / "data/ravdess_speech/audio", protocol="hicmae", fold=2)
    assert made.metadata["partial"] == {"imported": 1080, "expected": 1440}
    counts = made.frame["label"].value_counts()
    assert counts["neutral"] == 72
    assert set(counts.drop("neutral")) == {144}
    assert set(made.frame.loc[made.frame["split"] == "test", "group"]) == {"05", "06", "07", "08"}
    assert protocol_of(made).words().startswith("hicmae of ravdess_speech, fold 2 of 6")


def test_javanese_actors_are_left_out_in_turn(shared: Path) -> None:
    tested = []
    for fold in range(1, 5):
        made = import_dataset("javanese", shared / "data/javanese", protocol="actors_out", fold=fold)
        assert sizes(made) == {"train": 120, "val": 24, "test": 48}
        tested += made.frame.loc[made.frame["split"] == "test", "id"].tolist()
    assert sorted(tested) == sorted(made.frame["id"])


def test_mafw_lists(shared: Path, tmp_path: Path) -> None:
    lists = sorted((shared / "data/av_lists/mafw").glob("split*"))
    counts = [len((path / "test.csv").read_text().splitlines()) for path in lists]
    clips = [Path(line.split()[1]).stem for path in lists for line in (path / "test.csv").read_text().splitlines()]
    place(tmp_path, lists, [f"clips/{clip}.mp4" for clip in clips])
    for fold, tested in enumerate(counts, start=1):
        assert sizes(import_dataset("mafw", tmp_path, protocol="hicmae", fold=fold))["test"] == tested
    assert sum(counts) == 9156


def test_meld_tables(shared: Path, tmp_path: Path) -> None:
    tables = sorted((shared / "data/av_lists/meld").glob("*.csv"))
    media = []
    for path in tables:
        with path.open(encoding="utf-8-sig", newline="") as rows:
            part = path.name.split("_")[0]
            media += [f"{part}/dia{r['Dialogue_ID']}_utt{r['Utterance_ID']}.mp4" for r in csv.DictReader(rows)]
    place(tmp_path, tables, media)
    made = import_dataset("meld", tmp_path, protocol="published")
    assert sizes(made) == {"train": 9989, "val": 1109, "test": 2610}
    assert set(made.frame["label"]) == set(made.space().labels)
    assert made.frame.groupby("group")["split"].nunique().max() == 1
    assert "partial" not in made.metadata
