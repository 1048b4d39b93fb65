"""Runs that differ in nothing but the seed."""

import json
import statistics

import pytest

from emolens.evaluation.seeds import mean_and_sd, seed_groups


def write_run(folder, **config) -> str:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    return f"run:{folder}"


def test_groups_what_differs_in_the_seed_only(tmp_path):
    a, b = (write_run(tmp_path / f"s{s}", recipe="probe", seed=s, data={"dataset": "oasis"}) for s in (0, 1))
    other_data = write_run(tmp_path / "bass", recipe="probe", seed=2, data={"dataset": "bass"})
    other_recipe = write_run(tmp_path / "clip_e", recipe="clip_e", seed=3, data={"dataset": "oasis"})
    (group,) = seed_groups([a, "mini", other_data, b, other_recipe])
    assert group.specs == (a, b)
    assert group.seeds == (0, 1)
    assert "probe" in group.name


def test_one_run_twice_is_no_group(tmp_path):
    run = write_run(tmp_path / "a", recipe="probe", seed=0)
    copy = write_run(tmp_path / "b", recipe="probe", seed=0)
    assert seed_groups([run, copy]) == []


def test_other_models_and_broken_runs_are_passed_over(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    assert seed_groups(["mini", "zeroshot:a/b", f"run:{tmp_path}/none", f"run:{tmp_path}/broken"]) == []


def test_sample_standard_deviation():
    values = [0.5, 0.6, 0.75]
    assert mean_and_sd(values) == pytest.approx((statistics.mean(values), statistics.stdev(values)))
