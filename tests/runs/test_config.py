"""What a run folder says of its model: read, written, and read again."""

import json

import pytest

from emolens.errors import DataError
from emolens.media.audio_config import AudioConfig
from emolens.media.video_sample import VideoConfig
from emolens.models.backbones.vit import evaluation_preprocess
from emolens.runs.config import BackboneFacts, DataFacts, RunConfig, TrainingFacts
from emolens.taxonomy import get_label_space

FULL = RunConfig(
    kind="probe",
    backbone=BackboneFacts("ViT-B-32/openai", 512, "bf16", "a1" * 32),
    label_space=get_label_space("emotic26"),
    targets=("valence", "dominance"),
    multi_label=True,
    view="person",
    preprocess=evaluation_preprocess(64),
    video=VideoConfig(segments=4, audio=AudioConfig(rate=8000)),
    model={"depth": 2, "window": [2, 2]},
    source={"keras": "weights", "sha256": "0" * 64},
    training=TrainingFacts(
        recipe="probe",
        config={"trainer": {"seed": 3}},
        data=DataFacts("/data/m.parquet", "emotic", {"test": {"n": 5, "sha256": "b" * 64}}, {"train": 9, "val": 4}),
        seed=3,
        epoch=7,
        steps=80,
        samples_per_s=12.5,
        validation={"loss": 0.25},
    ),
)


@pytest.mark.parametrize("config", [FULL, RunConfig("knn")], ids=["everything", "nothing"])
def test_what_is_written_is_what_is_read(config):
    text = json.dumps(config.to_dict())
    assert RunConfig.from_dict(json.loads(text)) == config
    assert json.loads(text)["format"] == 2


def test_format_1_had_its_facts_flat_and_called_videos_clips():
    facts = FULL.to_dict()
    training = facts.pop("training")
    del training["samples_per_s"], facts["view"]
    old = {**facts, **training, "format": 1, "clip": facts.pop("video"), "clips_per_s": 12.5}
    old["config"] = {**old["config"], "view": "person"}
    read = RunConfig.from_dict(old)
    assert read.video == FULL.video
    assert read.view == "person"
    assert read.training.samples_per_s == 12.5
    assert (read.data, read.recipe, read.training.epoch) == (FULL.data, "probe", 7)
    assert RunConfig.from_dict({**old, "images_per_s": 3.0, "clips_per_s": None}).training.samples_per_s == 3.0


def test_format_1_without_facts_is_of_no_training():
    read = RunConfig.from_dict({"format": 1, "kind": "zeroshot", "label_space": None, "targets": []})
    assert read.training is None
    assert (read.recipe, read.data) == ("", DataFacts())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": None}, "field 'kind' is malformed"),
        ({"targets": "valence"}, "field 'targets' is malformed"),
        ({"multi_label": "yes"}, "field 'multi_label' is malformed"),
        ({"view": "sky"}, "field 'view' is malformed ('sky' is neither scene nor person)"),
        ({"backbone": {"spec": "mini"}}, "field 'backbone' is malformed (it lacks 'embed_dim')"),
        ({"label_space": {"name": "x"}}, "field 'label_space' is malformed"),
        ({"preprocess": {"resize": 3}}, "field 'preprocess' is malformed"),
        ({"video": {"segments": 0}}, "field 'video' is malformed"),
        ({"training": {"steps": "many"}}, "field 'training' is malformed"),
        ({"format": 99}, "was written by emolens"),
        ({"format": "two"}, "field 'format' is malformed"),
    ],
)
def test_a_malformed_field_is_named(changes, message):
    with pytest.raises(DataError) as told:
        RunConfig.from_dict({**FULL.to_dict(), **changes}, "runs/a/config.json")
    assert message in str(told.value)
    assert str(told.value).startswith("runs/a/config.json: ")


@pytest.mark.parametrize("name", ["format", "kind", "label_space", "targets"])
def test_a_missing_field_is_named(name):
    values = FULL.to_dict()
    del values[name]
    with pytest.raises(DataError, match=f"field '{name}' is missing; train again"):
        RunConfig.from_dict(values)
    with pytest.raises(DataError, match="holds no JSON object"):
        RunConfig.from_dict([1, 2])
