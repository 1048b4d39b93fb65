import json
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from safetensors.numpy import save_file

from emolens.data.adapter import import_dataset
from emolens.errors import WeightsError
from emolens.media.image import read_image
from emolens.models.affective.features import affective_features, block_starts, feature_names
from emolens.models.affective.regressor import Kernel, MiniRegressor, block_distances, encode, mini_regressor
from emolens.models.backbones.mini import MIN_SIDE

WEIGHTS = files("emolens.models.affective") / "weights" / "mini.safetensors"


@pytest.fixture
def small(rng):
    """A regressor on seven support pictures."""
    count = len(feature_names())
    return MiniRegressor(
        mean_F=rng.normal(size=count).astype(np.float32),
        scale_F=rng.uniform(0.5, 2, count).astype(np.float32),
        support_MF=rng.integers(-127, 128, (7, count), dtype=np.int8),
        weight_M2=rng.normal(scale=0.2, size=(7, 2)),
        offset_2=np.array([0.1, -0.1]),
        kernels=(Kernel("gaussian", 0.7), Kernel("laplacian", 0.3)),
    )


def naive(model, features):
    """Loops, float64, straight from the docstrings."""
    ends = [*block_starts()[1:], len(features)]
    code = [
        round(float(np.clip((f - m) / s, -3, 3)) * 127 / 3)
        for f, m, s in zip(features, model.mean_F, model.scale_F, strict=True)
    ]
    outputs = []
    for t, kernel in enumerate(model.kernels):
        total = float(model.offset_2[t])
        for support, weight in zip(model.support_MF, model.weight_M2[:, t], strict=True):
            similar = 0.0
            for start, end in zip(block_starts(), ends, strict=True):
                gaps = [(code[i] - int(support[i])) * 3 / 127 for i in range(start, end)]
                sizes = [g * g if kernel.kind == "gaussian" else abs(g) for g in gaps]
                similar += np.exp(-kernel.gamma * sum(sizes) / len(sizes)) / len(ends)
            total += similar * float(weight)
        outputs.append(min(max(total, -1), 1))
    return outputs


def test_equals_the_obvious_version(small, rng):
    features = rng.normal(scale=2, size=(4, len(feature_names()))).astype(np.float32)
    valence, arousal = small.predict(features)
    assert valence.dtype == arousal.dtype == np.float64
    for row, expected in enumerate(naive(small, f) for f in features):
        assert [valence[row], arousal[row]] == pytest.approx(expected, abs=1e-5)


def test_stays_in_range_for_wild_features(small):
    loud = replace(small, weight_M2=small.weight_M2 * 100)
    features = np.full((2, len(feature_names())), 1e6, np.float32)
    for values in loud.predict(features):
        assert (np.abs(values) <= 1).all()


def test_a_support_picture_resembles_itself_most(small):
    for kernel in small.kernels:
        matrix = kernel.matrix(block_distances(small.support_MF, small.support_MF, kernel.kind))
        assert np.diag(matrix) == pytest.approx(1)
        assert matrix == pytest.approx(matrix.T)
        assert (np.linalg.eigvalsh(matrix) > -1e-6).all()


def test_rows_do_not_influence_each_other(small, rng):
    features = rng.normal(size=(3, len(feature_names()))).astype(np.float32)
    together = np.stack(small.predict(features))
    apart = np.concatenate([np.stack(small.predict(row[None])) for row in features], axis=1)
    assert together == pytest.approx(apart, abs=1e-12)


def test_no_pictures_give_no_answers(small):
    valence, arousal = small.predict(np.empty((0, len(feature_names())), np.float32))
    assert valence.shape == arousal.shape == (0,)


def test_other_width_is_refused(small):
    with pytest.raises(ValueError, match=r"expected features of shape \(N, "):
        small.predict(np.zeros((2, 5), np.float32))


def test_codes_are_fine_enough(rng):
    values = rng.normal(size=(5, 9)).clip(-3, 3).astype(np.float32)
    codes = encode(values, np.zeros(9, np.float32), np.ones(9, np.float32))
    assert codes.dtype == np.int8
    assert np.abs(codes.astype(np.float64) * 3 / 127 - values).max() <= 1.5 / 127 + 1e-6


def test_saved_and_loaded_it_is_the_same(small, rng, tmp_path):
    small.save(tmp_path / "mini.safetensors")
    again = MiniRegressor.load(tmp_path / "mini.safetensors")
    features = rng.normal(size=(3, len(feature_names()))).astype(np.float32)
    assert again.kernels == small.kernels
    assert np.stack(again.predict(features)) == pytest.approx(np.stack(small.predict(features)), abs=1e-6)


def test_missing_weights_say_so(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        MiniRegressor.load(tmp_path / "none.safetensors")


def test_torn_weights_say_so(tmp_path):
    path = tmp_path / "mini.safetensors"
    path.write_bytes(WEIGHTS.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="no file of mini's weights"):
        MiniRegressor.load(path)


def test_weights_of_other_features_say_so(tmp_path):
    path = tmp_path / "mini.safetensors"
    save_file({"mean": np.zeros(3, np.float32)}, path, metadata={"features": "0"})
    with pytest.raises(WeightsError, match="features version 0"):
        MiniRegressor.load(path)


def test_the_embedded_model_is_small_and_fits_this_version():
    assert len(WEIGHTS.read_bytes()) < 400_000
    model = mini_regressor()
    assert len(model.mean_F) == len(feature_names())
    assert mini_regressor() is model


def test_its_card_states_the_measured_quality():
    report = json.loads(WEIGHTS.with_suffix(".json").read_text())
    for name in ("valence/pearson_r", "arousal/pearson_r", "valence/ccc", "arousal/rmse"):
        value = report["metrics"][name]
        assert value["low"] < value["value"] < value["high"]
        assert value["n"] == 675
    assert report["metrics"]["valence/pearson_r"]["low"] > 0  # better than nothing, on themes never seen
    assert report["metrics"]["arousal/pearson_r"]["low"] > 0


@pytest.mark.shared
def test_remembers_what_it_was_fitted_on(shared):
    """Every twelfth picture of OASIS, in-sample: tells that the file, the features and the scale fit together."""
    manifest = import_dataset("oasis", shared / "data" / "oasis")
    chosen = slice(None, None, 12)
    features = np.stack([affective_features(read_image(p, MIN_SIDE)) for p in manifest.paths()[chosen]])
    for name, predicted in zip(("valence", "arousal"), mini_regressor().predict(features), strict=True):
        target = manifest.target(name)[chosen]
        assert np.corrcoef(predicted, target)[0, 1] > 0.7
        assert abs(predicted.mean() - target.mean()) < 0.1
