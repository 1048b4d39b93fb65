import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from emolens.errors import ConfigError
from emolens.models.vit_blocks import (
    PatchEmbed,
    attention_weights,
    interpolate_position_embedding,
    sincos_position_embedding,
    transformer_block,
)


def test_positions_by_hand():
    """Width 4: one frequency, which is 1; first sine and cosine of the column, then of the row."""
    s, c = math.sin(1), math.cos(1)
    expected = [[0, 0, 0, 0], [0, 1, 0, 1], [s, c, 0, 1], [0, 1, s, c], [s, c, s, c]]
    torch.testing.assert_close(sincos_position_embedding(4, 2), torch.tensor([expected]))


def test_positions_equal_the_obvious_version():
    dim, grid = 12, 3
    found = sincos_position_embedding(dim, grid)[0]
    for row in range(grid):
        for column in range(grid):
            expected = []
            for place in (column, row):
                angles = [place / 10000 ** (2 * i / (dim / 2)) for i in range(dim // 4)]
                expected += [math.sin(a) for a in angles] + [math.cos(a) for a in angles]
            torch.testing.assert_close(found[1 + row * grid + column], torch.tensor(expected))


@pytest.mark.parametrize("dim", [0, -4, 6])
def test_positions_need_a_width_in_fours(dim):
    with pytest.raises(ConfigError, match="multiple of 4"):
        sincos_position_embedding(dim, 2)


def cubic(x: float, a: float = -0.75) -> float:
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def naive_bicubic(image: np.ndarray, size: int) -> np.ndarray:
    old = len(image)
    out = np.zeros((size, size))
    for r in range(size):
        for c in range(size):
            y, x = (r + 0.5) * old / size - 0.5, (c + 0.5) * old / size - 0.5
            for i in range(math.floor(y) - 1, math.floor(y) + 3):
                for j in range(math.floor(x) - 1, math.floor(x) + 3):
                    pixel = image[min(max(i, 0), old - 1), min(max(j, 0), old - 1)]
                    out[r, c] += pixel * cubic(y - i) * cubic(x - j)
    return out


@pytest.mark.parametrize(("old", "new"), [(3, 5), (5, 3), (2, 4)])
def test_interpolated_positions_equal_a_naive_bicubic(old, new):
    given = torch.randn(1, 1 + old**2, 3, generator=torch.Generator().manual_seed(0))
    found = interpolate_position_embedding(given, new)
    assert found.shape == (1, 1 + new**2, 3)
    assert torch.equal(found[:, 0], given[:, 0])
    for d in range(3):
        expected = naive_bicubic(given[0, 1:, d].double().reshape(old, old).numpy(), new)
        np.testing.assert_allclose(found[0, 1:, d].reshape(new, new).numpy(), expected, atol=1e-5)


def test_the_same_grid_is_left_alone():
    given = torch.randn(1, 10, 4)
    assert interpolate_position_embedding(given, 3) is given


@pytest.mark.parametrize("shape", [(1, 9, 4), (1, 1, 4), (2, 10, 4), (10, 4)])
def test_no_square_grid_is_refused(shape):
    with pytest.raises(ValueError, match="no class token and square grid"):
        interpolate_position_embedding(torch.zeros(shape), 3)


def naive_block(block: nn.Module, token: np.ndarray, heads: int) -> tuple[np.ndarray, np.ndarray]:
    """One sample (L, D) through the layer, and its attention (N, L, L), in numpy."""
    w = {name: value.detach().double().numpy() for name, value in block.state_dict().items()}

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x, name):
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    width = token.shape[1] // heads
    q, k, v = np.split(linear(norm(token, "norm1"), "attn.qkv"), 3, axis=1)
    looks, mixed = [], []
    for n in range(heads):
        mine = slice(n * width, (n + 1) * width)
        score = np.exp(q[:, mine] @ k[:, mine].T / math.sqrt(width))
        looks.append(score / score.sum(1, keepdims=True))
        mixed.append(looks[-1] @ v[:, mine])
    token = token + linear(np.concatenate(mixed, axis=1), "attn.proj")
    inside = linear(norm(token, "norm2"), "mlp.fc1")
    gelu = inside * 0.5 * (1 + np.vectorize(math.erf)(inside / math.sqrt(2)))
    return token + linear(gelu, "mlp.fc2"), np.stack(looks)


def test_a_block_and_its_attention_equal_the_definition():
    torch.manual_seed(0)
    block = transformer_block(12, 3).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.5)
    token = torch.randn(2, 5, 12, dtype=torch.float64)
    weights = attention_weights(block, token)
    assert weights.shape == (2, 3, 5, 5)
    for b in range(2):
        expected, looks = naive_block(block, token[b].numpy(), 3)
        np.testing.assert_allclose(block(token)[b].detach().numpy(), expected, atol=1e-10)
        np.testing.assert_allclose(weights[b].detach().numpy(), looks, atol=1e-10)


def test_a_dropped_branch_is_left_out_for_a_whole_sample_and_only_in_training():
    torch.manual_seed(0)
    block = transformer_block(8, 2, drop_path=0.5)
    token = torch.randn(64, 3, 8)
    changed = (block(token) != token).flatten(1)
    assert (changed.any(dim=1) == changed.all(dim=1)).all()
    assert 0 < int((~changed.any(dim=1)).sum()) < 40  # both branches of a sample are left out in a quarter of them
    block.eval()
    assert torch.equal(block(token), block(token))


@pytest.mark.parametrize("heads", [0, 5])
def test_heads_must_divide_the_width(heads):
    with pytest.raises(ConfigError, match=f"does not divide into {heads} heads"):
        transformer_block(12, heads)


def test_patches_are_a_strided_convolution_and_may_be_picked():
    torch.manual_seed(0)
    embed = PatchEmbed(12, 4, 8).double()
    image = torch.randn(2, 3, 12, 12, dtype=torch.float64)
    expected = F.conv2d(image, embed.proj.weight, embed.proj.bias, stride=4).flatten(2).transpose(1, 2)
    torch.testing.assert_close(embed(image), expected)
    keep = torch.tensor([[8, 0], [3, 3]])
    torch.testing.assert_close(embed(image, keep), torch.stack([expected[0, keep[0]], expected[1, keep[1]]]))


def test_pictures_of_another_size_are_refused():
    with pytest.raises(ConfigError, match=r"\(2, 3, 8, 12\); this model takes \(B, 3, 12, 12\)"):
        PatchEmbed(12, 4, 8)(torch.zeros(2, 3, 8, 12))
    with pytest.raises(ConfigError, match="image_size 14 is no multiple of patch_size 4"):
        PatchEmbed(14, 4, 8)


def test_names_are_the_published_ones():
    names = {name.rpartition(".")[0] for name in transformer_block(8, 2).state_dict()}
    assert names == {"norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"}
    assert all(module.eps == 1e-6 for module in transformer_block(8, 2).modules() if isinstance(module, nn.LayerNorm))
