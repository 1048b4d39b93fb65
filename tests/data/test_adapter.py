import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from emolens.data.adapter import get_adapter, import_dataset, list_adapters, register_adapter
from emolens.data.importers.registry import importers
from emolens.errors import ConfigError, DataError
from emolens.taxonomy import get_label_space

UNPUBLISHED = ("javanese",)  # nobody has stated where it is from


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("name", list_adapters())
def test_facts_hold_together(name: str) -> None:
    adapter = get_adapter(name)
    space = get_label_space(adapter.label_space)
    importers()[adapter.importer].fill(adapter.options)  # only options that the importer has
    assert adapter.centric in ("scene", "person")
    assert adapter.counts.total is None or adapter.counts.about is None
    assert adapter.url.startswith("http") or name in UNPUBLISHED
    for text in (adapter.title, adapter.citation, adapter.licence, adapter.layout, adapter.obtain):
        assert text.strip()
    assert adapter.obtain.endswith(".")
    for label in adapter.counts.label:
        assert label in space.labels
    if adapter.counts.label and adapter.counts.total:
        assert sum(adapter.counts.label.values()) == adapter.counts.total


def test_names_are_forgiving_and_unknown_ones_are_told() -> None:
    assert get_adapter("CAER-S").name == "caer_s"
    with pytest.raises(ConfigError, match='unknown data set "oassis"; did you mean "oasis"'):
        get_adapter("oassis")
    with pytest.raises(ConfigError, match='unknown kind "image_folder"; did you mean "imagefolder"'):
        import_dataset("image_folder", ".")
    with pytest.raises(ConfigError, match='importer imagefolder has no option "valence"'):
        import_dataset("imagefolder", ".", {"valence": "v"})


