"""Flags of a config: short, the same in every recipe, and the full name too."""

import pytest

from emolens.cli.main import main
from emolens.cli.train import _parse
from emolens.errors import ConfigError
from emolens.models.fusion_prior import PRIORS, SceneOnly, register_prior
from emolens.recipes import get_recipe, recipes
from emolens.training.flags import unprefixed, without_prefixes
from emolens.training.train import override

NEEDED = ["--data", "m.parquet", "--out", "run"]


@pytest.mark.parametrize("name", recipes())
@pytest.mark.parametrize("flags", [["--epochs", "77", "--lr", "0.5"], ["--trainer.epochs", "77", "--optimizer.lr=0.5"]])
def test_length_and_rate_have_the_same_flag_in_every_recipe(name, flags):
    _, config = _parse(get_recipe(name)(), name, [*NEEDED, *flags])
    assert (config.trainer.epochs, config.optimizer.lr) == (77, 0.5)


def test_mixup_has_one_flag_for_pictures_and_for_videos():
    _, pictures = _parse(get_recipe("uniemox_finetune")(), "uniemox_finetune", [*NEEDED, "--mixup", "0.3"])
    _, videos = _parse(get_recipe("av_cpnet")(), "av_cpnet", [*NEEDED, "--mixup", "0.3", "--loss", "ce"])
    assert pictures.mix.mixup == videos.loss.mixup == 0.3
    assert videos.loss.kind == "ce"


def test_only_what_has_no_prefix_loses_one():
    config = get_recipe("av_cpnet")()
    assert {"trainer", "optimizer", "loss", "augment"} == set(unprefixed(config))
    args = ["--trainer.epochs", "3", "--model.video.weights", "trainer.x", "--out", "--"]
    assert without_prefixes(args, config) == ["--epochs", *args[1:]]


def test_overrides_have_the_names_of_the_flags():
    config = override(get_recipe("uniemox_finetune")(), {"mixup": 0.1, "embed_dim": 64, "epochs": 3})
    assert (config.mix.mixup, config.model.embed_dim, config.trainer.epochs) == (0.1, 64, 3)
    with pytest.raises(ConfigError, match='no field "mixupp"; did you mean "mixup"'):
        override(config, {"mixupp": 0.1})


def test_help_lists_the_fusions_also_one_that_is_registered_later(monkeypatch, capsys):
    monkeypatch.setitem(PRIORS, "scene_again", register_prior)
    register_prior("scene_again")(SceneOnly)
    assert main(["train", "uniemox_pretrain", "--help"]) == 0
    words = "".join(capsys.readouterr().out.replace("│", "").split())
    assert "{psychological_prior,scaled_sum,weighted_sum,attention,gated_mlp,none,scene_again}" in words.replace(
        "│", ""
    )
    assert main(["train", "uniemox_pretrain", *NEEDED, "--fusion", "nonsense"]) == 2
    assert "gated_mlp" in capsys.readouterr().err
