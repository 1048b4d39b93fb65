import json
from pathlib import Path

import pytest

from emolens.data.importers.activitynet_json import ActivityNetOptions, import_activitynet_json
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError

LABELS = ["Excitation", "Fear", "Neutral", "Relaxation", "Sadness", "Tension"]


def entry(label: str, subset: str = "training", as_list: bool = False) -> dict[str, object]:
    annotation = {"label": label, "segment": [0, 3]}
    return {"subset": subset, "annotations": [annotation] if as_list else annotation}


def layout(folder: Path, database: dict[str, object], *files: str, name: str = "emotions.json") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({"labels": LABELS, "database": database}))
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def read(source: Path, **options: object) -> Manifest:
    manifest = import_activitynet_json(source, ActivityNetOptions(**options))
    manifest.validate()
    return manifest


def test_subsets_labels_and_files(tmp_path: Path) -> None:
    database = {
        "a": entry("Fear"),
        "b": entry("Sadness", "validation", as_list=True),
        "c": entry("Tension", "testing"),
        "gone": entry("Fear"),
    }
    layout(tmp_path, database, "Fear/a.mp4", "Sadness/b.webm", "videos/Tension/c.mov")
    manifest = read(tmp_path)
    assert manifest.frame["id"].tolist() == ["a", "b", "c"]
    assert manifest.frame["path"].tolist() == ["Fear/a.mp4", "Sadness/b.webm", "videos/Tension/c.mov"]
    assert manifest.frame["split"].tolist() == ["train", "val", "test"]
    assert manifest.frame["label"].tolist() == ["fear", "sadness", "tension"]
    assert set(manifest.frame["media"]) == {"video"}
    assert manifest.space().name == "emotions6"
    assert manifest.metadata["notes"] == [
        "1 of 4 rows were left out: their files are absent",
        "label space emotions6, by the labels of the file",
    ]
    assert manifest.metadata["splits"]["val"]["n"] == 1


def test_own_template_fixes_and_subset_names(tmp_path: Path) -> None:
    database = {"x.1": entry("Scary", "holdout"), "y": {"subset": "training", "annotations": []}}
    layout(tmp_path, database, "videos/v_x.1.mp4", "videos/v_y.mp4", name="annotations/one.json")
    options = {"label_space": "emotions6", "label_fixes": {"Scary": "fear"}, "subsets": {"holdout": "test"}}
    manifest = read(tmp_path, path=("videos/v_{id}.mp4",), group_pattern="v_(.)", **options)
    assert manifest.frame["label"].tolist()[0] == "fear"
    assert manifest.frame["label"].isna().tolist() == [False, True]
    assert manifest.frame["split"].tolist() == ["test", "train"]
    assert manifest.frame["group"].tolist() == ["x", "y"]


def test_a_name_is_no_pattern(tmp_path: Path) -> None:
    odd = "RoadRage[Part1] (HD).vol.2"
    manifest = read(layout(tmp_path, {odd: entry("Tension")}, f"Tension/{odd}.mp4"), label_space="emotions6")
    assert manifest.frame["path"].tolist() == [f"Tension/{odd}.mp4"]


def test_the_file_itself_as_source(tmp_path: Path) -> None:
    layout(tmp_path, {"a": entry("Fear")}, "Fear/a.mp4")
    assert read(tmp_path / "emotions.json").root == tmp_path


def test_which_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no JSON file in it.*name it with --table"):
        read(tmp_path)
    layout(tmp_path, {"a": entry("Fear")}, "Fear/a.mp4")
    layout(tmp_path, {"a": entry("Fear")}, name="annotations/other.json")
    with pytest.raises(DataError, match=r"several JSON files \(annotations/other\.json, emotions\.json\); choose"):
        read(tmp_path)
    assert len(read(tmp_path, table="emotions.json")) == 1


@pytest.mark.parametrize("content", ["[]", '{"labels": []}', '{"database": [1]}', '{"database": {"a": 3}}'])
def test_json_that_is_no_such_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(DataError, match=r'x\.json: is not of the form \{"labels"'):
        read(tmp_path)


def test_no_json_and_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(DataError, match=r"x\.json: is not readable JSON"):
        read(tmp_path)
    (tmp_path / "x.json").write_text('{"database": {}}')
    with pytest.raises(DataError, match='its "database" is empty'):
        read(tmp_path)


def test_a_label_that_is_not_in_the_space(tmp_path: Path) -> None:
    layout(tmp_path, {"a": entry("Feer")}, "Feer/a.mp4")
    with pytest.raises(DataError, match=r'emotions\.json: "a": label "Feer" is not in emotions6; did you mean "fear"'):
        read(tmp_path, label_space="emotions6")


def test_an_unknown_subset(tmp_path: Path) -> None:
    layout(tmp_path, {"a": entry("Fear", "holdout")}, "Fear/a.mp4")
    with pytest.raises(DataError, match='"a": subset "holdout" is none of training, validation, testing'):
        read(tmp_path)


@pytest.mark.parametrize("annotations", [3, [3], {"lable": "Fear"}])
def test_annotations_of_another_form(tmp_path: Path, annotations: object) -> None:
    layout(tmp_path, {"a": {"subset": "training", "annotations": annotations}}, "Fear/a.mp4")
    with pytest.raises(DataError, match='"a": "annotations" must be'):
        read(tmp_path)


def test_several_labels(tmp_path: Path) -> None:
    two = {"subset": "training", "annotations": [{"label": "Fear"}, {"label": "Tension"}]}
    with pytest.raises(DataError, match=r'"a": several labels \(Fear, Tension\)'):
        read(layout(tmp_path, {"a": two}, "Fear/a.mp4"))


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of its 1 files is there; expected them at .*\{label\}/\{id\} or"):
        read(layout(tmp_path, {"a": entry("Fear")}))


def test_a_template_with_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'--path "\{labl\}/\{id\}": no \{labl\} here; did you mean "label"'):
        read(tmp_path, path=("{labl}/{id}",))


def test_platforms_in_the_names_of_files(tmp_path: Path) -> None:
    layout(tmp_path, {"TikTok_1": entry("Fear"), "Douyin_2": entry("Tension")}, "TikTok_1.mp4", "Douyin_2.mp4")
    manifest = read(tmp_path, template="{platform}_{name}")
    assert manifest.frame["platform"].tolist() == ["TikTok", "Douyin"]
