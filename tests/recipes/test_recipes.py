"""Every recipe, by its file; and one from elsewhere."""

import ast
import inspect
import sys
import textwrap
from dataclasses import fields, is_dataclass

import pytest

import emolens.recipes
from emolens.cli.main import main
from emolens.errors import ConfigError
from emolens.recipes import get_recipe, recipes, register_recipe
from emolens.training import recipe_registry
from emolens.training.jobs.config import JobConfig

SHARED = ("--epochs", "--batch-size", "--lr", "--seed", "--device", "--precision", "--workers", "--cache", "--resume")


@pytest.mark.parametrize("name", recipes())
def test_each_recipe_returns_a_config_that_can_be_trained(name):
    config = get_recipe(name)()
    assert isinstance(config, JobConfig)
    assert config == get_recipe(name)()
    assert config.optimizer.warmup_epochs <= config.trainer.epochs


def undocumented(config, place=""):
    """Fields without a sentence of their own, and those of the configs inside."""
    said = {}
    for base in filter(is_dataclass, reversed(type(config).__mro__)):
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0].body
        for node, after in zip(body, [*body[1:], None], strict=True):
            if isinstance(node, ast.AnnAssign):
                text = after.value if isinstance(after, ast.Expr) else None
                said[node.target.id] = text.value if isinstance(text, ast.Constant) else ""
    for name in (field.name for field in fields(config)):
        if not (said[name][:1].isupper() and said[name].endswith(".")):
            yield place + name
    for name in (field.name for field in fields(config)):
        if is_dataclass(getattr(config, name)):
            yield from undocumented(getattr(config, name), f"{place}{name}.")


@pytest.mark.parametrize("name", recipes())
def test_every_field_has_a_sentence_that_stands_alone_in_the_help(name):
    config = get_recipe(name)()
    # Augmentation and the feature of sound are configs of other floors, with docstrings of their own.
    missing = [place for place in undocumented(config) if not place.startswith(("augment.", "audio."))]
    assert missing == []


@pytest.mark.parametrize("name", recipes())
def test_each_help_line_stands_alone_and_each_shared_flag_has_no_prefix(name, capsys):
    line = recipes()[name]
    assert line[0].isupper() or line[0].isdigit()
    assert line.endswith(".")
    assert "the same" not in line.lower()
    assert main(["train", name, "--help"]) == 0
    words = capsys.readouterr().out.split()
    assert set(SHARED) <= {word.rstrip(",") for word in words}
    assert not [word for word in words if word.startswith(("--trainer.", "--optimizer.", "--compute."))]


def test_the_list_of_recipes_imports_no_torch():
    import subprocess

    code = "from emolens.cli.main import main; import sys; main(['train', '--help']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
    assert "uniemox_pretrain_tiny" in done.stdout


CALM = '''
from dataclasses import replace
from emolens.recipes import register_recipe
from emolens.recipes.probe import probe

@register_recipe
def calm_probe():
    """Linear probe that looks for weak penalties only."""
    return replace(probe(), l2=(0.001,))
'''


def test_a_recipe_of_another_package_is_one_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "emolens_calm.py").write_text(CALM)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(recipe_registry, "_REGISTERED", {})
    monkeypatch.delitem(sys.modules, "emolens_calm", raising=False)
    import emolens_calm  # noqa: F401

    assert get_recipe("calm_probe")().l2 == (0.001,)
    assert main(["train", "--help"]) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert ["calm_probe", "Linear probe that looks for weak penalties only."] in lines
    assert {name for name, _ in lines} == set(recipes())


def test_a_recipe_in_the_folder_is_one_file(tmp_path, monkeypatch):
    text = (recipe_registry.FOLDER / "probe.py").read_text()
    for name in ("probe", "bold"):
        (tmp_path / f"{name}.py").write_text(text.replace("def probe(", f"def {name}("))
    monkeypatch.setattr(recipe_registry, "FOLDER", tmp_path)
    monkeypatch.setattr(emolens.recipes, "__path__", [str(tmp_path)])
    assert set(recipes()) >= {"probe", "bold"}
    assert get_recipe("bold")().l2 == get_recipe("probe")().l2


def test_a_name_that_is_taken_is_refused():
    def probe():
        """Another probe."""

    with pytest.raises(ConfigError, match='a recipe "probe" exists already'):
        register_recipe(probe)


def test_an_unknown_recipe_names_the_nearest(capsys):
    assert main(["train", "prob"]) == 2
    assert 'did you mean "probe"' in capsys.readouterr().err
