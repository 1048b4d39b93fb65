"""Runs that differ in nothing but the seed."""

import json
import statistics

import pytest

from emolens.evaluation.seeds import mean_and_sd, seed_groups
from emolens.runs.config import DataFacts, RunConfig, TrainingFacts


def write_run(folder, recipe="probe", seed=0, dataset="oasis") -> str:
    folder.mkdir()
    facts = TrainingFacts(recipe, {"trainer": {"seed": seed, "epochs": 3}}, DataFacts(dataset=dataset), seed)
    (folder / "config.json").write_text(json.dumps(RunConfig("probe", training=facts).to_dict()))
    return f"run:{folder}"


def test_groups_what_differs_in_the_seed_only(tmp_path):
    a, b = (write_run(tmp_path / f"s{s}", seed=s) for s in (0, 1))
    other_data = write_run(tmp_path / "bass", seed=2, dataset="bass")
    other_recipe = write_run(tmp_path / "clip_e", recipe="clip_e", seed=3)
    (group,) = seed_groups([a, "mini", other_data, b, other_recipe])
    assert group.specs == (a, b)
    assert group.seeds == (0, 1)
    assert "probe" in group.name


def test_one_run_twice_is_no_group(tmp_path):
    run = write_run(tmp_path / "a")
    copy = write_run(tmp_path / "b")
    assert seed_groups([run, copy]) == []


def test_other_models_and_broken_runs_are_passed_over(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    assert seed_groups(["mini", "zeroshot:a/b", f"run:{tmp_path}/none", f"run:{tmp_path}/broken"]) == []


def test_sample_standard_deviation():
    values = [0.5, 0.6, 0.75]
    assert mean_and_sd(values) == pytest.approx((statistics.mean(values), statistics.stdev(values)))
