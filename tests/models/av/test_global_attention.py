"""Stage 2 of AV-CPNet against loops."""

import pytest
import torch

from emolens.models.av.global_attention import GlobalAttention

HAS_AUDIO, HAS_VIDEO = torch.tensor([True, True, False]), torch.tensor([True, False, True])


@pytest.mark.parametrize("bias", [False, True])
def test_equals_the_obvious_version(numpy_av, spread, bias: bool) -> None:
    stage = spread(GlobalAttention(6, 3, bias))
    audio, video = torch.randn(2, 3, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    out_audio, out_video = stage(audio, video, HAS_AUDIO, HAS_VIDEO)
    expected = numpy_av(stage).globally("", audio[0].numpy(), video[0].numpy(), 3)
    torch.testing.assert_close(out_audio[0], torch.from_numpy(expected[0]))
    torch.testing.assert_close(out_video[0], torch.from_numpy(expected[1]))
    assert torch.equal(out_audio[1], audio[1])
    assert torch.equal(out_video[2], video[2])


def test_one_attention_serves_both_directions() -> None:
    names = [name for name, _ in GlobalAttention(8, 2).named_parameters()]
    assert sum(name.endswith("in_proj_weight") for name in names) == 1
    assert {"audio.weight", "video.weight"} <= set(names)
