import math

import numpy as np
import pytest
import torch

from emolens.errors import ConfigError, DataError
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.taxonomy import get_label_space
from emolens.training.tasks.av import AVLossConfig, AVTask
from emolens.training.tasks.task import Step

EMOTIONS = get_label_space("emotions6")
ROWS = 6


def network(**changes):
    torch.manual_seed(0)
    small = AVCPNetConfig(
        classes=6,
        segments=2,
        frames=2,
        size=16,
        audio_frames=8,
        coefficients=4,
        width=8,
        levels=2,
        heads=2,
        dropout=0.0,
        video=VideoSwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2), window=(2, 2, 2), drop_path=0.0),
        audio=AudioResNetConfig(width=4, layers=(1, 1)),
    )
    return AVCPNet(AVCPNetConfig(**{**vars(small), **changes}))


def task(label=range(ROWS), loss=None, **changes):
    label_N = torch.tensor(list(label))
    return AVTask(network(**changes), label_N, label_N, EMOTIONS, loss)


FIRST = Step(0, 0, list(range(ROWS)))


def batch(has_video=(1,) * ROWS, has_audio=(1,) * ROWS):
    generator = torch.Generator().manual_seed(1)
    return {
        "video": torch.randint(0, 256, (ROWS, 2, 2, 16, 16, 3), generator=generator, dtype=torch.uint8),
        "audio": torch.randn(ROWS, 2, 8, 4, generator=generator),
        "has_video": torch.tensor(has_video, dtype=torch.bool),
        "has_audio": torch.tensor(has_audio, dtype=torch.bool),
        "row": torch.arange(ROWS),
    }


def naive(logits, label, rows, penalty=0.5):
    """EP-CE of these rows in float64, by loops."""
    total = 0.0
    for row in rows:
        x = logits[row].double().tolist()
        error = math.log(sum(math.exp(v) for v in x)) - x[label[row]]
        wrong = EMOTIONS.polarity[x.index(max(x))] != EMOTIONS.polarity[label[row]]
        total += (1 + penalty * wrong) * error
    return total / len(rows)


def answers(subject, data):
    """What the network says in training, whose statistics are those of the batch."""
    with torch.no_grad():
        return subject.model(data["video"], data["audio"], data["has_video"], data["has_audio"])


def test_each_part_counts_the_rows_that_have_its_modality():
    subject, data = task(), batch(has_video=(1, 1, 0, 1, 0, 1), has_audio=(1, 0, 1, 1, 1, 1))
    parts, logits = subject(data, FIRST), answers(subject, data)
    label = list(range(ROWS))
    assert list(parts) == ["fused", "audio", "video"]
    assert parts["fused"].item() == pytest.approx(naive(logits.fused_BC, label, range(ROWS)), rel=1e-5)
    assert parts["audio"].item() == pytest.approx(naive(logits.audio_BC, label, (0, 2, 3, 4, 5)), rel=1e-5)
    assert parts["video"].item() == pytest.approx(naive(logits.video_BC, label, (0, 1, 3, 5)), rel=1e-5)


def test_plain_cross_entropy_is_without_the_penalty():
    subject, data = task(loss=AVLossConfig(kind="ce")), batch()
    logits = answers(subject, data)
    assert subject(data, FIRST)["fused"].item() == pytest.approx(
        naive(logits.fused_BC, range(ROWS), range(ROWS), penalty=0), rel=1e-5
    )


