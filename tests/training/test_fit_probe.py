"""The one linear probe, on columns of tensors."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from emolens.errors import DataError
from emolens.recipes.probe import probe
from emolens.taxonomy import LabelSpace
from emolens.training.fit_probe import fit_probe
from emolens.training.tensor_table import TensorTable

SPACE = LabelSpace.of("three", ["a", "b", "c"])
CONFIG = replace(probe(), l2=(0.01, 0.1, 1.0, 10.0))


def rows(n: int, seed: int, classes: int = 3) -> dict[str, torch.Tensor]:
    """Clusters in 12 dimensions; valence is a linear function of them with noise."""
    generator = torch.Generator().manual_seed(seed)
    label_N = torch.randint(0, classes, (n,), generator=generator)
    embedding_ND = torch.eye(3, 12)[label_N] + torch.randn(n, 12, generator=generator)
    valence_N = 0.2 * embedding_ND[:, :2].sum(1) + 0.1 * torch.randn(n, generator=generator)
    return {"embedding": embedding_ND, "label": label_N, "valence": valence_N}


def test_each_output_has_the_strength_that_is_best_on_val_and_the_last_fit_has_all_rows():
    train, val = TensorTable(rows(60, 0)), TensorTable(rows(60, 1))
    fit = fit_probe(train, val, SPACE, ("valence",), CONFIG)
    assert fit.chosen_on == "val"
    whole = {name: torch.cat([train.columns[name], val.columns[name]]) for name in train.columns}
    assert torch.allclose(fit.probe.mean_D, whole["embedding"].mean(0))
    for name in ("label", "valence"):
        assert fit.metrics[f"l2/{name}"] == fit.chosen[name]
    standard = (train.columns["embedding"] - train.columns["embedding"].mean(0)) / train.columns["embedding"].std(
        0, correction=0
    )
    judged = (val.columns["embedding"] - train.columns["embedding"].mean(0)) / train.columns["embedding"].std(
        0, correction=0
    )
    losses = {}
    for strength in CONFIG.l2:
        model = LogisticRegression(C=1 / (strength * 60), tol=1e-8, max_iter=1000).fit(standard, train.columns["label"])
        p_NC = model.predict_proba(judged)
        losses[strength] = -np.log(p_NC[np.arange(60), val.columns["label"]]).mean()
    assert fit.chosen["label"] == min(losses, key=losses.get)
    assert fit.metrics["loss/label"] == pytest.approx(min(losses.values()), abs=1e-3)


def test_without_val_folds_choose_and_groups_stay_together(monkeypatch):
    seen = []
    split = GroupKFold.split

    def spy(self, x, y=None, groups=None):
        for a, b in split(self, x, y, groups):
            seen.append((set(groups[a]), set(groups[b])))
            yield a, b

    monkeypatch.setattr(GroupKFold, "split", spy)
    groups = np.repeat([f"film {k}" for k in range(12)], 5)
    fit = fit_probe(TensorTable(rows(60, 0)), None, SPACE, ("valence",), CONFIG, groups=groups)
    assert fit.chosen_on == "5 folds of train"
    assert len(seen) == 5
    assert all(not (a & b) for a, b in seen)
    assert 0.4 < fit.metrics["accuracy"] <= 1
    assert torch.allclose(fit.probe.mean_D, torch.as_tensor(rows(60, 0)["embedding"]).mean(0))


def test_few_groups_make_few_folds_and_one_is_an_error():
    table = TensorTable(rows(30, 0))
    assert fit_probe(table, None, SPACE, (), CONFIG, groups=["x"] * 15 + ["y"] * 15).chosen_on == "2 folds of train"
    with pytest.raises(DataError, match="one single group"):
        fit_probe(table, None, SPACE, (), CONFIG, groups=["x"] * 30)


@pytest.mark.parametrize("val", [TensorTable(rows(30, 1)), None], ids=["val has the class", "folds"])
def test_a_class_without_training_rows_gets_next_to_no_probability(val):
    train = rows(60, 0, classes=2)
    fit = fit_probe(TensorTable(train), val, SPACE, (), CONFIG)
    logit_NC = fit.probe(train["embedding"])[0]
    assert torch.isfinite(logit_NC).all()
    if val is None:
        assert float(logit_NC.softmax(1)[:, 2].max()) < 0.02


def test_several_labels_are_so_many_logistic_regressions():
    table = rows(80, 0)
    labels_NC = torch.stack([table["embedding"][:, 0] > 0.3, table["embedding"][:, 1] > 0.3], dim=1).float()
    labels_NC[:4] = float("nan")
    space = LabelSpace.of("two", ["warm", "loud"])
    columns = {"embedding": table["embedding"], "labels": labels_NC}
    config = replace(CONFIG, l2=(0.1,))
    fit = fit_probe(TensorTable(columns), None, space, (), config, multi_label=True)
    assert fit.metrics["map"] > 0.8
    standard = (table["embedding"] - table["embedding"].mean(0)) / table["embedding"].std(0, correction=0)
    probability_NC = fit.probe(table["embedding"])[0].sigmoid().detach().numpy()
    for c in range(2):
        model = LogisticRegression(C=1 / (0.1 * 76), tol=1e-8, max_iter=1000).fit(standard[4:], labels_NC[4:, c])
        np.testing.assert_allclose(probability_NC[:, c], model.predict_proba(standard)[:, 1], atol=1e-3)


def test_nothing_to_learn_is_said():
    table = rows(30, 0)
    table["label"][:] = 1
    with pytest.raises(DataError, match=r"have 1 label\(s\) of three; a linear probe needs two"):
        fit_probe(TensorTable(table), None, SPACE, (), CONFIG)
    table["valence"][:] = float("nan")
    with pytest.raises(DataError, match="no training row has a value of valence"):
        fit_probe(TensorTable(table), None, None, ("valence",), CONFIG)
