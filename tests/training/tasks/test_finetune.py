import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.losses.multi_label import weighted_squared_error
from emolens.models.vit import EmotionViT
from emolens.taxonomy import get_label_space
from emolens.training.tasks.finetune import FinetuneTask, MixConfig
from emolens.training.tasks.outputs import Outputs
from emolens.training.tasks.task import Step

NAN = float("nan")
MIKELS = get_label_space("mikels8")


def vit(outputs):
    torch.manual_seed(0)
    model = EmotionViT(32, 8, 24, 2, 2, num_classes=outputs.size)
    torch.nn.init.normal_(model.head.weight)
    return model


def batch(rows):
    generator = torch.Generator().manual_seed(1)
    return {"image": torch.randn(8, 3, 32, 32, generator=generator)[rows], "row": torch.tensor(rows)}


def manifest(**columns):
    frame = pd.DataFrame({"id": list("abcd"), "path": list("abcd"), "media": "image", **columns})
    return Manifest(frame, {"scales": {"valence": [1, 9], "arousal": [1, 9], "dominance": [1, 10]}})


def test_targets_of_labels_and_values():
    table = manifest(label=["awe", None, "fear", "awe"], label_space="mikels8", valence=[1, 5, NAN, 9])
    outputs = Outputs.of(table, "all", "m")
    target_NO = outputs.table(table)
    assert outputs.targets == ("valence",)
    assert target_NO.shape == (4, 9)
    assert target_NO[0, :8].tolist() == np.eye(8)[MIKELS.index("awe")].tolist()
    assert target_NO[1, :8].isnan().all()
    assert target_NO[[0, 1, 3], 8].tolist() == [-1, 0, 1]
    assert target_NO[2, 8].isnan()
    assert Outputs.of(table, "label", "m").targets == ()
    assert Outputs.of(table, "valence_arousal", "m").space is None


def test_several_labels_with_dominance_as_in_emotic():
    labels = [["Peace", "Affection"], ["Anger"], None, []]
    table = manifest(labels=labels, label_space="emotic26", valence=5.0, arousal=5.0, dominance=[1.0, 10.0, 5.5, NAN])
    outputs = Outputs.of(table, "all", "m")
    target_NO = outputs.table(table)
    assert outputs.multi_label
    assert outputs.targets == ("valence", "arousal", "dominance")
    assert target_NO[:, :26].nansum(dim=1).tolist() == [2, 1, 0, 0]
    assert target_NO[2, :26].isnan().all()
    assert target_NO[:3, 28].tolist() == [-1, 1, 0]


def test_nothing_to_learn_is_said():
    with pytest.raises(ConfigError, match=r"m\.parquet: has nothing for targets label"):
        Outputs.of(manifest(valence=5.0), "label", "m.parquet")
    labelled = manifest(label=["awe", None, None, None], label_space="mikels8")
    part = Manifest(labelled.frame.iloc[1:].reset_index(drop=True), labelled.metadata)
    with pytest.raises(DataError, match="none of 3 rows"):
        Outputs.of(labelled, "all", "m").table(part)


def one_hot(labels, values=()):
    rows = torch.eye(8)[torch.tensor(labels)]
    return torch.cat([rows, torch.tensor(values).reshape(len(labels), -1)], dim=1)


def test_cross_entropy_with_smoothing_is_torchs():
    outputs = Outputs(MIKELS, False, ())
    labels = [3, 1, 0, 7]
    subject = FinetuneTask(vit(outputs), outputs, one_hot(labels), mix=MixConfig(label_smoothing=0.1))
    found = subject(batch([0, 1, 2, 3]), Step(0, 0, [0, 1, 2, 3]))["label"]
    logits = subject.model(batch([0, 1, 2, 3])["image"])
    assert found.item() == pytest.approx(F.cross_entropy(logits, torch.tensor(labels), label_smoothing=0.1).item())


def test_what_is_not_known_does_not_count():
    outputs = Outputs(MIKELS, False, ("valence", "arousal"))
    target_NO = one_hot([3, 1, 0], [[0.5, NAN], [NAN, NAN], [-0.5, NAN]])
    target_NO[0, :8] = NAN
    subject = FinetuneTask(vit(outputs), outputs, target_NO)
    parts = subject(batch([0, 1, 2]), Step(0, 0, [0, 1, 2]))
    output = subject.model(batch([0, 1, 2])["image"])
    assert parts["label"].item() == pytest.approx(F.cross_entropy(output[1:, :8], torch.tensor([1, 0])).item())
    errors = [(output[0, 8].item() - 0.5) ** 2, (output[2, 8].item() + 0.5) ** 2]
    assert parts["valence"].item() == pytest.approx(np.mean(errors), rel=1e-5)
    assert parts["arousal"].item() == 0
    sum(parts.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in subject.parameters())


def test_a_batch_without_any_label_is_no_division_by_zero():
    outputs = Outputs(MIKELS, False, ("valence",))
    subject = FinetuneTask(vit(outputs), outputs, torch.full((2, 9), NAN))
    parts = subject(batch([0, 1]), Step(0, 0, [0, 1]))
    sum(parts.values()).backward()
    assert {name: part.item() for name, part in parts.items()} == {"label": 0, "valence": 0}


def test_several_labels_weigh_by_how_rare_they_are_in_the_whole_split():
    outputs = Outputs(MIKELS, True, ())
    target_NO = (torch.rand(6, 8, generator=torch.Generator().manual_seed(2)) > 0.6).float()
    subject = FinetuneTask(vit(outputs), outputs, target_NO)
    found = subject(batch([0, 1]), Step(0, 0, [0, 1]))["label"]
    output = subject.model(batch([0, 1])["image"])
    assert found.item() == pytest.approx(weighted_squared_error(output, target_NO[:2], target_NO.sum(0)).item())


