"""The windowed transformer layer against loops."""

import pytest
import torch

from emolens.models.av.window_attention import WindowAttention, far_apart


def test_the_mask_hides_what_is_farther_than_the_reach() -> None:
    blocked = far_apart(6, 2)
    for i in range(6):
        for j in range(6):
            assert blocked[i, j].item() == (abs(i - j) > 2)
    assert not far_apart(3, 8).any()


@pytest.mark.parametrize("reach", [1, 2, 4, 64])
def test_equals_the_obvious_version(numpy_av, spread, reach: int) -> None:
    layer = spread(WindowAttention(6, 2))
    query, memory = torch.randn(2, 2, 7, 6, dtype=torch.float64)
    out = layer(query, memory, far_apart(7, reach))
    naive = numpy_av(torch.nn.ModuleDict({"x": layer}))
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
