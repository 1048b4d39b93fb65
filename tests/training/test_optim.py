import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from emolens.errors import ConfigError
from emolens.training.optim import OptimizerConfig, build_optimizer, learning_rate


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
