import numpy as np
import pytest
import torch

from emolens.errors import ConfigError
from emolens.models.backbones.base import Backbone, mean_and_max
from emolens.models.backbones.load import load_backbone


def test_mini_needs_no_weights(rng):
    backbone = load_backbone("mini")
    image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert backbone.encode_image(backbone.transform(image)[None]).shape == (1, backbone.embed_dim)
    assert backbone.fingerprint == load_backbone("mini").fingerprint


def test_mean_and_max_equals_loops(rng):
    map_BCHW = rng.normal(size=(2, 3, 4, 5)).astype(np.float32)
    pooled = mean_and_max(torch.from_numpy(map_BCHW))
    assert pooled.shape == (2, 6)
    for b in range(2):
        for c in range(3):
            values = [float(map_BCHW[b, c, y, x]) for y in range(4) for x in range(5)]
            assert float(pooled[b, c]) == pytest.approx(sum(values) / 20, abs=1e-6)
            assert float(pooled[b, 3 + c]) == max(values)


class Sum(Backbone):
    def __init__(self, weight=1.0):
        super().__init__("sum", embed_dim=1, preprocess=None)
        self.weight = torch.nn.Parameter(torch.tensor([weight]))

    def features(self, batch):
        return batch.flatten(1).sum(1, keepdim=True) * self.weight


def settled(weight=1.0, precision="fp32"):
    backbone = Sum(weight)
    backbone.settle(torch.device("cpu"), precision)
    return backbone


def test_a_settled_backbone_is_frozen():
    backbone = settled()
    assert not backbone.training
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    result = backbone.encode_image(torch.ones(2, 3, 4, 4))
    assert result.tolist() == [[48.0], [48.0]]
    assert result.dtype == torch.float32


def test_lower_precision_still_answers_in_fp32():
    result = settled(precision="bf16").encode_image(torch.ones(1, 3, 4, 4))
    assert result.dtype == torch.float32


def test_the_fingerprint_is_of_what_decides_an_embedding():
    same = settled().fingerprint
    assert same == settled().fingerprint
    assert len(same) == 64
    others = {settled(2.0).fingerprint, settled(precision="bf16").fingerprint}
    assert same not in others
    assert len(others) == 2


def test_the_fingerprint_does_not_see_the_layout_in_memory():
    torch.manual_seed(0)
    one, other = Sum(), Sum()
    one.convolution, other.convolution = torch.nn.Conv2d(3, 4, 3), torch.nn.Conv2d(3, 4, 3)
    other.convolution.load_state_dict(one.convolution.state_dict())
    other.to(memory_format=torch.channels_last)
    assert one.fingerprint == other.fingerprint


def test_without_text_it_says_who_has_it():
    with pytest.raises(ConfigError, match="encodes no text; a CLIP model does"):
        settled().encode_text(["a"])
