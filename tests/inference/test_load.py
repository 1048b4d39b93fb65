import json

import numpy as np
import pytest
import torch
from PIL import Image

from emolens import load
from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.heads.clip_e import CrossEntropyHead
from emolens.heads.linear import LinearHead
from emolens.heads.text import TextHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.registry import loader_of, register_built_in
from emolens.models.backbones.load import load_backbone
from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy
from emolens.models.probe import LinearProbe
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel
from emolens.specs import BARE, MODEL_FORMS
from emolens.taxonomy import LabelSpace, get_label_space


@pytest.fixture
def pictures(tmp_path, picture):
    return [picture(tmp_path / "pictures" / f"{seed}.png", seed) for seed in range(5)]


def predictor_of(tiny_clip, kind, space="ekman6") -> ImagePredictor:
    backbone = load_backbone(tiny_clip, ComputeConfig("cpu", "fp32"))
    space = get_label_space(space)
    torch.manual_seed(1)
    head = {
        "probe": lambda: LinearHead(LinearProbe(16, len(space), ("valence", "arousal")), space),
        "clip_e_cross_entropy": lambda: CrossEntropyHead(CLIPECrossEntropy(len(space), 16), space),
        "clip_e_contrastive": lambda: TextHead(backbone, space, CLIPEContrastive(16), space),
    }[kind]()
    for parameter in head.module.parameters():
        torch.nn.init.normal_(parameter)
    targets = ("valence", "arousal") if kind == "probe" else ()
    config = RunConfig(kind, label_space=head.own_label_space, targets=targets)
    return ImagePredictor(kind, ImageModel(backbone, head, config))


