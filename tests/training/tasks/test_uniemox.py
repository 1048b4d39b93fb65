import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.losses.clip_distillation import contrastive_loss, similarity_loss
from emolens.models.backbones.load import load_backbone
from emolens.models.uniemox import UniEmoX, UniEmoXConfig
from emolens.training.tasks.task import Step
from emolens.training.tasks.teacher import Teacher
from emolens.training.tasks.text_table import TextTable
from emolens.training.tasks.uniemox import LossWeights, UniEmoXTask, masking_noise

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TEXTS = ["a dog", "a cat", "a dog", "rain", "a sad song", "the sea"]


def student(width=16):
    torch.manual_seed(0)
    return UniEmoX(UniEmoXConfig(32, 8, 24, 2, 2, width, 1, 2))


@pytest.fixture
def teacher(tiny_clip):
    return Teacher(load_backbone(tiny_clip, ComputeConfig("cpu", "fp32")), MEAN, STD)


def views(rows, size=32):
    generator = torch.Generator().manual_seed(1)
    pool = torch.randn(len(TEXTS), 2, 3, size, size, generator=generator)
    return {"scene": pool[rows, 0], "person": pool[rows, 1], "row": torch.tensor(rows)}


@pytest.fixture
def texts(teacher, tmp_path):
    return TextTable.of(TEXTS, teacher.backbone, tmp_path)


def task(teacher, texts, **weights):
    return UniEmoXTask(student(), teacher, LossWeights(**weights), 0.75, texts, texts)


def test_the_loss_is_the_sum_of_its_three_parts_each_as_written(teacher, texts):
    subject, rows = task(teacher, texts, similarity=2.0), [4, 1, 0, 3]
    parts = subject(views(rows), Step(5, 9, rows))
    noise_2BL = masking_noise(5, 9, rows, 16)
    output = subject.model(views(rows)["scene"], views(rows)["person"], 0.75, noise_2BL)
    image_BD = teacher.embed(views(rows)["scene"])
    text_BD = teacher.backbone.encode_text([TEXTS[row] for row in rows])
    assert parts["reconstruction"].item() == pytest.approx(output.reconstruction_loss.item())
    assert parts["similarity"].item() == pytest.approx(2 * similarity_loss(output.fused_BD, image_BD).item())
    expected = contrastive_loss(output.fused_BD, image_BD, text_BD, teacher.logit_scale).item()
    assert parts["contrastive"].item() == pytest.approx(expected, rel=1e-5)


def test_parts_of_a_step_average_to_the_whole_step(teacher, texts):
    subject, rows = task(teacher, texts), [4, 1, 0, 3]
    whole = subject(views(rows), Step(5, 9, rows))
    halves = []
    for part in range(2):
        halves.append(subject(views(rows[part::2]), Step(5, 9, rows, part, 2)))
    for name, value in whole.items():
        assert (halves[0][name] + halves[1][name]).item() / 2 == pytest.approx(value.item(), rel=1e-5)


def test_masks_depend_on_seed_step_and_row_alone():
    noise_2BL = masking_noise(1, 2, [3, 4, 5], 49)
    assert noise_2BL.shape == (2, 3, 49)
    assert torch.equal(masking_noise(1, 2, [5, 3], 49), noise_2BL[:, [2, 0]])
    assert not torch.equal(masking_noise(1, 3, [3], 49), noise_2BL[:, :1])
    assert not torch.equal(masking_noise(2, 2, [3], 49), noise_2BL[:, :1])
    assert not torch.equal(noise_2BL[0], noise_2BL[1])
    many = masking_noise(0, 0, range(200), 49)
    assert many.mean().item() == pytest.approx(0.5, abs=0.01)


def test_the_teacher_sees_what_its_own_preprocessing_makes(teacher, rng):
    image_HWC = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)  # of the teacher's size, so that nothing is resized
    picture = torch.from_numpy(image_HWC).permute(2, 0, 1).float() / 255
    view = (picture - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    expected = teacher.backbone.encode_image(teacher.backbone.transform(image_HWC)[None])
    assert torch.allclose(teacher.embed(view[None]), expected, atol=1e-4)
    assert teacher.embed(F.interpolate(view[None], (64, 64))).shape == (1, 16)


def test_the_teacher_is_neither_trained_nor_saved(teacher, texts):
    subject = task(teacher, texts)
    assert all(name.startswith("model.") for name in subject.state_dict())
    sum(subject(views([0, 1]), Step(0, 0, [0, 1])).values()).backward()
    assert all(p.grad is None for p in teacher.backbone.parameters())
    assert all(p.grad is not None for p in subject.parameters() if p.requires_grad)


@pytest.mark.parametrize("off", ["reconstruction", "similarity", "contrastive"])
def test_each_part_can_be_switched_off_and_no_weight_is_left_without_gradient(teacher, texts, off):
    subject = task(teacher, texts, **{off: 0})
    parts = subject(views([0, 1]), Step(0, 0, [0, 1]))
    assert off not in parts
    assert len(parts) == 2
    sum(parts.values()).backward()
    assert all(p.grad is not None for p in subject.parameters() if p.requires_grad)


def test_reconstruction_alone_needs_no_teacher():
    subject = UniEmoXTask(student(), weights=LossWeights(similarity=0, contrastive=0))
    parts = subject(views([0, 1]), Step(0, 0, [0, 1]))
    sum(parts.values()).backward()
    assert list(parts) == ["reconstruction"]
    assert all(p.grad is not None for p in subject.parameters() if p.requires_grad)


def test_validation_does_not_depend_on_its_batches(teacher, texts):
    subject = task(teacher, texts)
    with torch.inference_mode():
        one = subject.validate([views([0, 1, 2, 3, 4, 5])])
        two = subject.validate([views([0, 1]), views([2, 3, 4, 5])])
    assert one == pytest.approx(two, rel=1e-5)
    assert one["loss"] == pytest.approx(one["reconstruction"] + one["similarity"] + one["contrastive"])


def test_what_does_not_fit_is_said(teacher, texts):
    with pytest.raises(ConfigError, match=r"gives embeddings of width 16, the student tokens of width 32"):
        UniEmoXTask(student(32), teacher, texts=texts)
    with pytest.raises(ConfigError, match="need a teacher"):
        UniEmoXTask(student())
    with pytest.raises(ConfigError, match="needs a text for each row"):
        UniEmoXTask(student(), teacher)
    with pytest.raises(ConfigError, match="at least one above"):
        LossWeights(0, 0, 0)
    with pytest.raises(ConfigError, match="none below 0"):
        LossWeights(-1, 1, 1)
