"""An ablation: rows of settings, before and after a pretraining."""

import pytest

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.evaluation.benchmark.grid import grid, list_grids
from emolens.evaluation.candidate import Setting


@pytest.fixture
def setting(tmp_path):
    return Setting({}, (), (), ComputeConfig("cpu"), tmp_path / "cache")


@pytest.fixture
def rows(tmp_path, setting):
    def make(text):
        path = tmp_path / "grid.toml"
        path.write_text(text)
        return grid(str(path), "grid", setting)

    return make


@pytest.mark.parametrize("name", list_grids())
def test_every_grid_that_comes_with_emolens_has_rows(name, setting):
    made = grid(name, name, setting)
    assert len(made) > 1
    assert len({row.name for row in made}) == len(made)
    assert all(row.what for row in made)  # none is refused


def test_axes_are_combined_and_rows_are_called_by_their_settings(rows):
    made = rows(
        'recipe = "av_cpnet_tiny"\nset = { "trainer.epochs" = 2 }\n[axes]\n"model.fusion" = ["sum", "film"]\n'
        'loss = { EP-CE = { "loss.kind" = "ep_ce" }, CE = { "loss.kind" = "ce", "loss.mixup" = 0.0 } }\n'
    )
    assert [row.name for row in made] == [
        "fusion sum, loss: EP-CE",
        "fusion sum, loss: CE",
        "fusion film, loss: EP-CE",
        "fusion film, loss: CE",
    ]
    assert made[0].what == "av_cpnet_tiny: fusion sum, loss: EP-CE"


def test_what_a_config_refuses_is_a_row_that_says_so(rows):
    made = rows(
        'recipe = "uniemox_finetune_tiny"\n[pretrain]\nrecipe = "uniemox_pretrain_tiny"\n'
        'set = { "weights.similarity" = 0, "weights.contrastive" = 0 }\n'
        '[axes]\n"pretrain.weights.reconstruction" = [1, 0]\n'
    )
    assert [row.name for row in made] == ["reconstruction 1", "reconstruction 0"]
    with pytest.raises(ConfigError, match="none below 0, and at least one above"):
        made[1].identity(None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('recipe = "prob"\n[axes]\nl2 = [[1.0]]', 'unknown recipe "prob"'),
        ('recipe = "probe"\n[axes]\n"trainer.epoch" = [1]', r'has no field "trainer\.epoch"; did you mean "epochs"'),
        ('recipe = "probe"\n[axes]\ntargets = "all"', "axis targets: write a list of values of that field, or a table"),
        ('recipe = "probe"\n[axes]\n"pretrain.seed" = [1]', r"there is no \[pretrain\]"),
        ('recipe = "probe"\naxis = 1\n[axes]\n', 'grid: no field "axis"; did you mean "axes"'),
        ('recipe = "probe"\n[axes]\n[pretrain]\nrecipe = "probe"', 'probe has no field "encoder"'),
        ('recipe = "probe"\n[axes]\n"trainer.seed" = [' + "1," * 1001 + "]", "1,001 rows; a grid has at most 1,000"),
        ("recipe = 3\n[axes]\n", "recipe is 3; it must be a text"),
    ],
)
def test_a_slip_of_the_pen_is_found_before_any_training(rows, text, message):
    with pytest.raises(ConfigError, match=message):
        rows(text)


def test_an_unknown_name(setting):
    with pytest.raises(ConfigError, match=r'unknown grid "av"; .*or a TOML file'):
        grid("av", "av", setting)