def test_pictures_and_all_their_targets_are_mixed_by_one_share():
    outputs = Outputs(MIKELS, False, ("valence",))
    target_NO = one_hot([0, 1, 2, 3], [0.0, 0.4, -0.4, 1.0])
    subject = FinetuneTask(vit(outputs), outputs, target_NO, mix=MixConfig(mixup=0.8, label_smoothing=0.1))
    seen = {}
    subject._parts = lambda output, target: seen.update(target=target) or {"x": output.sum()}
    original = batch([0, 1, 2, 3])
    before = original["image"].clone()
    numpy_state = np.random.get_state()[1].copy()
    subject.model.forward = lambda image: seen.update(image=image) or image.mean(dim=(1, 2, 3))
    subject(original, Step(0, 4, [0, 1, 2, 3]))
    assert torch.equal(original["image"], before)
    assert (np.random.get_state()[1] == numpy_state).all()
    image, target = seen["image"], seen["target"]
    share = ((image[0] - before[3]) / (before[0] - before[3])).median().item()
    assert 0 < share < 1
    assert torch.allclose(image[0], share * before[0] + (1 - share) * before[3], atol=1e-5)
    smooth = one_hot([0, 1, 2, 3]) * 0.9 + 0.1 / 8
    assert torch.allclose(target[0, :8], share * smooth[0] + (1 - share) * smooth[3], atol=1e-5)
    assert target[0, 8].item() == pytest.approx((1 - share) * 1.0, abs=1e-5)
    subject(original, Step(0, 4, [0, 1, 2, 3]))
    assert torch.equal(seen["target"], target)  # a function of the step


@pytest.mark.parametrize("mix", [MixConfig(mixup=0.8), MixConfig(cutmix=1.0)], ids=["mixup", "cutmix"])
def test_of_an_odd_number_the_last_picture_is_left_as_it_is_and_the_others_are_mixed_as_without_it(mix):
    outputs = Outputs(MIKELS, False, ())
    subject = FinetuneTask(vit(outputs), outputs, one_hot([0, 1, 2, 3, 4]), mix=mix)
    seen = []
    subject.model.forward = lambda image: seen.append(image) or image.mean(dim=(1, 2, 3))
    subject._parts = lambda output, target: seen.append(target) or {"x": output.sum()}
    for rows in ([0, 1, 2, 3], [0, 1, 2, 3, 4]):
        subject(batch(rows), Step(0, 4, rows))
    even_BCHW, even_BO, odd_BCHW, odd_BO = seen
    assert torch.equal(odd_BCHW[:4], even_BCHW)
    assert torch.equal(odd_BO[:4], even_BO)
    assert not torch.equal(even_BCHW, batch([0, 1, 2, 3])["image"])
    assert torch.equal(odd_BCHW[4], batch([4])["image"][0])
    assert torch.equal(odd_BO[4], one_hot([4])[0])


@pytest.mark.parametrize(
    ("outputs", "by"),
    [
        (Outputs(MIKELS, False, ("valence",)), ("accuracy",)),
        (Outputs(MIKELS, True, ("valence",)), ("map",)),
        (Outputs(None, False, ("valence", "arousal")), ("valence/ccc", "arousal/ccc")),
    ],
)
def test_what_stands_for_accuracy_is_among_the_figures_of_validation(outputs, by):
    generator = torch.Generator().manual_seed(0)
    target_NO = torch.rand(6, outputs.size, generator=generator)
    if outputs.space is not None:
        target_NO[:, :8] = torch.eye(8)[:6]
    subject = FinetuneTask(vit(outputs), outputs, target_NO, target_NO)
    with torch.inference_mode():
        metrics = subject.validate([batch(list(range(6)))])
    assert subject.judged_by == by
    assert subject.merit(metrics, "accuracy") == (np.mean([metrics[name] for name in by]), -metrics["loss"])
    assert subject.merit(metrics, "loss") == (0, -metrics["loss"])
    assert subject.merit({}, "accuracy") < subject.merit(metrics, "accuracy")


def test_validation_figures():
    outputs = Outputs(MIKELS, False, ("valence",))
    target_NO = one_hot([0, 1, 2, 3], [0.1, 0.2, 0.3, NAN])
    subject = FinetuneTask(vit(outputs), outputs, target_NO, target_NO)
    with torch.inference_mode():
        metrics = subject.validate([batch([0, 1]), batch([2, 3])])
        output = subject.model(batch([0, 1, 2, 3])["image"])
    assert metrics["accuracy"] == (output[:, :8].argmax(1) == torch.arange(4)).float().mean().item()
    top3 = [i in output[i, :8].topk(3).indices.tolist() for i in range(4)]
    assert metrics["accuracy_at_3"] == np.mean(top3)
    assert metrics["valence/pearson_r"] == pytest.approx(np.corrcoef(output[:3, 8], [0.1, 0.2, 0.3])[0, 1], rel=1e-4)
    assert metrics["loss"] == pytest.approx(metrics["loss/label"] + metrics["loss/valence"])


def test_several_labels_are_judged_by_mean_average_precision():
    outputs = Outputs(MIKELS, True, ())
    target_NO = (torch.rand(6, 8, generator=torch.Generator().manual_seed(2)) > 0.6).float()
    subject = FinetuneTask(vit(outputs), outputs, target_NO, target_NO)
    with torch.inference_mode():
        metrics = subject.validate([batch([0, 1, 2, 3, 4, 5])])
    assert 0 < metrics["map"] <= 1
    assert "accuracy" not in metrics
