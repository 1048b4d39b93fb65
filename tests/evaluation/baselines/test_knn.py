"""Nearest neighbours: the vote, and that only the train split votes."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.evaluation.baselines.knn import KnnConfig, Neighbours, knn_predictor
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.score.targets import read_targets
from emolens.taxonomy import get_label_space


def naive_vote(query, near, votes, k, temperature):
    """Each column by itself, loops and float64."""
    answer = []
    for column in range(votes.shape[1]):
        ranked = []
        for vector, vote in zip(near, votes[:, column], strict=True):
            if not math.isnan(vote):
                cosine = float(query @ vector) / (float(np.linalg.norm(query)) * float(np.linalg.norm(vector)))
                ranked.append((cosine, vote))
        ranked = sorted(ranked, key=lambda pair: -pair[0])[:k]
        weights = [math.exp(cosine / temperature) for cosine, _ in ranked]
        answer.append(sum(w * vote for w, (_, vote) in zip(weights, ranked, strict=True)) / sum(weights))
    return answer


@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(0.03, 2))
def test_equals_the_obvious_version(seed, k, temperature):
    rng = np.random.default_rng(seed)
    near, query = rng.normal(size=(12, 5)).astype(np.float32), rng.normal(size=(3, 5)).astype(np.float32)
    votes = np.concatenate([np.eye(3)[rng.integers(0, 3, 12)], rng.uniform(-1, 1, (12, 2))], axis=1)
    votes[1:][rng.random(11) < 0.3, :3] = np.nan  # without a label
    votes[1:, 4][rng.random(11) < 0.3] = np.nan  # without arousal
    module = Neighbours(torch.from_numpy(near), torch.from_numpy(votes), KnnConfig(k, temperature))
    got = module(torch.from_numpy(query)).numpy()
    for row, expected in zip(got, query, strict=True):
        np.testing.assert_allclose(row, naive_vote(expected, near, votes, k, temperature), atol=1e-4)


def test_one_neighbour_is_copied_and_scale_does_not_matter():
    near = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    module = Neighbours(near, torch.eye(2, dtype=torch.float64), KnnConfig(1))
    torch.testing.assert_close(module(torch.tensor([[0.2, 9.0], [100.0, 1.0]])), torch.eye(2).double().flip(0))


def test_labels_and_points_of_the_neighbours(predictor, colours):
    manifest = colours(n=60)
    knn = knn_predictor(predictor().backbone, manifest, KnnConfig(5))
    train, test = read_targets(manifest, "train"), read_targets(manifest, "test")
    rows = knn.predict(list(test.path_N))
    assert (knn.mapping, knn.gives_point, knn.name) == ("native", True, "knn:mean-colour")
    near, query = (_colour(knn, targets) for targets in (train, test))
    votes = np.concatenate([np.eye(2)[train.label_N], np.stack([train.valence_N, train.arousal_N], axis=1)], axis=1)
    expected = np.array([naive_vote(vector, near, votes, 5, 0.07) for vector in query])
    np.testing.assert_allclose(rows.score_NC(get_label_space("polarity2")), expected[:, :2], atol=1e-4)
    np.testing.assert_allclose(rows.values("valence"), expected[:, 2], atol=1e-4)
    evaluation = evaluate(knn, manifest)
    assert evaluation.metrics["accuracy"].value > 0.6
    assert evaluation.warnings == ()


def _colour(knn, targets):
    from emolens.embedding.encode import encode_files

    return np.concatenate([batch.embedding_BD for batch in encode_files(knn.backbone, list(targets.path_N))])


def test_only_the_train_split_votes(predictor, colours):
    manifest = colours(n=30)
    frame = manifest.frame.copy()
    test = frame["split"] == "test"
    frame.loc[test, "label"] = ["positive" if label == "negative" else "negative" for label in frame["label"][test]]
    frame.loc[test, "valence"] = -frame["valence"][test]
    turned = Manifest(frame, {k: v for k, v in manifest.metadata.items() if k != "splits"}, manifest.root)
    one, other = (knn_predictor(predictor().backbone, m).head.module for m in (manifest, turned))
    assert len(one.embedding_MD) == (~test).sum()
    torch.testing.assert_close(one.vote_MV, other.vote_MV)
    warned = evaluate(knn_predictor(predictor().backbone, manifest), manifest, split="train").warnings
    assert "this is no test" in warned[0]


def test_several_labels_a_row(predictor, colours):
    manifest = colours(n=30, space=None)
    frame = manifest.frame.copy()
    frame["label_space"] = "emotic26"
    frame["labels"] = [["Peace", "Esteem"] if v > 0 else ["Anger"] for v in frame["valence"]]
    space = get_label_space("emotic26")
    frame["labels"] = [[space.canonical(label) for label in labels] for labels in frame["labels"]]
    multi_label = Manifest(frame, manifest.metadata, manifest.root)
    evaluation = evaluate(knn_predictor(predictor().backbone, multi_label), multi_label)
    assert evaluation.metrics["map"].value > 0.6
    score_NC = evaluation.answers.score_NC
    assert score_NC.sum(axis=1).max() > 1.5, "shares of neighbours, not parts of one"


def test_bad_pictures_do_not_vote_and_none_left_is_told(predictor, colours):
    manifest = colours(n=12)
    train = read_targets(manifest, "train")
    train.path_N[0].write_bytes(b"torn")
    assert len(knn_predictor(predictor().backbone, manifest).head.module.embedding_MD) == len(train) - 1
    for path in train.path_N:
        path.write_bytes(b"torn")
    with pytest.raises(DataError, match=r"too few of its pictures can be read; the first: .*png"):
        knn_predictor(predictor().backbone, manifest)
    with pytest.raises(DataError, match='no rows in split "train"'):
        knn_predictor(predictor().backbone, manifest.select("test"))


@pytest.mark.parametrize(("k", "temperature"), [(0, 0.07), (20, 0.0)])
def test_impossible_votes(k, temperature):
    with pytest.raises(ConfigError, match="neighbours"):
        KnnConfig(k, temperature)


def test_a_data_set_without_both_kinds(predictor, colours):
    labels_only = colours(n=12, affect=False)
    knn = knn_predictor(predictor().backbone, labels_only)
    assert not knn.gives_point
    frame = colours(n=12, space=None).frame.drop(columns="arousal")
    metadata = {"dataset": "v", "scales": {"valence": [-1, 1]}}
    half = Manifest(pd.DataFrame(frame), metadata, labels_only.root)
    assert "valence/pearson_r" in evaluate(knn_predictor(predictor().backbone, half), half).metrics
