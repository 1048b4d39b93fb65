import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.media.image import read_image
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.torchvision import TorchvisionBackbone, _preprocess


@pytest.mark.shared
def test_squeezenet_of_the_shared_data(shared):
    """Only its ``features.*`` are in the file; the map, pooled, has 2 x 512 numbers."""
    from torchvision import models

    path = shared / "models" / "squeezenet1_1_imagenet_features.safetensors"
    backbone = load_backbone(f"torchvision:squeezenet1_1/{path}", ComputeConfig("cpu", "fp32"))
    assert backbone.embed_dim == 1024
    model = models.squeezenet1_1(weights=None).eval()
    model.load_state_dict(load_file(path), strict=False)
    pictures = sorted((shared / "data" / "oasis" / "images").iterdir())[:4]
    transform = models.SqueezeNet1_1_Weights.DEFAULT.transforms()
    with torch.no_grad():
        found = model.features(torch.stack([transform(Image.open(p).convert("RGB")) for p in pictures]))
    expected = torch.cat([found.mean((2, 3)), found.amax((2, 3))], 1)
    batch = torch.stack([backbone.transform(read_image(path)) for path in pictures])
    torch.testing.assert_close(backbone.encode_image(batch), expected, atol=1e-4, rtol=1e-4)


# The trunk must be what forward() feeds its pooling, so pooling its mean and applying the head gives forward().
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "mnasnet0_5", "densenet121"])
def test_the_trunk_is_what_forward_pools(name):
    from torchvision import models

    torch.manual_seed(0)
    model = models.get_model(name, weights=None).eval()
    head = model.fc if hasattr(model, "fc") else model.classifier
    batch = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = model(batch)
        backbone = TorchvisionBackbone(
            "", name, model, _preprocess(models.get_model_weights(name).DEFAULT.transforms())
        )
        pooled = backbone.features(batch)
        found = head(pooled[:, : pooled.shape[1] // 2])
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["vit_b_32", "swin_t"])
def test_token_models_keep_their_pooling(name):
    from torchvision import models

    torch.manual_seed(0)
    model = models.get_model(name, weights=None).eval()
    head = model.heads if name == "vit_b_32" else model.head
    batch = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        expected = model(batch)
        backbone = TorchvisionBackbone(
            "", name, model, _preprocess(models.get_model_weights(name).DEFAULT.transforms())
        )
        torch.testing.assert_close(head(backbone.features(batch)), expected, atol=1e-4, rtol=1e-4)
    assert backbone.embed_dim == 768


def test_a_hole_in_the_trunk_is_an_error_a_missing_head_is_not(tmp_path):
    from torchvision import models

    state = {k: v for k, v in models.squeezenet1_1(weights=None).state_dict().items() if k.startswith("features.")}
    save_file(state, tmp_path / "features.safetensors")
    load_backbone(f"torchvision:squeezenet1_1/{tmp_path / 'features.safetensors'}")
    del state["features.3.squeeze.bias"]
    save_file(state, tmp_path / "holed.safetensors")
    with pytest.raises(WeightsError, match=r"missing \(1\): features\.3\.squeeze\.bias"):
        load_backbone(f"torchvision:squeezenet1_1/{tmp_path / 'holed.safetensors'}")
    with pytest.raises(WeightsError, match="another shape"):
        load_backbone(f"torchvision:squeezenet1_0/{tmp_path / 'features.safetensors'}")


def test_the_published_name_of_a_file_tells_its_preprocessing(tmp_path):
    from torchvision import models

    torch.manual_seed(0)
    state = models.mobilenet_v2(weights=None).state_dict()
    entries = models.MobileNet_V2_Weights
    sizes = {}
    for name in (entries.IMAGENET1K_V1.url.rpartition("/")[2], "mine.pth"):
        torch.save(state, tmp_path / name)
        sizes[name] = load_backbone(f"torchvision:mobilenet_v2/{tmp_path / name}").preprocess.resize[0]
    assert list(sizes.values()) == [256, 232]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("torchvision:resnet18", "needs its weights file: torchvision:resnet18/PATH"),
        ("torchvision:rsnet18/w.pth", 'did you mean "resnet18"'),
        ("torchvision:googlenet/w.pth", 'no torchvision model "googlenet" is supported'),
    ],
)
def test_unknown_or_incomplete(spec, says):
    with pytest.raises(ConfigError, match=says):
        load_backbone(spec)


def test_bf16_keeps_the_direction(tmp_path, rng):
    from torchvision import models

    torch.manual_seed(0)
    save_file(models.squeezenet1_1(weights=None).state_dict(), tmp_path / "w.safetensors")
    spec = f"torchvision:squeezenet1_1/{tmp_path / 'w.safetensors'}"
    image = rng.integers(0, 256, (60, 60, 3), dtype=np.uint8)
    one, other = (
        b.encode_image(b.transform(image)[None])
        for b in (load_backbone(spec, ComputeConfig("cpu", p)) for p in ("fp32", "bf16"))
    )
    assert float(torch.cosine_similarity(one, other)) > 0.999
