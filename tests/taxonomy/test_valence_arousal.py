"""Labels to points and back."""

import csv
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.errors import ConfigError, DataError
from emolens.taxonomy import (
    LabelSpace,
    get_label_space,
    list_label_spaces,
    scores_from_valence_arousal,
    valence_arousal_from_scores,
)
from emolens.taxonomy.valence_arousal import TEMPERATURE

UNIT = st.floats(-1, 1)


@given(UNIT, UNIT, st.sampled_from(list_label_spaces()))
def test_equals_the_obvious_version(valence: float, arousal: float, name: str) -> None:
    weights = [
        math.exp(-((valence - v) ** 2 + (arousal - a) ** 2) / TEMPERATURE)
        for v, a in get_label_space(name).valence_arousal
    ]
    expected = [weight / sum(weights) for weight in weights]
    score = scores_from_valence_arousal([valence], [arousal], name)
    np.testing.assert_allclose(score, [expected], atol=1e-12)


@given(UNIT, UNIT)
def test_polarity_depends_on_valence_alone(valence: float, arousal: float) -> None:
    negative, positive = scores_from_valence_arousal([valence], [arousal], "polarity2")[0]
    if abs(valence) > 1e-6:
        assert (positive > negative) == (valence > 0)
    np.testing.assert_allclose([negative, positive], scores_from_valence_arousal([valence], [0.0], "polarity2")[0])


@pytest.mark.parametrize("name", ["mikels8", "ekman7", "plutchik8", "heco8", "parrott6"])
def test_a_label_wins_at_its_own_point(name: str) -> None:
    valence, arousal = np.array(get_label_space(name).valence_arousal).T
    score = scores_from_valence_arousal(valence, arousal, name)
    np.testing.assert_array_equal(score.argmax(axis=1), np.arange(len(valence)))


def test_missing_stays_missing() -> None:
    score = scores_from_valence_arousal([0.1, np.nan, 0.2], [0.0, 0.0, np.nan], "mikels8")
    np.testing.assert_array_equal(np.isnan(score).all(axis=1), [False, True, True])
    assert score[0].sum() == pytest.approx(1)


def test_shapes_and_unknown_points_are_refused() -> None:
    with pytest.raises(DataError, match=r"valence \(2,\) and arousal \(1,\)"):
        scores_from_valence_arousal([0.0, 0.0], [0.0], "mikels8")
    with pytest.raises(ConfigError, match="no valence-arousal point is known for class_7"):
        scores_from_valence_arousal([0.0], [0.0], LabelSpace.of("mine", ["class_7"]))
    with pytest.raises(DataError, match=r"scores of shape \(2,\)"):
        valence_arousal_from_scores([0.5, 0.5], "polarity2")


def test_expected_point_is_the_mean() -> None:
    valence, arousal = valence_arousal_from_scores([[0.25, 0.75], [np.nan, np.nan]], "polarity2")
    assert valence[0] == pytest.approx(0.3)
    assert arousal[0] == 0
    assert np.isnan(valence[1])


@pytest.mark.shared
def test_the_temperature_is_the_spread_of_oasis_viewers(shared: Path) -> None:
    with open(shared / "data" / "oasis" / "OASIS.csv", newline=None) as stream:  # lines end in CR
        rows = list(csv.DictReader(stream))
    spread = np.array([[float(row["Valence_SD"]), float(row["Arousal_SD"])] for row in rows]) / 3  # 1..7 to -1..1
    assert 2 * (spread**2).mean() == pytest.approx(TEMPERATURE, abs=0.005)


def test_taxonomy_loads_neither_torch_nor_pandas() -> None:
    code = "import sys, emolens.taxonomy; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
