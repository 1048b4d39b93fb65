import numpy as np
import pytest
import torch

from emolens.errors import ConfigError
from emolens.media.image import read_image
from emolens.models.affective.features import affective_features
from emolens.models.backbones import mini
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.mini import MiniBackbone


def test_transform_gives_the_features_and_encoding_leaves_them(picture, tmp_path):
    backbone = load_backbone("mini")
    assert isinstance(backbone, MiniBackbone)
    images = [read_image(picture(tmp_path / f"{seed}.png", seed)) for seed in range(3)]
    batch = torch.stack([backbone.transform(image) for image in images])
    embedding = backbone.encode_image(batch)
    assert embedding.dtype == torch.float32
    assert embedding.shape == (3, backbone.embed_dim)
    assert np.array_equal(embedding.numpy(), np.stack([affective_features(image) for image in images]))


def test_fingerprint_is_that_of_the_feature_version(monkeypatch):
    first = MiniBackbone().fingerprint
    assert first == MiniBackbone().fingerprint
    monkeypatch.setattr(mini, "FEATURE_VERSION", "another")
    assert MiniBackbone().fingerprint != first


def test_has_no_text():
    with pytest.raises(ConfigError, match="encodes no text"):
        MiniBackbone().encode_text(["a sunny meadow"])


def test_draft_decoding_never_leaves_fewer_pixels_than_the_features_use(picture, tmp_path):
    """A large JPEG is decoded at a fraction of its size, and the features stay as they are."""
    path = picture(tmp_path / "large.jpg", size=(2400, 1800))
    backbone = MiniBackbone()
    drafted, whole = read_image(path, min_side=backbone.min_side), read_image(path)
    assert drafted.shape[0] < whole.shape[0]
    assert max(drafted.shape) >= 256
    assert np.median(np.abs(affective_features(drafted) - affective_features(whole))) < 0.02
