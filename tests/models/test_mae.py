"""The masked autoencoder against the published definition in plain numpy, and what its masks promise."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.errors import ConfigError
from emolens.models.mae import MaskedAutoencoder

SIZES = {
    "image_size": 16,
    "patch_size": 4,
    "embed_dim": 8,
    "depth": 2,
    "num_heads": 2,
    "decoder_embed_dim": 12,
    "decoder_depth": 2,
    "decoder_num_heads": 3,
}
LENGTH = 16


def build(**changes) -> MaskedAutoencoder:
    torch.manual_seed(0)
    return MaskedAutoencoder(**{**SIZES, **changes})


def sample(batch: int = 3, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 3, 16, 16, generator=generator), torch.rand(batch, LENGTH, generator=generator)


def reference(vit, images: np.ndarray, noise: np.ndarray, mask_ratio: float, normed: bool):
    """Section 3 of arXiv 2111.06377, one sample and one patch at a time."""
    keep = int(LENGTH * (1 - mask_ratio))
    masks, latents, predictions, errors = [], [], [], []
    for image, values in zip(images, noise, strict=True):
        order = sorted(range(LENGTH), key=lambda place: values[place])
        embedded = vit.patches(image)
        token = [vit.w["cls_token"][0, 0] + vit.w["pos_embed"][0, 0]]
        token += [embedded[place] + vit.w["pos_embed"][0, 1 + place] for place in order[:keep]]
        token = np.array(token)
        for i in range(2):
            token = vit.block(f"blocks.{i}", token, heads=2)
        latent = vit.norm("norm", token)
        seen = vit.linear("decoder_embed", latent)
        drawn = [seen[0]]
        for place in range(LENGTH):
            rank = order.index(place)
            drawn.append(seen[1 + rank] if rank < keep else vit.w["mask_token"][0, 0])
        token = np.array(drawn) + vit.w["decoder_pos_embed"][0]
        for i in range(2):
            token = vit.block(f"decoder_blocks.{i}", token, heads=3)
        prediction = vit.linear("decoder_pred", vit.norm("decoder_norm", token))[1:]
        mask = np.array([float(order.index(place) >= keep) for place in range(LENGTH)])
        for place in np.flatnonzero(mask):
            row, column = divmod(place, 4)
            target = [image[c, 4 * row + y, 4 * column + x] for y in range(4) for x in range(4) for c in range(3)]
            if normed:
                mean = sum(target) / len(target)
                variance = sum((t - mean) ** 2 for t in target) / (len(target) - 1)
                target = [(t - mean) / (variance + 1e-6) ** 0.5 for t in target]
            errors.append(sum((p - t) ** 2 for p, t in zip(prediction[place], target, strict=True)) / len(target))
        masks.append(mask)
        latents.append(latent)
        predictions.append(prediction)
    return sum(errors) / len(errors), np.array(predictions), np.array(masks), np.array(latents)


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize("mask_ratio", [0.75, 0.5])
def test_equals_the_published_definition(published_state, numpy_vit, normed, mask_ratio):
    state = published_state()
    model = build(norm_pixel_loss=normed)
    model.load_state_dict(state)  # strict: all names and shapes are the published ones
    images, noise = sample()
    expected = reference(numpy_vit(state), images.double().numpy(), noise.double().numpy(), mask_ratio, normed)
    loss, prediction, mask, latent = model(images, mask_ratio, noise)
    assert loss.item() == pytest.approx(expected[0], rel=1e-5)
    np.testing.assert_allclose(prediction.detach().numpy(), expected[1], atol=1e-5)
    np.testing.assert_array_equal(mask.numpy(), expected[2])
    np.testing.assert_allclose(latent.detach().numpy(), expected[3], atol=1e-5)


@settings(max_examples=40)
@given(st.integers(1, 4), st.floats(0, 0.93), st.integers(0, 2**31))
def test_masks(batch, mask_ratio, seed):
    model = build(depth=0, decoder_depth=0)
    images, noise = sample(batch, seed)
    latent, mask, restore = model.encode(images, mask_ratio, noise)
    keep = int(LENGTH * (1 - mask_ratio))
    assert latent.shape == (batch, 1 + keep, 8)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    assert mask.sum(1).tolist() == [LENGTH - keep] * batch
    assert restore.sort(1).values.equal(torch.arange(LENGTH).expand(batch, -1))
    seen, hidden = noise.masked_fill(mask == 1, -1), noise.masked_fill(mask == 0, 2)
    assert (seen.max(1).values <= hidden.min(1).values).all()


def test_of_equal_noise_the_earlier_patches_are_seen():
    images, _ = sample(2)
    _, mask, _ = build(depth=0).encode(images, 0.75, torch.zeros(2, LENGTH))
    assert mask.tolist() == [[0.0] * 4 + [1.0] * 12] * 2


def test_noise_is_drawn_from_the_seeded_generator():
    model, (images, _) = build(), sample()
    torch.manual_seed(5)
    first = model(images, 0.75)
    torch.manual_seed(5)
    assert torch.equal(first.mask, model(images, 0.75).mask)
    assert not torch.equal(first.mask, model(images, 0.75).mask)
    assert len(first.mask.unique(dim=0)) == 3


def test_hidden_pixels_are_not_seen_and_seen_ones_are():
    model, (images, noise) = build(), sample(1)
    _, prediction, mask, _ = model(images, 0.75, noise)
    patches = model.patchify(images)
    changed = model.unpatchify(patches + mask[..., None])
    torch.testing.assert_close(model(changed, 0.75, noise).prediction, prediction)
    changed = model.unpatchify(patches + (1 - mask[..., None]))
    assert not torch.allclose(model(changed, 0.75, noise).prediction, prediction)


def test_patchify_by_hand_and_back():
    model = build()
    images = torch.arange(3 * 16 * 16, dtype=torch.float32).reshape(1, 3, 16, 16)
    patches = model.patchify(images)
    assert patches.shape == (1, 16, 48)
    assert patches[0, 0, :6].tolist() == [0, 256, 512, 1, 257, 513]  # channels together, then the next column
    assert patches[0, 1, 0] == 4
    assert patches[0, 4, 0] == 64
    assert torch.equal(model.unpatchify(patches), images)


def test_loss_by_hand():
    model = build()
    images = torch.ones(2, 3, 16, 16)
    prediction = torch.zeros(2, LENGTH, 48)
    mask = torch.zeros(2, LENGTH)
    assert model.reconstruction_loss(images, prediction, mask).item() == 0  # nothing hidden
    mask[0, 3] = 1
    assert model.reconstruction_loss(images, prediction, mask).item() == 1
    prediction[0, 3] = 3
    mask[1, 0] = 1
    assert model.reconstruction_loss(images, prediction, mask).item() == pytest.approx((4 + 1) / 2)
    normed = build(norm_pixel_loss=True)
    assert normed.reconstruction_loss(images, torch.zeros(2, LENGTH, 48), mask).item() == 0  # a flat patch becomes 0


def test_nothing_hidden_still_encodes():
    images, noise = sample(2)
    found = build()(images, 0.0, noise)
    assert found.latent.shape == (2, 17, 8)
    assert found.loss.item() == 0


def test_gradients_reach_everything_but_the_fixed_positions():
    model, (images, noise) = build(), sample()
    model(images, 0.75, noise).loss.backward()
    for name, parameter in model.named_parameters():
        if name in ("pos_embed", "decoder_pos_embed"):
            assert not parameter.requires_grad
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_checkpointed_activations_change_nothing():
    images, noise = sample()
    grads = []
    for checkpointed in (False, True):
        model = build(checkpoint_activations=checkpointed)
        loss = model(images, 0.75, noise).loss
        loss.backward()
        grads.append((loss.detach(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}))
    assert torch.equal(grads[0][0], grads[1][0])
    for name, grad in grads[0][1].items():
        torch.testing.assert_close(grads[1][1][name], grad)


def test_bf16_autocast_stays_near_and_the_loss_is_fp32():
    model, (images, noise) = build(), sample()
    expected = model(images, 0.75, noise).loss
    with torch.autocast("cpu", torch.bfloat16):
        found = model(images, 0.75, noise)
    assert found.loss.dtype == torch.float32
    assert found.loss.item() == pytest.approx(expected.item(), rel=0.02)


def test_a_little_training_lowers_the_loss():
    model, (images, noise) = build(), sample()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    first = model(images, 0.75, noise).loss.item()
    for _ in range(20):
        optimizer.zero_grad()
        loss = model(images, 0.75, noise).loss
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.8 * first


def test_published_number_of_seen_patches():
    model = MaskedAutoencoder(embed_dim=4, depth=0, num_heads=1, decoder_embed_dim=4, decoder_depth=0)
    assert [model.visible_patches(ratio) for ratio in (0.0, 0.5, 0.75, 0.9)] == [196, 98, 49, 19]


@pytest.mark.parametrize("ratio", [-0.1, 0.95, 1.0, 1.5, float("nan")])
def test_a_ratio_that_leaves_nothing_is_refused(ratio):
    images, noise = sample()
    with pytest.raises(ConfigError, match="leaves no patch of 16"):
        build()(images, ratio, noise)


def test_what_does_not_fit_is_refused():
    images, noise = sample()
    with pytest.raises(ConfigError, match=r"noise \(3, 15\) does not fit; 3 pictures need \(3, 16\)"):
        build()(images, 0.75, noise[:, 1:])
    with pytest.raises(ConfigError, match=r"this model takes \(B, 3, 16, 16\)"):
        build()(images[..., 1:], 0.75, noise)
    with pytest.raises(ConfigError, match="multiple of patch_size"):
        build(image_size=15)
    with pytest.raises(ConfigError, match="multiple of 4"):
        build(embed_dim=6)
    with pytest.raises(ConfigError, match="heads"):
        build(num_heads=3)
