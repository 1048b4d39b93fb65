"""Fetching published weights, from a web server on this machine."""

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models import Weights

from emolens.errors import WeightsError
from emolens.models.loading.torchvision_weights import torchvision_state

Site = Any  # the fixture of that name
FLAG = "--model.video.weights"


def entry(site: Site, name: str) -> Weights:
    return Weights(url=f"{site.url}/{name}", transforms=lambda: None, meta={})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "hub" / "checkpoints"


def serve(site: Site, name: str) -> Weights:
    stream = io.BytesIO()
    torch.save({"x": torch.arange(3)}, stream)
    site.contents[f"/{name}"] = stream.getvalue()
    return entry(site, name)


def test_a_file_is_fetched_once(site: Site, cache: Path) -> None:
    tiny = serve(site, "tiny.pth")
    assert torchvision_state(tiny, "tiny", FLAG)["x"].tolist() == [0, 1, 2]
    site.contents.clear()
    assert torchvision_state(tiny, "tiny", FLAG)["x"].tolist() == [0, 1, 2]
    assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == ["tiny.pth"]


def test_what_cannot_be_fetched_says_where_from_and_where_to(site: Site, cache: Path) -> None:
    with pytest.raises(WeightsError, match='weights "tiny" cannot be fetched') as error:
        torchvision_state(entry(site, "no.pth"), "tiny", FLAG)
    assert f"{site.url}/no.pth" in str(error.value)
    assert str(cache / "no.pth") in str(error.value)
    assert "or give its path as --model.video.weights" in str(error.value)


def test_another_hash_is_refused_and_not_kept(site: Site, cache: Path) -> None:
    with pytest.raises(WeightsError, match="the sha256 is not 00000000"):
        torchvision_state(serve(site, "tiny-00000000.pth"), "tiny", FLAG)
    assert not [path for path in cache.iterdir() if path.suffix != ".lock"]
