import doctest

import pytest

from emolens import specs
from emolens.errors import ConfigError
from emolens.specs import ModelSpec, parse_backbone, parse_model, portable, short_names


@pytest.mark.parametrize(
    ("text", "scheme", "name", "weights"),
    [
        ("ViT-B-32/openai", "open_clip", "ViT-B-32", "openai"),
        ("ViT-B-32//data/a:b.pt", "open_clip", "ViT-B-32", "/data/a:b.pt"),  # a colon behind the "/" is of the path
        ("RN50", "open_clip", "RN50", None),
        ("", "open_clip", "", None),
        ("timm:resnet18", "timm", "resnet18", None),
        ("timm:resnet18/", "timm", "resnet18", ""),
        ("timm:resnet18.a1_in1k/w.pt", "timm", "resnet18.a1_in1k", "w.pt"),
        ("torchvision:resnet18//data/w.pth", "torchvision", "resnet18", "/data/w.pth"),
        ("uniemox:/runs/pre", "uniemox", "", "/runs/pre"),
        ("mae:vit_b.pth", "mae", "", "vit_b.pth"),
        ("mini", "mini", "", None),
        ("grey:any", "grey", "any", None),  # what no one here knows is the registry's business
    ],
)
def test_a_backbone_in_parts(text, scheme, name, weights):
    spec = parse_backbone(text)
    assert (spec.scheme, spec.name, spec.weights, spec.text) == (scheme, name, weights, text)


@pytest.mark.parametrize(
    ("text", "scheme", "rest", "at"),
    [
        ("mini", "mini", "", None),
        ("auto", "auto", "", None),
        ("zeroshot:ViT-B-32/openai", "zeroshot", "ViT-B-32/openai", None),
        ("run:runs/a@b", "run", "runs/a@b", None),  # a run takes no extra
        ("knn:uniemox:runs/pre", "knn", "uniemox:runs/pre", None),
        ("knn:ViT-B-32/openai@train.parquet", "knn", "ViT-B-32/openai", "train.parquet"),
        ("knn:timm:a//d@e/w.pt@m.parquet", "knn", "timm:a//d@e/w.pt", "m.parquet"),
        ("keras:w.hdf5@RN50/openai", "keras", "w.hdf5", "RN50/openai"),
    ],
)
def test_a_model_in_parts(text, scheme, rest, at):
    assert parse_model(text) == ModelSpec(scheme, rest, at, text)


def test_a_folder_that_exists_is_a_run(tmp_path):
    assert parse_model(str(tmp_path)) == ModelSpec("run", str(tmp_path), None, str(tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", r'model "nonsense": write zeroshot:ARCH/TAG_OR_PATH, run:DIR, .*auto'),
        ("", "write zeroshot:ARCH"),
        ("zeroshut:RN50/openai", r'unknown kind "zeroshut:"; did you mean "zeroshot"\? write zeroshot:ARCH'),
        ("run:", 'model "run:": write run:DIR$'),
        ("knn:", r"write knn:BACKBONE\[@MANIFEST\]$"),
        ("knn:mini@", r"write knn:BACKBONE\[@MANIFEST\]$"),
        ("knn:@m.parquet", r"write knn:BACKBONE\[@MANIFEST\]$"),
    ],
)
def test_what_is_no_model_says_the_forms(text, says):
    with pytest.raises(ConfigError, match=says):
        parse_model(text)


def test_paths_of_weights_are_left_out_and_runs_stay():
    names = short_names(
        ["torchvision:squeezenet1_1//data/models/s.safetensors", "run:/runs/a", "mini", "ViT-B-32/openai", "RN50/w.pt"]
    )
    assert list(names.values()) == ["torchvision:squeezenet1_1", "run:/runs/a", "mini", "ViT-B-32/openai", "RN50"]


def test_a_model_on_a_backbone_is_shortened_like_it():
    specs = ["zeroshot:RN50//a/w.pt", "knn:mae:/data/vit_b.pth", "knn:ViT-B-32/openai"]
    assert list(short_names(specs).values()) == ["zeroshot:RN50", "knn:mae:vit_b.pth", "knn:ViT-B-32/openai"]


def test_two_that_would_look_alike_stay_whole():
    specs = ["zeroshot:RN50//a/w.pt", "zeroshot:RN50//b/w.pt"]
    assert short_names(specs) == dict(zip(specs, specs, strict=True))


def test_a_vit_keeps_the_last_part_of_its_path():
    specs = ["uniemox:/data/runs/pre", "mae:weights/vit_b.pth", "uniemox:plain"]
    assert list(short_names(specs).values()) == ["uniemox:pre", "mae:vit_b.pth", "uniemox:plain"]
    twins = ["uniemox:a/pre", "uniemox:b/pre"]
    assert list(short_names(twins).values()) == twins


def test_a_portable_spec_loads_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.pt").write_bytes(b"")
    (tmp_path / "runs/pre").mkdir(parents=True)
    assert portable("RN50/w.pt") == f"RN50/{tmp_path.resolve()}/w.pt"
    assert portable("timm:resnet18/w.pt") == f"timm:resnet18/{tmp_path.resolve()}/w.pt"
    assert portable("uniemox:runs/pre") == f"uniemox:{tmp_path.resolve()}/runs/pre"
    for spec in ("ViT-B-32/openai", "timm:resnet18", "mini", "mae:mae_vit_large"):
        assert portable(spec) == spec


def test_the_examples_run():
    assert doctest.testmod(specs).failed == 0
