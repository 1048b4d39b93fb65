"""From a name or a path to a file, with a real web server on this machine."""

import hashlib
from dataclasses import replace

import pytest

from emolens.errors import ConfigError, WeightsError
from emolens.weights import fetch_weights, weights_entry, weights_file
from emolens.weights.table import weights_table

CONTENT = b"published weights"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def stated(monkeypatch):
    """Changes facts of the table."""

    def state(name, **facts):
        monkeypatch.setitem(weights_table(), name, replace(weights_entry(name), **facts))
        return weights_entry(name)

    return state


def test_a_path_is_itself_and_counts_before_a_name(tmp_path, monkeypatch):
    (tmp_path / "mae_vit_large").write_bytes(b"mine")
    assert weights_file(str(tmp_path / "mae_vit_large")) == tmp_path / "mae_vit_large"
    monkeypatch.chdir(tmp_path)
    assert weights_file("mae_vit_large").read_bytes() == b"mine"


def test_a_name_is_fetched_once_and_its_content_checked(site, stated, tmp_path):
    site.contents["/w"] = CONTENT
    md5 = hashlib.md5(CONTENT).hexdigest()[:6]
    entry = stated("mae_vit_large", url=f"{site.url}/w", digest=f"md5:{md5}")
    assert entry.local() is None
    path = weights_file("mae_vit_large")
    assert path == entry.path == entry.local() == tmp_path / "cache/emolens/weights/mae_pretrain_vit_large.pth"
    assert path.read_bytes() == CONTENT
    site.contents.clear()
    assert fetch_weights("mae_vit_large") == path  # from this machine
    path.write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="404"):
        fetch_weights("mae_vit_large")
    site.contents["/w"] = CONTENT
    assert fetch_weights("mae_vit_large").read_bytes() == CONTENT


def test_what_a_person_must_fetch_says_from_where_and_where_to(stated):
    entry = stated("uniemox_vit_large_200")
    with pytest.raises(WeightsError) as error:
        weights_file("uniemox_vit_large_200")
    first, second = str(error.value).splitlines()
    assert first == (
        "weights uniemox_vit_large_200 must be fetched by a person. Baidu Netdisk: "
        "https://pan.baidu.com/s/1sN97Q5vJ56GOXo6KtpfqSw, code fn62."
    )
    assert second == f"Put the file at {entry.path}, or give its path instead of the name"
    entry.path.parent.mkdir(parents=True)
    entry.path.write_bytes(CONTENT)
    assert weights_file("uniemox_vit_large_200") == entry.path
    stated("uniemox_vit_large_200", digest="md5:000000")
    with pytest.raises(WeightsError, match="has another content than published"):
        weights_file("uniemox_vit_large_200")


def test_of_the_hub_without_network(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(WeightsError, match=r"hf download timm/vit_large_patch16_224.mae .*give the file.s own path"):
        weights_file("mae_vit_large_timm")
    snapshot = tmp_path / "hub/models--timm--vit_large_patch16_224.mae/snapshots/abc"
    snapshot.mkdir(parents=True)
    (snapshot / "pytorch_model.bin").write_bytes(CONTENT)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text("abc")
    assert weights_file("mae_vit_large_timm") == snapshot / "pytorch_model.bin"


def test_torchvisions_own_folder_counts(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert weights_entry("resnet34_imagenet").path == tmp_path / "torch/hub/checkpoints/resnet34-b627a593.pth"


def test_neither_a_file_nor_a_name():
    with pytest.raises(WeightsError, match=r'^mae_vit_larg: no such weights file.*did you mean "mae_vit_large'):
        weights_file("mae_vit_larg")
    with pytest.raises(WeightsError, match=r"w.pth: no such weights file"):
        weights_file("/nowhere/w.pth")
    with pytest.raises(ConfigError, match="no published weights"):
        fetch_weights("/nowhere/w.pth")
