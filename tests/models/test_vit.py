"""The fine-tuned vision transformer against plain numpy, against timm, and its attention maps against loops."""

import numpy as np
import pytest
import torch

from emolens.errors import ConfigError
from emolens.models.vit import EmotionViT

SIZES = {"image_size": 16, "patch_size": 4, "embed_dim": 8, "depth": 2, "num_heads": 2, "num_classes": 5}


def build(**changes) -> EmotionViT:
    torch.manual_seed(0)
    return EmotionViT(**{**SIZES, **changes})


def pictures(batch: int = 3) -> torch.Tensor:
    return torch.randn(batch, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def tokens(vit, image: np.ndarray) -> np.ndarray:
    return np.concatenate([vit.w["cls_token"][0], vit.patches(image)]) + vit.w["pos_embed"][0]


def test_equals_the_published_definition(published_state, numpy_vit):
    state = published_state("fine-tuned")
    model = build()
    model.load_state_dict(state)
    images, vit = pictures(), numpy_vit(state)
    for image, features, logits in zip(
        images.double().numpy(), model.forward_features(images), model(images), strict=True
    ):
        token = tokens(vit, image)
        for i in range(2):
            token = vit.block(f"blocks.{i}", token, heads=2)
        pooled = vit.norm("fc_norm", token[1:].mean(0, keepdims=True))
        np.testing.assert_allclose(features.detach().numpy(), pooled[0], atol=1e-5)
        np.testing.assert_allclose(logits.detach().numpy(), vit.linear("head", pooled)[0], atol=1e-5)


def test_equals_timm(published_state):
    from timm.models.vision_transformer import VisionTransformer

    state = published_state("fine-tuned")
    timm = VisionTransformer(
        img_size=16, patch_size=4, embed_dim=8, depth=2, num_heads=2, num_classes=5, global_pool="avg", fc_norm=True
    )
    timm.load_state_dict(state)
    model = build()
    model.load_state_dict(state)
    torch.testing.assert_close(model(pictures()), timm(pictures()), atol=1e-5, rtol=1e-5)


def test_attention_maps_equal_a_naive_rollout(published_state, numpy_vit):
    state = published_state("fine-tuned")
    model = build()
    model.load_state_dict(state)
    images, vit = pictures(2), numpy_vit(state)
    maps = model.attention_maps(images)
    assert maps.shape == (2, 4, 4)
    for image, found in zip(images.double().numpy(), maps, strict=True):
        token, flow = tokens(vit, image), np.eye(17)
        for i in range(2):
            look = vit.looks(f"blocks.{i}.attn", vit.norm(f"blocks.{i}.norm1", token), heads=2).mean(0)
            flow = (0.5 * np.eye(17) + 0.5 * look) @ flow
            token = vit.block(f"blocks.{i}", token, heads=2)
        share = flow[1:, 1:].sum(0)
        np.testing.assert_allclose(found.flatten().numpy(), share / share.sum(), atol=1e-6)


def test_attention_maps_are_shares_and_carry_no_gradient():
    maps = build().attention_maps(pictures())
    assert (maps >= 0).all()
    assert not maps.requires_grad
    torch.testing.assert_close(maps.sum((1, 2)), torch.ones(3))


def test_without_blocks_every_place_counts_the_same():
    torch.testing.assert_close(build(depth=0).attention_maps(pictures(1)), torch.full((1, 4, 4), 1 / 16))


def test_gradients_reach_everything():
    model = build()
    torch.nn.init.normal_(model.head.weight)
    model(pictures()).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_first_answers_are_nearly_even():
    assert build()(pictures()).abs().max() < 1e-3


def test_dropping_rises_from_the_first_block_to_the_last():
    first, *others = build(depth=3, drop_path=0.2).blocks
    assert isinstance(first.drop_path1, torch.nn.Identity)
    assert [block.drop_path1.drop_prob for block in others] == pytest.approx([0.1, 0.2])
    model = build(drop_path=0.9)
    images = pictures().repeat(20, 1, 1, 1)
    assert not torch.equal(model.forward_features(images), model.forward_features(images))
    model.eval()
    assert torch.equal(model.forward_features(images), model.forward_features(images))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match=r"takes \(B, 3, 16, 16\)"):
        build()(pictures()[:, :, :12])
    with pytest.raises(ConfigError, match=r"drop_path 1\.0"):
        build(drop_path=1.0)
