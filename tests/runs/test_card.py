from dataclasses import replace

import yaml

from emolens.media.video_sample import VideoConfig
from emolens.runs.card import model_card
from emolens.runs.config import BackboneFacts, DataFacts, RunConfig, TrainingFacts
from emolens.taxonomy import get_label_space

PROBE = RunConfig(
    "probe",
    BackboneFacts("ViT-B-32/openai", 512, "bf16", "a" * 64),
    get_label_space("ekman6"),
    ("valence", "arousal"),
    training=TrainingFacts("probe", data=DataFacts(dataset="fi"), validation={"loss": 1.23456, "accuracy": 0.5}),
)


def front_matter(card):
    return yaml.safe_load(card.split("---")[1])


def test_a_card_says_what_the_model_is_and_how_it_did_on_validation():
    card = model_card("run:mine", PROBE)
    assert front_matter(card) == {
        "library_name": "emolens",
        "pipeline_tag": "image-classification",
        "tags": ["emotion-recognition", "affective-computing"],
    }
    lines = card.splitlines()
    assert "# run:mine" in lines
    assert "| backbone | `ViT-B-32/openai` (bf16) |" in lines
    assert "| looks at | the whole picture |" in lines
    assert "| label space | ekman6 (anger, disgust, fear, joy, sadness, surprise) |" in lines
    assert "| continuous targets | valence, arousal |" in lines
    assert "| data | fi |" in lines
    assert lines[lines.index("| loss | 1.2346 |") + 1] == "| accuracy | 0.5000 |"
    assert "not test metrics" in card
    assert "should not be used to judge a person" in card


def test_a_model_of_videos_and_one_of_no_training():
    card = model_card("v", RunConfig("av_cpnet", label_space=get_label_space("ekman6"), video=VideoConfig()))
    assert front_matter(card)["pipeline_tag"] == "video-classification"
    assert "video.mp4" in card
    assert "| none | |" in card.splitlines()


def test_an_encoder_is_not_shown_predicting():
    card = model_card("e", replace(PROBE, label_space=None, targets=(), training=None))
    assert "predict(" not in card
    assert "emolens train uniemox_finetune --encoder" in card


def test_a_model_of_persons_says_so():
    card = model_card("p", replace(PROBE, view="person"))
    assert "| looks at | each person, in a box with some of the surroundings |" in card.splitlines()
