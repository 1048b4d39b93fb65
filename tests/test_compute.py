import os

import pytest

from emolens.compute import MOST_THREADS, ComputeConfig, loader_threads, usable_cores
from emolens.errors import ConfigError


def test_everything_is_chosen_where_nothing_is_said():
    assert ComputeConfig() == ComputeConfig("auto", "auto", None)


def test_the_affinity_counts_and_not_the_machine(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 7}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert usable_cores() == loader_threads(None) == 3


def test_a_system_without_affinity_counts_its_cores(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert usable_cores() == 64
    assert loader_threads(None) == MOST_THREADS
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_what_was_asked_for_is_taken():
    assert loader_threads(1) == 1
    assert loader_threads(40) == 40


def test_no_thread_at_all_is_refused():
    with pytest.raises(ConfigError, match="workers 0: must be at least 1"):
        loader_threads(0)


def test_training_may_load_in_its_own_process_but_not_in_fewer():
    assert ComputeConfig(workers=0).workers == 0
    with pytest.raises(ConfigError, match="workers -1: must not be negative"):
        ComputeConfig(workers=-1)
