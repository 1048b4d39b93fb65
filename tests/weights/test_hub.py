"""The Hugging Face cache, and no network."""

import pytest

from emolens.errors import WeightsError
from emolens.weights.hub import cached_hub_file, hub_file


@pytest.fixture
def offline(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_without_network_and_cache_it_says_what_to_put_where(offline):
    with pytest.raises(WeightsError) as raised:
        hub_file("timm/some.model", ("a.safetensors", "a.bin"), "ARCH/PATH")
    for part in ("a.safetensors", "huggingface.co/timm/some.model", str(offline), "hf download", "ARCH/PATH"):
        assert part in str(raised.value)


def test_the_cache_is_enough(offline):
    snapshot = offline / "models--timm--some.model" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "a.bin").write_bytes(b"weights")
    refs = offline / "models--timm--some.model" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    assert hub_file("timm/some.model", ("a.safetensors", "a.bin"), "") == snapshot / "a.bin"
    assert cached_hub_file("timm/some.model", ("a.safetensors",)) is None