@pytest.mark.parametrize("fusion", ["pyramid", "sum", "concat", "gated", "film", "late"])
@pytest.mark.parametrize("has", [(1,) * ROWS, (0,) * ROWS])
def test_every_weight_gets_a_finite_gradient_also_where_a_modality_is_absent(fusion, has):
    """DDP waits for all of them; and a NaN where a row lacks something would spread to all."""
    subject = task(fusion=fusion)
    parts = subject(batch(has_audio=has), FIRST)
    assert list(parts) == (["audio", "video"] if fusion == "late" else ["fused", "audio", "video"])
    assert (parts["audio"].item() == 0) == (not any(has))
    torch.stack(list(parts.values())).sum().backward()
    assert [n for n, p in subject.model.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_a_network_of_one_modality_has_one_part_and_drops_nothing(modality):
    subject = task(loss=AVLossConfig(modality_dropout=0.5), modalities=(modality,))
    data = batch(**{f"has_{modality}": (1, 1, 1, 0, 1, 1)})
    parts, logits = subject(data, FIRST), answers(subject, data)
    assert list(parts) == ["fused"]
    assert parts["fused"].item() == pytest.approx(naive(logits.fused_BC, range(ROWS), (0, 1, 2, 4, 5)), rel=1e-5)


def test_modality_dropout_takes_one_of_two_by_its_share_and_as_the_step_says():
    subject = task(loss=AVLossConfig(modality_dropout=0.2))
    seen = []
    subject.model.forward = lambda video, audio, has_video, has_audio: seen.append((has_video, has_audio)) or 1 / 0
    data = batch(has_video=(1, 1, 1, 1, 0, 1), has_audio=(1, 1, 1, 1, 1, 0))
    steps = range(500)
    for number in [*steps, 7]:
        with pytest.raises(ZeroDivisionError):
            subject(data, Step(0, number, list(range(ROWS))))
    video, audio = (torch.stack(column) for column in zip(*seen, strict=True))
    assert (video | audio).all()
    assert not video[:, 4].any()
    assert audio[:, 4].all()  # the only one it has
    assert video[:, 5].all()
    for kept in (video, audio):
        assert kept[:-1, :4].float().mean().item() == pytest.approx(0.8, abs=0.03)
    assert torch.equal(video[-1], video[7])
    assert torch.equal(audio[-1], audio[7])


def test_mixup_mixes_sound_pictures_and_losses_by_one_share_among_clips_of_a_kind():
    subject = task(loss=AVLossConfig(mixup=0.8))
    inner, seen = subject.model.forward, {}

    def forward(video, audio, has_video, has_audio):
        seen.update(video=video, audio=audio)
        seen["logits"] = inner(video, audio, has_video, has_audio)
        return seen["logits"]

    subject.model.forward = forward
    data = batch(has_audio=(1, 1, 0, 1, 0, 0))
    before = {name: tensor.clone() for name, tensor in data.items()}
    parts = subject(data, FIRST)
    assert all(torch.equal(data[name], before[name]) for name in before)
    other = [3, 0, 5, 1, 2, 4]  # the one before it among those with, or without, sound
    share = ((seen["audio"][0] - before["audio"][3]) / (before["audio"][0] - before["audio"][3])).median().item()
    assert 0 < share < 1
    wanted = share * before["video"].double() + (1 - share) * before["video"][other].double()
    assert seen["video"].dtype == torch.uint8
    assert (seen["video"].double() - wanted).abs().max() <= 0.51
    fused = seen["logits"].fused_BC.detach()
    expected = share * naive(fused, range(ROWS), range(ROWS)) + (1 - share) * naive(fused, other, range(ROWS))
    assert parts["fused"].item() == pytest.approx(expected, rel=1e-4)


def test_validation_judges_the_fused_answer_and_each_modality():
    label = [0, 0, 0, 1, 1, 5]
    subject, data = task(label), batch(has_video=(1, 1, 0, 1, 0, 1), has_audio=(1, 0, 1, 1, 1, 1))
    subject.eval()
    with torch.inference_mode():
        metrics = subject.validate([data])
        logits = answers(subject, data)
    hits = (logits.fused_BC.argmax(1) == torch.tensor(label)).double().numpy()
    assert metrics["accuracy"] == pytest.approx(hits.mean())
    assert metrics["uar"] == pytest.approx(np.mean([hits[:3].mean(), hits[3:5].mean(), hits[5]]))
    assert metrics["loss"] == pytest.approx(naive(logits.fused_BC, label, range(ROWS)), rel=1e-5)
    rows = [0, 2, 3, 4, 5]
    assert metrics["accuracy/audio"] == np.mean([int(logits.audio_BC[r].argmax()) == label[r] for r in rows])
    assert subject.counts == {"loss": 6, "accuracy": 6, "uar": 6, "accuracy/audio": 5, "accuracy/video": 4}


def test_validation_of_what_the_network_does_not_take():
    with torch.inference_mode():
        metrics = task().eval().validate([batch(has_audio=(0,) * ROWS)])
        assert "accuracy/audio" not in metrics
        with pytest.raises(DataError, match="no video of the validation split has audio"):
            task(modalities=("audio",)).eval().validate([batch(has_audio=(0,) * ROWS)])


def test_silly_numbers_are_refused():
    for wrong in ({"modality_dropout": 0.6}, {"mixup": -1.0}, {"penalty": (0.5, -0.5, 0.5)}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            AVLossConfig(**wrong)
