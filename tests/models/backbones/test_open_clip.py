"""Against open_clip itself, with the same random weights."""

import numpy as np
import pytest
import torch
from PIL import Image

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.media.image import read_image
from emolens.models.backbones import open_clip as clip
from emolens.models.backbones.load import load_backbone

TEXTS = ["a photo that evokes awe", "a photo that evokes fear", ""]


@pytest.fixture(scope="session")
def theirs(tiny_clip):
    import open_clip

    arch, _, path = tiny_clip.partition("/")
    model, _, preprocess = open_clip.create_model_and_transforms(arch, pretrained=path)
    return model.eval(), preprocess, open_clip.get_tokenizer(arch)


@pytest.fixture(scope="session")
def backbone(tiny_clip):
    return load_backbone(tiny_clip, ComputeConfig("cpu", "fp32"))


def test_image_embeddings_equal_open_clip(backbone, theirs, picture, tmp_path):
    model, preprocess, _ = theirs
    paths = [picture(tmp_path / f"{seed}.png", seed, (90 + seed, 64)) for seed in range(5)]
    with torch.no_grad():
        expected = model.encode_image(torch.stack([preprocess(Image.open(path)) for path in paths]))
    batch = torch.stack([backbone.transform(read_image(path, backbone.min_side)) for path in paths])
    torch.testing.assert_close(backbone.encode_image(batch), expected, atol=1e-5, rtol=0)
    assert expected.shape == (5, backbone.embed_dim)


def test_text_embeddings_and_scale_equal_open_clip(backbone, theirs):
    model, _, tokenizer = theirs
    with torch.no_grad():
        expected = model.encode_text(tokenizer(TEXTS))
    torch.testing.assert_close(backbone.encode_text(TEXTS), expected, atol=1e-5, rtol=1e-5)
    assert backbone.logit_scale == pytest.approx(float(model.logit_scale.detach().exp()), rel=1e-6)
    assert backbone.has_text


def test_bf16_keeps_the_direction(tiny_clip, backbone, rng):
    rounded = load_backbone(tiny_clip, ComputeConfig("cpu", "bf16"))
    image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    one, other = (b.encode_image(b.transform(image)[None]) for b in (backbone, rounded))
    assert float(torch.cosine_similarity(one, other)) > 0.999
    assert rounded.fingerprint != backbone.fingerprint
    assert rounded.logit_scale == backbone.logit_scale


def test_the_root_logger_is_left_alone(tiny_clip, capfd):
    import logging

    before = list(logging.getLogger().handlers), list(logging.getLogger().filters)
    load_backbone(tiny_clip, ComputeConfig(precision="fp32"))
    assert (list(logging.getLogger().handlers), list(logging.getLogger().filters)) == before
    assert "random" not in capfd.readouterr().err


def test_weights_of_another_architecture(tiny_clip):
    path = tiny_clip.partition("/")[2]
    with pytest.raises(WeightsError, match=r"as ViT-S-32: weights of another architecture; missing \(\d+\): "):
        load_backbone(f"ViT-S-32/{path}")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("ViT-B-23/openai", 'no architecture "ViT-B-23"; did you mean .*"ViT-B-32"'),
        ("vit-b-32/openai", 'did you mean .*"ViT-B-32"'),
        ("ViT-B-32/openia", 'did you mean "openai"'),
        ("ViT-B-32", "tags: openai"),
    ],
)
def test_unknown_names_say_the_nearest(spec, says):
    with pytest.raises(ConfigError, match=says):
        load_backbone(spec)


def test_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="no such weights file"):
        load_backbone(f"ViT-B-32/{tmp_path / 'none.safetensors'}")


class TestQuickGelu:
    """The activation that weights were trained with is not in the weights."""

    @pytest.fixture
    def tagged(self, tiny_clip, monkeypatch):
        """The tiny model as if it were published: under two tags, one trained with QuickGELU."""
        from open_clip import pretrained

        arch, _, path = tiny_clip.partition("/")
        tags = {"quick": {"hf_hub": "user/quick/", "quick_gelu": True}, "plain": {"hf_hub": "user/plain/"}}
        monkeypatch.setitem(pretrained._PRETRAINED, arch, tags)
        monkeypatch.setattr(clip, "hub_file", lambda repository, names, form: path)
        return arch

    def test_the_tag_decides(self, tagged, tiny_clip, rng):
        image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
        quick, plain, file = (
            load_backbone(spec, ComputeConfig("cpu", "fp32"))
            for spec in (f"{tagged}/quick", f"{tagged}/plain", tiny_clip)
        )
        assert (quick.quick_gelu, plain.quick_gelu, file.quick_gelu) == (True, False, False)
        of = {b: b.encode_image(b.transform(image)[None]) for b in (quick, plain, file)}
        assert torch.equal(of[plain], of[file])
        assert not torch.allclose(of[quick], of[plain], atol=1e-4)
        assert quick.fingerprint != plain.fingerprint == file.fingerprint

    def test_it_is_open_clips_quick_gelu(self, tagged, tiny_clip, rng):
        import open_clip

        image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
        quick = load_backbone(f"{tagged}/quick", ComputeConfig("cpu", "fp32"))
        path = tiny_clip.partition("/")[2]
        model, _, preprocess = open_clip.create_model_and_transforms(tagged, pretrained=path, force_quick_gelu=True)
        with torch.no_grad():
            expected = model.eval().encode_image(preprocess(Image.fromarray(image))[None])
        torch.testing.assert_close(quick.encode_image(quick.transform(image)[None]), expected, atol=1e-5, rtol=0)


def test_every_published_tag_has_a_place():
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

    for arch, tag in open_clip.list_pretrained():
        repository, names = clip._hub_place(get_pretrained_cfg(arch, tag))
        assert repository.count("/") == 1, (arch, tag)
        assert names[0].endswith(".safetensors")
