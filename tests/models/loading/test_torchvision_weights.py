"""Fetching published weights, from file:// addresses so that no network is asked."""

from pathlib import Path

import pytest
import torch
from torchvision.models import Weights

from emolens.errors import WeightsError
from emolens.models.loading.torchvision_weights import torchvision_state


def entry(path: Path) -> Weights:
    return Weights(url=path.as_uri(), transforms=lambda: None, meta={})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "hub" / "checkpoints"


def test_a_file_is_fetched_once(tmp_path: Path, cache: Path) -> None:
    torch.save({"x": torch.arange(3)}, tmp_path / "tiny.pth")
    assert torchvision_state(entry(tmp_path / "tiny.pth"), "tiny")["x"].tolist() == [0, 1, 2]
    (tmp_path / "tiny.pth").unlink()
    assert torchvision_state(entry(tmp_path / "tiny.pth"), "tiny")["x"].tolist() == [0, 1, 2]
    assert [path.name for path in cache.iterdir()] == ["tiny.pth"]


def test_what_cannot_be_fetched_says_where_from_and_where_to(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(WeightsError, match='weights "tiny" cannot be fetched') as error:
        torchvision_state(entry(tmp_path / "no.pth"), "tiny")
    assert (tmp_path / "no.pth").as_uri() in str(error.value)
    assert str(cache / "no.pth") in str(error.value)
    assert list(cache.iterdir()) == []


def test_another_hash_is_refused_and_not_kept(tmp_path: Path, cache: Path) -> None:
    torch.save({"x": torch.arange(3)}, tmp_path / "tiny-00000000.pth")
    with pytest.raises(WeightsError, match="invalid hash value"):
        torchvision_state(entry(tmp_path / "tiny-00000000.pth"), "tiny")
    assert list(cache.iterdir()) == []