def test_a_file_that_holds_no_facts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with pytest.raises(DataError, match=r"mine\.toml: no such file"):
        register_adapter(path)
    for text, message in (
        ("title = [", "is not readable TOML"),
        ("titel = 'x'", "unexpected keyword argument 'titel'"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            register_adapter(path)
    (tmp_path / "heco.toml").write_text((files("emolens.data") / "adapters" / "heco.toml").read_text())
    with pytest.raises(ConfigError, match="emolens comes with a data set heco; give the file another name"):
        register_adapter(tmp_path / "heco.toml")


def test_a_missing_part_says_what_it_is_and_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "OASIS.csv").touch()
    with pytest.raises(
        DataError, match=r"images is missing: the folder of the images\. oasis must lie as .*osf\.io/6pnd7"
    ):
        import_dataset("oasis", tmp_path)
    with pytest.raises(DataError, match=r"absent: is not a folder\. BASS .*github\.com/gasparl/BASS"):
        import_dataset("bass", tmp_path / "absent")


def test_emotion6_layout(tmp_path: Path) -> None:
    lines = ["[file]\t[valence]\t[arousal]\t[prob. (anger)]"]
    for label in ("anger", "joy"):
        (tmp_path / "images" / label).mkdir(parents=True)
        (tmp_path / "images" / label / "1.jpg").touch()
        lines.append(f"{label}/1.jpg\t3.5\t6.5\t0.2")
    (tmp_path / "ground_truth.txt").write_text("\n".join(lines))
    manifest = import_dataset("emotion6", tmp_path)
    assert manifest.frame["label"].tolist() == ["anger", "joy"]
    assert manifest.frame["valence"].tolist() == [3.5, 3.5]
    assert manifest.metadata["partial"] == {"imported": 2, "expected": 1980}


def test_heco_layout(tmp_path: Path) -> None:
    (tmp_path / "Labels").mkdir()
    (tmp_path / "Data").mkdir()
    (tmp_path / "Data/a.jpg").touch()
    head = "Image,xmin,ymin,xmax,ymax,Category,Valence,Arousal,Dominance\n"
    rows = "a.jpg,1,2,3,4,Happinesst,8,5,6\na.jpg,5,5,9,9,Peace,7,2,5\n"
    (tmp_path / "Labels/HECO_Labels.csv").write_text(head + rows)
    manifest = import_dataset("heco", tmp_path)
    assert manifest.frame["label"].tolist() == ["happiness", "peace"]
    assert manifest.frame["group"].nunique() == 1
    assert manifest.frame["id"].is_unique


def test_abstract_and_artphoto_layouts(tmp_path: Path) -> None:
    head = "'','Amusement','Anger','Awe','Content','Disgust','Excitement','Fear','Sad'\n"
    for name in ("p1.jpg", "p2.jpg", "content_01.jpg", "sad_0002.jpg", "awe_7.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "ABSTRACT_groundTruth.csv").write_text(head + "'p1.jpg',0,0,0,5,0,1,0,0\n'p2.jpg',2,2,0,0,0,0,0,0\n")
    manifest = import_dataset("abstract", tmp_path)
    assert manifest.frame["label"].tolist()[0] == "contentment"
    assert manifest.frame["label"].isna().tolist() == [False, True]
    for name in ("p1.jpg", "p2.jpg"):
        (tmp_path / name).unlink()
    assert import_dataset("artphoto", tmp_path).frame["label"].tolist() == ["awe", "contentment", "sadness"]


def test_emotions_layout(tmp_path: Path) -> None:
    touch(tmp_path, "Excitation/1.mp4", "videos/Tension/2.mp4")
    database = {
        "1": {"subset": "training", "annotations": {"label": "Excitation"}},
        "2": {"subset": "validation", "annotations": {"label": "Tension"}},
    }
    (tmp_path / "annotations").mkdir()
    content = json.dumps({"labels": ["Excitation", "Tension"], "database": database})
    (tmp_path / "annotations/eMotions6_01_all.json").write_text(content)
    manifest = import_dataset("emotions", tmp_path)
    assert manifest.frame["label"].tolist() == ["excitation", "tension"]
    assert manifest.frame["split"].tolist() == ["train", "val"]
    assert manifest.metadata["partial"] == {"imported": 2, "expected": 27996}
    assert import_dataset("emotions_balanced", tmp_path).metadata["dataset"] == "emotions_balanced"
    with pytest.raises(ConfigError, match='has no option "fold"'):
        import_dataset("emotions", tmp_path, {"fold": 2})


def test_videoemotion8_layout(tmp_path: Path) -> None:
    touch(tmp_path, "Anger/RoadRage[HD].mp4", "Trust/Admiration.flv")
    (tmp_path / "trainlist02.txt").write_text("Anger/RoadRage[HD] 1\n")
    (tmp_path / "testlist02.txt").write_text("Trust/Admiration\n")
    manifest = import_dataset("videoemotion8", tmp_path, {"fold": 2})
    assert manifest.frame["label"].tolist() == ["anger", "trust"]
    assert manifest.metadata["fold"] == 2


def test_caer_and_mved_layouts(tmp_path: Path) -> None:
    caer = touch(tmp_path / "caer", "train/Happy/0001.avi", "validation/Sad/0001.avi", "test/Neutral/0002.avi")
    manifest = import_dataset("caer", caer)
    assert manifest.frame["label"].tolist() == ["neutral", "joy", "sadness"]
    assert manifest.split_names() == ["test", "train", "val"]
    mved = touch(tmp_path / "mved", "Exciting/a.mp4", "Sad/b.mp4", "Relaxation/c.mp4", "Tense/d.mp4")
    found = import_dataset("mved", mved).frame["label"].tolist()
    assert found == ["excitation", "relaxation", "sadness", "tension"]


def test_crema_d_layout(tmp_path: Path) -> None:
    touch(tmp_path, "VideoFlash/1001_DFA_ANG_XX.flv", "VideoFlash/1002_IEO_SAD_HI.flv", "AudioWAV/1001_DFA_ANG_XX.wav")
    manifest = import_dataset("crema_d", tmp_path)
    assert manifest.frame["label"].tolist() == ["anger", "sad"]
    assert manifest.frame["group"].tolist() == ["1001", "1002"]
    touch(tmp_path, "VideoFlash/extra.flv")
    with pytest.raises(DataError, match=r"extra\.flv: no label in its name"):
        import_dataset("crema_d", tmp_path)


@pytest.mark.shared
def test_crema_d_votes_as_published(shared: Path, tmp_path: Path) -> None:
    """The real table; the videos themselves are empty files here, as importing does not open them."""
    (tmp_path / "processedResults").mkdir()
    (tmp_path / "processedResults/tabulatedVotes.csv").symlink_to(shared / "data/crema_d/tabulatedVotes.csv")
    touch(tmp_path, "VideoFlash/1001_IEO_NEU_XX.flv", "VideoFlash/1001_IEO_HAP_LO.flv")
    manifest = import_dataset("crema_d_votes", tmp_path)
    assert manifest.frame["id"].tolist() == ["1001_IEO_NEU_XX", "1001_IEO_HAP_LO"]
    assert manifest.metadata["notes"] == ["7440 of 7442 rows were left out: their files are absent"]
    assert manifest.frame["group"].tolist() == ["1001", "1001"]
    assert all(abs(sum(shares) - 1) < 1e-9 for shares in manifest.frame["distribution"])


@pytest.mark.shared
def test_javanese_as_shared(shared: Path) -> None:
    manifest = import_dataset("javanese", shared / "data/javanese")
    assert len(manifest) == 192
    assert manifest.frame["label"].value_counts().tolist() == [32] * 6
    assert manifest.frame["group"].nunique() == 8
    row = manifest.frame.set_index("id").loc["03-02-06_01.mp4"]
    assert (row["label"], row["group"], row["media"]) == ("anger", "03", "video")


@pytest.mark.shared
def test_oasis_as_published(shared: Path) -> None:
    manifest = import_dataset("oasis", shared / "data/oasis")
    frame = manifest.frame.set_index("id")
    assert len(manifest) == 675
    assert manifest.metadata["partial"] == {"imported": 675, "expected": 900}
    assert all(path.is_file() for path in manifest.paths())
    assert frame.loc["images/War 2.jpg", "group"] == "War"  # "War 2 " in the table
    assert frame.loc["images/Acorns 1.jpg", "valence"] == 4.68627451
    assert not frame["group"].str.contains(r"\d$").any()
    labelled = frame.dropna(subset="label")
    assert ((labelled["valence"] > 4) == (labelled["label"] == "positive")).all()
    assert (frame.loc[frame["label"].isna(), "valence"] == 4).all()
    assert np.abs(manifest.target("valence")).max() <= 1


@pytest.mark.shared
def test_bass_as_published(shared: Path) -> None:
    manifest = import_dataset("bass", shared / "data/bass")
    frame = manifest.frame.set_index("id")
    assert len(manifest) == 583
    assert "partial" not in manifest.metadata
    assert frame.loc["images/abuse2.png", "group"] == "abuse"
    assert manifest.metadata["scales"] == {"valence": [1, 9], "arousal": [1, 9]}
    assert frame["valence"].between(1, 9).all()
    assert (frame.loc[frame["label"].isna(), "valence"] == 5).all()


WEBEMO = ("rage", "cheerfullness", "gratitude", "surprise")  # folders of WEBEmo, one misspelt as there


@pytest.mark.parametrize(
    ("space", "labels", "said"),
    [
        ("parrott25", ["cheerfulness", "gratitude", "rage", "surprise"], None),
        ("parrott6", ["joy", None, "anger", "surprise"], "rows left without a label: 2 (gratitude)"),
        ("polarity2", ["positive", "positive", "negative", None], "rows left without a label: 2 (surprise)"),
    ],
)
def test_webemo_is_imported_at_25_6_and_2_with_the_same_splits(tmp_path: Path, picture, space, labels, said) -> None:
    for split in ("train", "test"):
        for label in WEBEMO:
            picture(tmp_path / split / label / "a.jpg")
    manifest = import_dataset("webemo", tmp_path, {"label_space": space})
    by_id = dict(zip(manifest.frame["id"], manifest.frame["label"], strict=True))
    found = [by_id[f"train/{label}/a.jpg"] for label in sorted(WEBEMO)]
    assert [label if isinstance(label, str) else None for label in found] == labels
    assert manifest.metadata["splits"] == import_dataset("webemo", tmp_path).metadata["splits"]
    assert any(said in note for note in manifest.metadata["notes"]) if said else not manifest.metadata["notes"]


def test_files_that_are_in_the_coarser_space_already(tmp_path: Path, picture) -> None:
    for label in ("anger", "joy"):
        picture(tmp_path / label / "a.jpg")
    manifest = import_dataset("webemo", tmp_path, {"label_space": "parrott6"})
    assert manifest.frame["label"].tolist() == ["anger", "joy"]
    assert "relabelled" not in manifest.metadata


def test_what_is_in_no_space_says_so_in_the_words_of_the_data_set(tmp_path: Path, picture) -> None:
    picture(tmp_path / "ragee" / "a.jpg")
    with pytest.raises(DataError, match='label "ragee" is not in parrott25; did you mean "rage"'):
        import_dataset("webemo", tmp_path, {"label_space": "parrott6"})
    (tmp_path / "ragee").rename(tmp_path / "rage")
    with pytest.raises(DataError, match='label "rage" is not in mikels8'):
        import_dataset("webemo", tmp_path, {"label_space": "mikels8"})
