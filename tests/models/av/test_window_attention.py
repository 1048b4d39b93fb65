"""The windowed transformer layer against loops."""

import pytest
import torch

from emolens.errors import ConfigError
from emolens.models.av.pyramid_config import PyramidConfig
from emolens.models.av.window_attention import WindowAttention, far_apart

RELEASED = PyramidConfig("relu", attention_dropout=0.1, dropout=0.5, last_relu=True, bias=True)


def test_the_mask_hides_what_is_farther_than_the_reach() -> None:
    blocked = far_apart(6, 2)
    for i in range(6):
        for j in range(6):
            assert blocked[i, j].item() == (abs(i - j) > 2)
    assert not far_apart(3, 8).any()


@pytest.mark.parametrize("reach", [1, 2, 4, 64])
@pytest.mark.parametrize("config", [PyramidConfig(), RELEASED, PyramidConfig("relu", hidden=1)])
def test_equals_the_obvious_version(numpy_av, spread, reach: int, config: PyramidConfig) -> None:
    layer = spread(WindowAttention(6, 2, config)).eval()
    query, memory = torch.randn(2, 2, 7, 6, dtype=torch.float64)
    out = layer(query, memory, far_apart(7, reach))
    naive = numpy_av(torch.nn.ModuleDict({"x": layer}), released=config.activation == "relu")
    for b in range(2):
        expected = naive.layer("x", query[b].numpy(), memory[b].numpy(), 2, reach)
        torch.testing.assert_close(out[b], torch.from_numpy(expected))


def test_nothing_beyond_the_window_is_seen(spread) -> None:
    layer = spread(WindowAttention(4, 1))
    x = torch.randn(1, 8, 4, dtype=torch.float64)
    other = x.clone()
    other[0, 5] += 1
    before, after = (layer(y, y, far_apart(8, 2)) for y in (x, other))
    changed = (before != after).any(dim=2)[0]
    assert changed.tolist() == [False, False, False, True, True, True, True, True]


def test_dropout_strikes_what_attention_and_feed_forward_add_and_the_weights_of_attention() -> None:
    """Each place by itself, since with all at once one cannot tell them apart."""
    x, blocked = torch.randn(1, 400, 4), far_apart(400, 1)
    layer = WindowAttention(4, 1, PyramidConfig(dropout=0.5)).train()
    torch.nn.init.zeros_(layer.mlp.fc2.weight)
    torch.nn.init.ones_(layer.mlp.fc2.bias)
    torch.nn.init.zeros_(layer.attention.out_proj.weight)
    torch.nn.init.ones_(layer.attention.out_proj.bias)
    added = (layer(x, x, blocked) - x).round(decimals=3)  # twice 0 or 1 / 0.5
    assert added.unique().tolist() == [0, 2, 4]
    shares = [float((added == value).float().mean()) for value in (0, 2, 4)]
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.06)
    assert (layer.eval()(x, x, blocked) - x).round(decimals=3).unique().tolist() == [2]
    inner = WindowAttention(4, 1, PyramidConfig(attention_dropout=0.5))
    torch.manual_seed(0)
    assert not torch.equal(inner.train()(x, x, blocked), inner.eval()(x, x, blocked))
    assert inner.dropout.p == inner.mlp.drop1.p == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"activation": "tanh"}, r'model\.pyramid\.activation "tanh": must be gelu or relu'),
        ({"hidden": 0}, r"model\.pyramid\.hidden 0: must be at least 1"),
        ({"dropout": 1.0}, r"model\.pyramid\.dropout 1\.0: must lie in \[0, 1\)"),
        ({"attention_dropout": -0.1}, r"model\.pyramid\.attention_dropout -0\.1"),
    ],
)
def test_impossible_parts_are_refused_by_their_flag(values: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PyramidConfig(**values)
