"""A classifier without its last layer: multiplied by that layer's weights its numbers are torchvision's logits."""

import pytest
import torch
import torchvision

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.models.backbones.load import load_backbone


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_its_numbers_are_what_the_last_layer_gets(name, tmp_path):
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None).eval()
    torch.save(model.state_dict(), tmp_path / "w.pth")
    backbone = load_backbone(f"penultimate:{name}/{tmp_path / 'w.pth'}", ComputeConfig("cpu", "fp32"))
    image_BCHW = torch.randn(2, 3, 64, 64)
    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    assert backbone.embed_dim == last.in_features
    with torch.inference_mode():
        logit_BC = last(backbone.encode_image(image_BCHW))
        torch.testing.assert_close(logit_BC, model(image_BCHW), atol=1e-4, rtol=1e-4)


def test_a_model_without_a_linear_layer_is_refused(tmp_path):
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), tmp_path / "w.pth")
    with pytest.raises(ConfigError, match="ends in no linear layer; take torchvision:squeezenet1_1/PATH"):
        load_backbone(f"penultimate:squeezenet1_1/{tmp_path / 'w.pth'}")


def test_a_file_without_the_classifier_does_not_fit(tmp_path):
    state = torchvision.models.resnet18(weights=None).state_dict()
    torch.save({name: value for name, value in state.items() if not name.startswith("fc.")}, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"w\.pth as penultimate:resnet18"):
        load_backbone(f"penultimate:resnet18/{tmp_path / 'w.pth'}")
