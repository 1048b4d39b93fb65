"""Nearest neighbours as a model of an evaluation: only the train split votes."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.evaluation.compare import compare
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.score.targets import read_targets
from emolens.heads.fit_knn import fit_knn
from emolens.heads.knn import KnnConfig
from emolens.inference.fitted import head_predictor, knn_predictor
from emolens.taxonomy import get_label_space


def neighbours(backbone, manifest):
    return knn_predictor(backbone, manifest, ComputeConfig(), None, 32)


def naive_vote(query, near, votes, k, temperature):
    """Each column by itself, loops and float64."""
    answer = []
    for column in range(votes.shape[1]):
        cosines = [float(query @ v) / (float(np.linalg.norm(query)) * float(np.linalg.norm(v))) for v in near]
        ranked = sorted(zip(cosines, votes[:, column], strict=True), key=lambda pair: -pair[0])[:k]
        weights = [math.exp(cosine / temperature) for cosine, _ in ranked]
        answer.append(sum(w * vote for w, (_, vote) in zip(weights, ranked, strict=True)) / sum(weights))
    return answer


def test_labels_and_points_of_the_neighbours(predictor, colours):
    manifest = colours(n=60)
    backbone = predictor().backbone
    head, facts = fit_knn(backbone, manifest, KnnConfig(5))
    knn = head_predictor("five", backbone, head, facts, None)
    train, test = read_targets(manifest, "train"), read_targets(manifest, "test")
    rows = knn.predict(list(test.path_N))
    assert (knn.mapping, knn.gives_point) == ("native", True)
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
    one, other = (fit_knn(predictor().backbone, m)[0].module for m in (manifest, turned))
    assert len(one.embedding_MD) == (~test).sum()
    torch.testing.assert_close(one.vote_MV, other.vote_MV)
    warned = evaluate(neighbours(predictor().backbone, manifest), manifest, split="train").warnings
    assert "this is no test" in warned[0]


def test_multi_label(predictor, colours):
    manifest = colours(n=30, space=None)
    frame = manifest.frame.copy()
    frame["label_space"] = "emotic26"
    frame["labels"] = [["Peace", "Esteem"] if v > 0 else ["Anger"] for v in frame["valence"]]
    space = get_label_space("emotic26")
    frame["labels"] = [[space.canonical(label) for label in labels] for labels in frame["labels"]]
    multi_label = Manifest(frame, manifest.metadata, manifest.root)
    evaluation = evaluate(neighbours(predictor().backbone, multi_label), multi_label)
    assert evaluation.metrics["map"].value > 0.6
    score_NC = evaluation.answers.score_NC
    assert score_NC.sum(axis=1).max() > 1.5, "shares of neighbours, not parts of one"


def test_bad_pictures_do_not_vote_and_none_left_is_told(predictor, colours):
    manifest = colours(n=12)
    train = read_targets(manifest, "train")
    train.path_N[0].write_bytes(b"torn")
    assert len(fit_knn(predictor().backbone, manifest)[0].module.embedding_MD) == len(train) - 1
    for path in train.path_N:
        path.write_bytes(b"torn")
    with pytest.raises(DataError, match=r"too few of its pictures can be read; the first: .*png"):
        fit_knn(predictor().backbone, manifest)
    with pytest.raises(DataError, match='no rows in split "train"'):
        fit_knn(predictor().backbone, manifest.select("test"))


def test_a_data_set_without_both_kinds(predictor, colours):
    labels_only = colours(n=12, affect=False)
    knn = neighbours(predictor().backbone, labels_only)
    assert not knn.gives_point
    frame = colours(n=12, space=None).frame.drop(columns="arousal")
    metadata = {"dataset": "v", "scales": {"valence": [-1, 1]}}
    half = Manifest(pd.DataFrame(frame), metadata, labels_only.root)
    assert "valence/pearson_r" in evaluate(neighbours(predictor().backbone, half), half).metrics


def test_by_its_spec_the_neighbours_are_those_of_the_data(colours, tmp_path):
    settings = {"cache": tmp_path / "cache", "compute": ComputeConfig(workers=1)}
    one, other = colours(n=36, seed=1), colours(n=36, seed=2)
    one.write(tmp_path / "one.parquet")
    alone = evaluate("knn:mini", tmp_path / "one.parquet", **settings)
    assert alone.answers.model == "knn:mini"
    assert alone.description.startswith("20 nearest neighbours")
    assert alone.warnings == ()
    comparison = compare(["knn:mini"], [one, other], **settings)
    entry = comparison.entries[-1]
    assert (entry.name, entry.kind) == ("knn:mini", "given")
    assert all(cell.home and cell.warning is None for cell in entry.cells.values())
    np.testing.assert_array_equal(entry.cells["colours1"].answers.score_NC, alone.answers.score_NC)
    assert any(e.name.startswith("linear probe on mini") for e in comparison.entries)
