import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from sklearn.linear_model import LogisticRegression, Ridge

from emolens.models.probe import LinearProbe
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.probe import ProbeTask
from emolens.training.tasks.task import Step
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import Trainer, TrainerConfig


def fit(task, table, run):
    trainer = Trainer(
        TrainerConfig(epochs=10, batch_size=0),
        OptimizerConfig(algorithm="lbfgs"),
        run,
        Fabric(accelerator="cpu", devices=1),
    )
    trainer.fit(task, table)


@pytest.fixture
def samples(rng):
    x = rng.normal(size=(120, 20)) * rng.uniform(0.1, 5, 20) + 3
    return x, x[:, :3].sum(1) * 0.1 + rng.normal(size=120) * 0.3, rng.integers(0, 3, 120)


def probe_for(x, **options):
    probe = LinearProbe(x.shape[1], **options)
    probe.standardise(torch.from_numpy(x).float())
    return probe


def test_regression_is_ridge_with_alpha_n_times_l2(samples, tmp_path):
    x, y, _ = samples
    probe = probe_for(x, targets=("valence", "arousal"))
    table = TensorTable(
        {k: torch.from_numpy(v).float() for k, v in (("embedding", x), ("valence", y), ("arousal", -y))}
    )
    fit(ProbeTask(probe, {"valence": 0.5, "arousal": 0.01}), table, tmp_path)
    standard = (x - x.mean(0)) / x.std(0)
    predicted = probe(torch.from_numpy(x).float())[1].detach().numpy()
    for column, (sign, l2) in enumerate(((1, 0.5), (-1, 0.01))):
        reference = Ridge(alpha=l2 * len(x)).fit(standard, sign * y).predict(standard)
        np.testing.assert_allclose(predicted[:, column], reference, atol=2e-4)


def test_classification_is_penalised_logistic_regression(samples, tmp_path):
    x, _, label = samples
    probe = probe_for(x, num_classes=3)
    table = TensorTable({"embedding": torch.from_numpy(x).float(), "label": torch.from_numpy(label)})
    fit(ProbeTask(probe, {"label": 0.1}), table, tmp_path)
    standard = (x - x.mean(0)) / x.std(0)
    reference = LogisticRegression(C=1 / (0.1 * len(x)), tol=1e-8, max_iter=1000).fit(standard, label)
    predicted = probe(torch.from_numpy(x).float())[0].softmax(1).detach().numpy()
    np.testing.assert_allclose(predicted, reference.predict_proba(standard), atol=2e-4)


def test_rows_without_a_target_do_not_count(samples):
    x, y, label = samples
    torch.manual_seed(0)
    probe = probe_for(x, num_classes=3, targets=("valence",))
    torch.nn.init.normal_(probe.linear.weight)
    task = ProbeTask(probe, {"label": 0.0, "valence": 0.0})
    embedding, valence, labels = torch.from_numpy(x).float(), torch.from_numpy(y).float(), torch.from_numpy(label)
    valence[::2], labels[1::2] = float("nan"), -1
    step = Step(0, 0, [])
    both = task({"embedding": embedding, "valence": valence, "label": labels}, step)
    only = task({"embedding": embedding[1::2], "valence": valence[1::2], "label": labels[1::2]}, step)
    assert both["valence"].item() == pytest.approx(only["valence"].item(), rel=1e-5)
    assert only["label"].item() == 0
    assert all(torch.isfinite(part) for part in only.values())


def test_a_constant_feature_is_ignored():
    x = torch.randn(10, 3)
    x[:, 1] = 7.0
    probe = LinearProbe(3, targets=("valence",))
    probe.standardise(x)
    torch.nn.init.ones_(probe.linear.weight)
    moved = x.clone()
    moved[:, 1] += 100
    assert torch.equal(probe(x)[1], probe(moved)[1])


def test_a_probe_of_nothing_is_refused():
    with pytest.raises(ValueError, match="predicts nothing"):
        LinearProbe(4)
