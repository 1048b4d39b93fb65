"""A 2-D Swin made 3-D gives, on a clip that stands still, what the 2-D one gives on its picture."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from timm.models.swin_transformer import SwinTransformer as TimmSwin
from torch import Tensor
from torchvision.models.swin_transformer import SwinTransformer

from emolens.errors import WeightsError
from emolens.models.av.swin_inflation import inflate_swin
from emolens.models.av.video_swin import VideoSwin, VideoSwinConfig

SIZE, DEPTHS, HEADS = 48, (2, 2, 1), (1, 2, 2)
CONFIG = VideoSwinConfig(embed_dim=8, depths=DEPTHS, heads=HEADS, window=(4, 3, 3))


def spread(net: torch.nn.Module) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=generator))
    return net.eval()


def torchvisions() -> tuple[dict[str, Tensor], Tensor]:
    """Its tensors, and what it gives for ``picture()``."""
    net = spread(SwinTransformer([4, 4], 8, list(DEPTHS), list(HEADS), window_size=[3, 3], num_classes=5))
    state = dict(net.state_dict())
    net.head = torch.nn.Identity()
    with torch.inference_mode():
        return state, net(pixel())


def timms() -> tuple[dict[str, Tensor], Tensor]:
    net = spread(
        TimmSwin(SIZE, embed_dim=8, depths=DEPTHS, num_heads=HEADS, window_size=3, num_classes=5, strict_img_size=False)
    )
    with torch.inference_mode():
        return dict(net.state_dict()), net.forward_head(net.forward_features(pixel()), pre_logits=True)


def microsofts() -> tuple[dict[str, Tensor], Tensor]:
    """timm's, with the patch merging at the end of a stage, and with the buffers that the release stores."""
    state, features = timms()
    moved = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "layers" and parts[2] == "downsample":
            parts[1] = str(int(parts[1]) - 1)
        moved[".".join(parts).replace("head.fc.", "head.")] = value
    moved["layers.0.blocks.0.attn.relative_position_index"] = torch.zeros(9, 9)
    moved["layers.0.blocks.1.attn_mask"] = torch.zeros(16, 9, 9)
    return moved, features


def picture() -> Tensor:
    return torch.randint(0, 256, (1, SIZE, SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def pixel() -> Tensor:
    return (picture().float().permute(0, 3, 1, 2) - 100) / 255


@pytest.mark.parametrize("make", [torchvisions, timms, microsofts])
@pytest.mark.parametrize("frames", [1, 2, 5, 8, 16])  # of 16, 8 tokens: more than a window, so it is shifted in time
def test_a_still_clip_gives_the_features_of_its_picture(make, frames: int, tmp_path: Path) -> None:
    state, expected = make()
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "swin.safetensors")
    net = VideoSwin(replace(CONFIG, weights=str(tmp_path / "swin.safetensors"))).eval()
    with torch.inference_mode():
        found = net(picture()[:, None].expand(-1, frames, -1, -1, -1))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_tables_are_tiled_and_the_patch_is_shared_out() -> None:
    state, _ = torchvisions()
    own = VideoSwin(CONFIG).net.state_dict()
    inflated = inflate_swin(state, own)
    flat, deep = (
        s["features.1.0.attn.relative_position_bias_table" if s is state else name]
        for s, name in ((state, ""), (inflated, "features.0.0.attn.relative_position_bias_table"))
    )
    assert flat.shape == (5 * 5, 1)
    assert deep.shape == (7 * 5 * 5, 1)
    for offset in range(7):
        assert torch.equal(deep[25 * offset : 25 * (offset + 1)], flat)
    kernel = inflated["patch_embed.proj.weight"]
    assert torch.equal(kernel[:, :, 0], kernel[:, :, 1])
    torch.testing.assert_close(kernel.sum(2), state["features.0.0.weight"])


def test_another_window_is_refused(tmp_path: Path) -> None:
    state, _ = torchvisions()
    torch.save(state, tmp_path / "swin.pth")
    config = replace(CONFIG, window=(4, 7, 7), weights=str(tmp_path / "swin.pth"))
    with pytest.raises(WeightsError, match=r"swin\.pth, inflated, .* another shape .*relative_position_bias_table"):
        VideoSwin(config)
