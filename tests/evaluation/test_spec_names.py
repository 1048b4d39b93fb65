"""Specs made short enough for a table."""

from emolens.evaluation.spec_names import spec_names


def test_paths_of_weights_are_left_out_and_runs_stay():
    names = spec_names(
        ["torchvision:squeezenet1_1//data/models/s.safetensors", "run:/runs/a", "mini", "ViT-B-32/openai"]
    )
    assert list(names.values()) == ["torchvision:squeezenet1_1", "run:/runs/a", "mini", "ViT-B-32/openai"]


def test_two_that_would_look_alike_stay_whole():
    specs = ["zeroshot:RN50//a/w.pt", "zeroshot:RN50//b/w.pt"]
    assert spec_names(specs) == dict(zip(specs, specs, strict=True))


def test_a_vit_keeps_the_last_part_of_its_path():
    specs = ["uniemox:/data/runs/pre", "mae:weights/vit_b.pth", "uniemox:plain"]
    assert list(spec_names(specs).values()) == ["uniemox:pre", "mae:vit_b.pth", "uniemox:plain"]
    twins = ["uniemox:a/pre", "uniemox:b/pre"]
    assert list(spec_names(twins).values()) == twins
