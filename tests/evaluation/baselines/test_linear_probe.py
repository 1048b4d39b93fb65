"""The linear-probe rung."""

from pathlib import Path

import numpy as np
import pytest

from emolens.errors import DataError
from emolens.evaluation.baselines.linear_probe import fit_linear_probe
from emolens.evaluation.score.targets import Targets
from emolens.taxonomy import get_label_space

SPACE = get_label_space("ekman6")


def make(label_N=None, label_NC=None, valence_N=None, group_N=None) -> Targets:
    n = len(next(x for x in (label_N, label_NC, valence_N) if x is not None))
    ids = tuple(map(str, range(n)))
    return Targets(
        "d", "d", "train", ids, tuple(map(Path, ids)), SPACE, label_N, label_NC, valence_N, None, group_N, None, ""
    )


def test_finds_what_is_linear_and_ignores_bad_rows(rng):
    x_ND = rng.normal(size=(300, 5)).astype(np.float32)
    scale_D = np.array([1e-3, 1, 100, 1, 10], np.float32)  # features need not be of one size
    label_N = np.where(x_ND[:, 0] > 0.5, 1, np.where(x_ND[:, 1] > 0, 3, 4))
    valence_N = np.tanh(x_ND @ [0.3, -0.2, 0, 0, 0.1])
    x_ND[:5] = np.nan
    x_ND = x_ND * scale_D + 3 * scale_D
    probe = fit_linear_probe(x_ND[:200], make(label_N[:200], valence_N=valence_N[:200]))
    score_NC = probe.scores(x_ND[200:])
    assert score_NC.shape == (100, 6)
    np.testing.assert_allclose(score_NC.sum(axis=1), 1, atol=1e-6)
    assert (score_NC[:, [0, 2, 5]] == 0).all()  # labels that the train split never has
    assert (score_NC.argmax(axis=1) == label_N[200:]).mean() > 0.85
    assert np.corrcoef(probe.affect("valence", x_ND[200:]), valence_N[200:])[0, 1] > 0.98
    assert np.isnan(probe.scores(x_ND[:6])).all(axis=1).tolist() == [True] * 5 + [False]
    assert probe.affect("arousal", x_ND) is None


def test_strength_comes_from_the_validation_split(rng):
    """Labels of train are noise; a validation split with the truth reversed asks for the strongest regularisation."""
    x_ND = rng.normal(size=(80, 20)).astype(np.float32)
    valence_N = np.tanh(x_ND[:, 0])
    reversed_by_val = fit_linear_probe(
        x_ND[:40], make(valence_N=valence_N[:40]), x_ND[40:], make(valence_N=-valence_N[40:])
    )
    honest = fit_linear_probe(x_ND[:40], make(valence_N=valence_N[:40]), x_ND[40:], make(valence_N=valence_N[40:]))
    assert "alpha = 100000" in reversed_by_val.chosen
    assert "val split" in honest.chosen
    assert "alpha = 100000" not in honest.chosen


def test_inner_folds_keep_groups_apart(rng):
    """Every group has its own code in the features: row-wise folds would trust it, group-wise folds must not."""
    group_N = np.repeat(np.arange(20), 10)
    valence_N = rng.uniform(-0.9, 0.9, 20)[group_N]
    x_ND = np.eye(20, dtype=np.float32)[group_N] + rng.normal(0, 0.05, (200, 20)).astype(np.float32)
    by_rows = fit_linear_probe(x_ND, make(valence_N=valence_N))
    by_groups = fit_linear_probe(x_ND, make(valence_N=valence_N, group_N=group_N))
    assert "alpha = 1 " in by_rows.chosen
    assert "alpha = 1 " not in by_groups.chosen


def test_several_labels(rng):
    x_ND = rng.normal(size=(200, 4)).astype(np.float32)
    label_NC = np.zeros((200, 6), dtype=bool)
    label_NC[:, 0], label_NC[:, 2] = x_ND[:, 0] > 0, x_ND[:, 1] > 0.5
    score_NC = fit_linear_probe(x_ND[:150], make(label_NC=label_NC[:150])).scores(x_ND[150:])
    assert score_NC.shape == (50, 6)
    assert np.mean((score_NC[:, 0] > 0.5) == label_NC[150:, 0]) > 0.85


def test_one_label_is_not_enough(rng):
    with pytest.raises(DataError, match=r"1 label"):
        fit_linear_probe(rng.normal(size=(20, 3)).astype(np.float32), make(np.full(20, 2)))