def test_zero_shot_equals_open_clips_own_computation(tiny_clip, pictures):
    import open_clip

    arch, path = tiny_clip.split("/", 1)
    space = get_label_space("mikels8")
    model, _, preprocess = open_clip.create_model_and_transforms(arch, pretrained=path)
    tokenizer = open_clip.get_tokenizer(arch)
    model.eval()
    with torch.no_grad():
        text = []
        for label in space.labels:
            each = model.encode_text(tokenizer(space.prompts_for(label)), normalize=True)
            text.append(torch.nn.functional.normalize(each.mean(0), dim=0))
        image = model.encode_image(torch.stack([preprocess(Image.open(p)) for p in pictures]), normalize=True)
        expected = (model.logit_scale.exp() * image @ torch.stack(text).T).softmax(1).double().numpy()
    got = load(f"zeroshot:{tiny_clip}", "mikels8", device="cpu", precision="fp32").predict(pictures)
    np.testing.assert_allclose(got.score_NC(space), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-3, "the pictures must differ for this test to mean anything"


@pytest.mark.parametrize("kind", ["probe", "clip_e_cross_entropy", "clip_e_contrastive"])
def test_what_is_saved_predicts_the_same(tiny_clip, pictures, tmp_path, kind):
    predictor = predictor_of(tiny_clip, kind)
    predictor.save_pretrained(tmp_path / "saved")
    assert {p.name for p in (tmp_path / "saved").iterdir()} == {"config.json", "model.safetensors", "README.md"}
    again = load(str(tmp_path / "saved"), device="cpu", precision="fp32")
    before, after = predictor.predict(pictures), again.predict(pictures)
    space = get_label_space("ekman6")
    np.testing.assert_array_equal(before.score_NC(space), after.score_NC(space))
    np.testing.assert_array_equal(before.values("valence"), after.values("valence"))
    assert after[0].model == "run:saved"


def test_an_ad_hoc_label_space_travels_with_the_weights(tiny_clip, pictures, tmp_path):
    space = LabelSpace.of("mine", ["calm", "loud", "odd"])
    predictor_of(tiny_clip, "clip_e_cross_entropy", space).save_pretrained(tmp_path / "saved")
    row = load(f"run:{tmp_path / 'saved'}", device="cpu", precision="fp32").predict(pictures[:1])[0]
    assert set(row.scores) == {"calm", "loud", "odd"}
    assert row.valence is None, "a space without points gives no valence"


def test_each_kind_says_how_it_reaches_another_space(tiny_clip):
    kinds = {k: predictor_of(tiny_clip, k) for k in ("probe", "clip_e_cross_entropy", "clip_e_contrastive")}
    assert {k: p.mapping for k, p in kinds.items()} == dict.fromkeys(kinds, "native")
    assert {k: p.retarget("polarity3").mapping for k, p in kinds.items()} == {
        "probe": "exact",
        "clip_e_cross_entropy": "exact",
        "clip_e_contrastive": "text",
    }
    assert kinds["clip_e_cross_entropy"].retarget("mikels8").mapping == "valence_arousal"
    assert load(f"zeroshot:{tiny_clip}", "heco8").mapping == "text"


def test_rows_hold_what_the_contract_says(tiny_clip, pictures, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "clip.mp4").write_bytes(b"\0")
    inputs = [pictures[0], tmp_path / "text.jpg", tmp_path / "clip.mp4", tmp_path / "gone.png", pictures[1]]
    rows = load(f"zeroshot:{tiny_clip}", "ekman6").predict(inputs, batch_size=2)
    assert [row.source for row in rows] == [str(path) for path in inputs]
    assert [row.status for row in rows] == ["ok", "error", "error", "error", "ok"]
    assert sum(rows[0].scores.values()) == pytest.approx(1)
    assert rows[0].score == max(rows[0].scores.values()) == rows[0].scores[rows[0].label]
    space = get_label_space("ekman6")
    assert rows[0].polarity == space.polarity[space.index(rows[0].label)]
    assert "text.jpg" in rows[1].error
    assert "clip.mp4: is not a video" in rows[2].error
    assert "gone.png: no such file" in rows[3].error


def test_batch_size_does_not_change_the_answer(tiny_clip, pictures):
    model = load(f"zeroshot:{tiny_clip}", "ekman6", device="cpu", precision="fp32")
    space = get_label_space("ekman6")
    one, all_ = (model.predict(pictures, batch_size=n).score_NC(space) for n in (1, 5))
    np.testing.assert_allclose(one, all_, atol=1e-6)


def test_a_cache_gives_the_same_rows(tiny_clip, pictures, tmp_path):
    plain = load(f"zeroshot:{tiny_clip}", "ekman6")
    cached = load(f"zeroshot:{tiny_clip}", "ekman6", cache=tmp_path / "cache")
    bad = [*pictures, tmp_path / "gone.png"]
    assert [r.scores for r in plain.predict(bad)] == [r.scores for r in cached.predict(bad)]
    assert [r.status for r in cached.predict(bad)] == ["ok"] * 5 + ["error"]


def test_mini_is_always_there(pictures):
    rows = load("mini", "polarity2", device="cpu").predict(pictures)
    assert all(row.status == "ok" and -1 <= row.valence <= 1 for row in rows)
    assert rows[0].label_space == "polarity2"


def test_specs_that_do_not_exist(tmp_path):
    with pytest.raises(ConfigError, match="write zeroshot:ARCH"):
        load("nonsense")
    with pytest.raises(ConfigError, match=r'"mikel8".*did you mean "mikels8"'):
        load("mini", "mikel8")
    with pytest.raises(DataError, match="no such run folder"):
        load(f"run:{tmp_path / 'absent'}")


def test_a_half_written_run_says_how_to_go_on(tiny_clip, tmp_path):
    predictor_of(tiny_clip, "probe").save_pretrained(tmp_path / "run")
    (tmp_path / "run" / "config.json").unlink()
    with pytest.raises(DataError, match=r"training did not finish.*--resume"):
        load(f"run:{tmp_path / 'run'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"it has no config.json, so it is not a run folder"):
        load(f"run:{tmp_path / 'empty'}")


def test_damaged_runs_are_refused(tiny_clip, tmp_path):
    predictor_of(tiny_clip, "probe").save_pretrained(tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())

    def write(**changes):
        (tmp_path / "run" / "config.json").write_text(json.dumps({**config, **changes}))

    write(backbone={**config["backbone"], "fingerprint": "0" * 64})
    with pytest.raises(WeightsError, match="not those it was trained on"):
        load(f"run:{tmp_path / 'run'}", device="cpu", precision="fp32")
    write(format=99)
    with pytest.raises(DataError, match="newer; upgrade"):
        load(f"run:{tmp_path / 'run'}")
    write(kind="transformer")
    with pytest.raises(ConfigError, match='is of unknown kind "transformer"; known: av_cpnet'):
        load(f"run:{tmp_path / 'run'}")
    (tmp_path / "run" / "config.json").write_text('{"format": 1, "emolens"')
    with pytest.raises(DataError, match="is not readable JSON"):
        load(f"run:{tmp_path / 'run'}")
    write()
    (tmp_path / "run" / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="no such file"):
        load(f"run:{tmp_path / 'run'}", device="cpu", precision="fp32")


def test_mini_has_nothing_to_save(tmp_path):
    with pytest.raises(ConfigError, match="comes with emolens"):
        load("mini").save_pretrained(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def test_a_probe_of_valence_alone_gives_valence_alone(tiny_clip, pictures, tmp_path):
    backbone = load_backbone(tiny_clip, ComputeConfig("cpu", "fp32"))
    head = LinearHead(LinearProbe(16, 0, ("valence",)), None)
    ImagePredictor("v", ImageModel(backbone, head, RunConfig("probe", targets=("valence",)))).save_pretrained(
        tmp_path / "run"
    )
    model = load(f"run:{tmp_path / 'run'}", device="cpu", precision="fp32")
    row = model.predict(pictures[:1])[0]
    assert row.valence is not None
    assert row.arousal is row.label is row.scores is None
    with pytest.raises(ConfigError, match=r"labels \(ekman6\) need labels or both"):
        model.retarget("ekman6")


def test_zero_shot_saves_what_is_needed_to_ask_again(tiny_clip, pictures, tmp_path):
    model = load(f"zeroshot:{tiny_clip}", "mikels8", device="cpu", precision="fp32")
    model.save_pretrained(tmp_path / "saved")
    again = load(f"run:{tmp_path / 'saved'}", "mikels8", device="cpu", precision="fp32")
    assert [r.scores for r in model.predict(pictures)] == [r.scores for r in again.predict(pictures)]


def test_whatever_the_parser_knows_has_a_loader():
    register_built_in()
    for scheme in {*MODEL_FORMS, *BARE}:
        assert callable(loader_of(scheme)), scheme


@pytest.mark.parametrize("spec", ["lite", "nonsense:x"])
def test_an_unknown_model_lists_the_forms(spec):
    with pytest.raises(ConfigError, match="write zeroshot:ARCH/TAG_OR_PATH, "):
        load(spec)
