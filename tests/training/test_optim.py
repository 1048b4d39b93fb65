import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from emolens.errors import ConfigError
from emolens.training.optim import OptimizerConfig, build_optimizer, learning_rate
from emolens.training.trainer_config import TrainerConfig, check_plan


def test_curve_rises_then_falls_to_the_stated_share():
    config = OptimizerConfig(lr=0.1, warmup_epochs=2, min_lr_ratio=0.01)
    curve = [learning_rate(step, 10, 12, config) for step in range(121)]
    assert curve[0] == 0
    assert curve[10] == pytest.approx(0.05)
    assert curve[20] == max(curve) == pytest.approx(0.1)
    assert curve[70] == pytest.approx(0.1 * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * 0.5))))
    assert curve[120] == pytest.approx(0.001)
    assert all(a >= b for a, b in pairwise(curve[20:]))


def test_biases_and_norms_do_not_decay():
    module = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    groups = build_optimizer(module, OptimizerConfig(weight_decay=0.3)).param_groups
    assert [(len(g["params"]), g["weight_decay"]) for g in groups] == [(1, 0.3), (3, 0.0)]


def test_frozen_parameters_are_left_out():
    module = nn.Linear(3, 4)
    module.bias.requires_grad_(False)
    optimizer = build_optimizer(module, OptimizerConfig())
    assert [p.shape for g in optimizer.param_groups for p in g["params"]] == [torch.Size([4, 3])]


def test_layers_learn_slower_towards_the_bottom():
    from emolens.models.vit import EmotionViT
    from emolens.training.optim import set_learning_rate

    model = EmotionViT(32, 8, 24, 3, 2, num_classes=4)
    optimizer = build_optimizer(model, OptimizerConfig(lr=1.0, weight_decay=0.3, layer_decay=0.5))
    set_learning_rate(optimizer, 2.0)
    found = {id(p): (g["lr"], g["weight_decay"]) for g in optimizer.param_groups for p in g["params"]}
    assert len(found) == len(list(model.parameters()))
    rate = {name: found[id(p)] for name, p in model.named_parameters()}
    # MAE's fine-tuning: decay^(depth + 1 - layer), the patch embedding being layer 0, the head depth + 1
    assert rate["head.weight"] == (2.0, 0.3)
    assert rate["head.bias"] == rate["fc_norm.weight"] == (2.0, 0.0)
    assert rate["blocks.2.attn.qkv.weight"] == (1.0, 0.3)
    assert rate["blocks.0.mlp.fc1.weight"] == (0.25, 0.3)
    assert rate["blocks.0.norm1.weight"] == (0.25, 0.0)
    assert rate["patch_embed.proj.weight"] == (0.125, 0.3)
    assert rate["cls_token"] == rate["pos_embed"] == (0.125, 0.0)


def test_without_layer_decay_the_groups_are_those_of_the_release():
    from emolens.models.vit import EmotionViT

    model = EmotionViT(32, 8, 24, 3, 2, num_classes=4)
    groups = build_optimizer(model, OptimizerConfig(weight_decay=0.3, layer_decay=1.0)).param_groups
    assert all("lr_scale" not in group for group in groups)
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert {id(model.cls_token), id(model.pos_embed), id(model.head.weight)} <= decayed
    with pytest.raises(ConfigError, match=r"layer_decay 0: must lie in \(0, 1\]"):
        OptimizerConfig(layer_decay=0)


def test_the_rate_scales_with_the_batch_where_it_is_stated_for_one():
    assert OptimizerConfig(lr=1e-3, lr_batch=256).for_batch(64).lr == pytest.approx(2.5e-4)
    assert OptimizerConfig(lr=1e-3).for_batch(64).lr == 1e-3


def naive_rate(step: int, steps_per_epoch: int, epochs: int, c: OptimizerConfig) -> float:
    """Rise, half a cosine, rest; one case after the other."""
    rise, rest, total = (n * steps_per_epoch for n in (c.warmup_epochs, c.final_epochs, epochs))
    least = c.lr * c.min_lr_ratio
    if step < rise:
        share = step / rise if c.warmup == "linear" else (step / rise) * (step / rise)
        return c.lr * c.warmup_start + (c.lr - c.lr * c.warmup_start) * share
    if step >= total - rest:
        return least
    return least + (c.lr - least) * (1 + math.cos(math.pi * (step - rise) / (total - rest - rise))) / 2


@pytest.mark.parametrize("warmup", ["linear", "quadratic"])
@pytest.mark.parametrize("start", [0.0, 0.1])
@pytest.mark.parametrize("final", [0.0, 1.5, 4.0])
def test_the_curve_is_the_obvious_one_at_every_step(warmup, start, final):
    config = OptimizerConfig(
        lr=0.3, warmup=warmup, warmup_start=start, warmup_epochs=2.5, final_epochs=final, min_lr_ratio=0.01
    )
    for step in range(8 * 7 + 1):
        found, expected = learning_rate(step, 7, 8, config), naive_rate(step, 7, 8, config)
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_everything_decays_where_that_is_asked_for():
    from emolens.models.vit import EmotionViT

    module = EmotionViT(32, 8, 24, 2, 2, num_classes=4)
    for layers in (1.0, 0.5):
        config = OptimizerConfig(weight_decay=0.3, decay_all=True, layer_decay=layers)
        groups = build_optimizer(module, config).param_groups
        assert {g["weight_decay"] for g in groups} == {0.3}
        assert sum(len(g["params"]) for g in groups) == len(list(module.parameters()))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"final_epochs": -1}, "final_epochs -1: must not be negative"),
        ({"warmup_start": 1.5}, "warmup_start 1.5: is a share of the peak"),
        ({"min_lr_ratio": -0.1}, "min_lr_ratio -0.1: is a share of the peak"),
    ],
)
def test_impossible_curves_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        OptimizerConfig(**values)


def test_both_ends_of_the_curve_must_fit_into_the_run():
    curve = OptimizerConfig(warmup_epochs=1.5, final_epochs=1.5)
    check_plan(TrainerConfig(epochs=3, batch_size=4), curve, rows=8)
    with pytest.raises(ConfigError, match=r"warmup_epochs 1\.5 and final_epochs 1\.5 are longer than the run of 2"):
        check_plan(TrainerConfig(epochs=2, batch_size=4), curve, rows=8)
