"""Which weights of a training are kept: the best by loss or by accuracy, and snapshots on the way."""

import os
import signal

import pytest
import torch
from lightning_fabric import Fabric

from emolens.errors import ConfigError
from emolens.models.clip_e import CLIPECrossEntropy
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.clip_e import CLIPECrossEntropyTask
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import Trainer
from emolens.training.trainer_config import TrainerConfig, check_plan

TABLE = TensorTable({"embedding": torch.eye(8), "label": torch.arange(8) % 3})


class Scripted(CLIPECrossEntropyTask):
    """Validates to given (loss, accuracy), epoch by epoch; may press Ctrl-C in its n-th step."""

    def __init__(self, script, stop_at=0):
        torch.manual_seed(0)
        super().__init__(CLIPECrossEntropy(3, embed_dim=8))
        self.script, self.stop_at, self.steps = iter(script), stop_at, 0

    def forward(self, batch, step):
        self.steps += 1
        if self.steps == self.stop_at:
            os.kill(os.getpid(), signal.SIGINT)
        return super().forward(batch, step)

    def metrics(self, judged):
        loss, accuracy = next(self.script)
        return {"loss": loss} | ({} if accuracy is None else {"accuracy": accuracy})


def trainer(run=None, **options):
    config = TrainerConfig(**{"epochs": 4, "batch_size": 4, "patience": None, **options})
    return Trainer(config, OptimizerConfig(lr=0.1), run, Fabric(accelerator="cpu", devices=1))


SCRIPT = [(1.0, 0.5), (0.8, 0.6), (0.9, 0.7), (0.7, 0.6)]


@pytest.mark.parametrize(
    ("keep_by", "script", "epoch"),
    [
        ("loss", SCRIPT, 3),
        ("accuracy", SCRIPT, 2),
        ("accuracy", [(1.0, 0.5), (0.9, 0.5), (0.95, 0.5), (1.2, 0.4)], 1),  # a tie goes to the lower loss
        ("accuracy", [(1.0, None), (0.9, None), (0.95, None), (1.2, None)], 1),  # never computed: by loss
    ],
)
def test_the_best_epoch(keep_by, script, epoch):
    fitted = trainer(keep_by=keep_by).fit(Scripted(script), TABLE, TABLE)
    assert fitted.epoch == epoch
    assert fitted.metrics["loss"] == script[epoch][0]


def test_patience_counts_by_what_is_kept():
    falling = [(1.0 + i, 0.1 * i) for i in range(8)]
    assert trainer(epochs=8, patience=2, keep_by="accuracy").fit(Scripted(falling), TABLE, TABLE).epoch == 7
    assert trainer(epochs=8, patience=2).fit(Scripted(falling), TABLE, TABLE).steps == 3 * 2


def snapshots(run, task, resume=False, **options):
    found = []
    fitted = trainer(run, snapshot_every=2, epochs=5, **options).fit(task, TABLE, TABLE, resume, found.append)
    return fitted, found


def test_snapshots_are_what_a_shorter_look_would_have_seen_and_change_nothing():
    script = [(1.0 - 0.1 * i, 0.5) for i in range(5)]
    fitted, found = snapshots(None, Scripted(script))
    plain = trainer(epochs=5).fit(Scripted(script), TABLE, TABLE)
    assert [(one.epoch, one.steps) for one in found] == [(1, 4), (3, 8)]
    assert [one.metrics["loss"] for one in found] == [script[1][0], script[3][0]]
    assert all(torch.equal(plain.weights[name], fitted.weights[name]) for name in plain.weights)
    assert any(not torch.equal(found[0].weights[name], found[1].weights[name]) for name in plain.weights)


def test_snapshots_hold_the_average_where_there_is_one():
    script = [(1.0 - 0.1 * i, 0.5) for i in range(4)]  # the last epoch is the best, so its average is what is kept
    found = []
    fitted = trainer(ema_decay=0.5, snapshot_every=4).fit(Scripted(script), TABLE, TABLE, snapshot=found.append)
    plain = trainer().fit(Scripted(script), TABLE, TABLE)
    assert all(torch.equal(found[0].weights[name], fitted.weights[name]) for name in plain.weights)
    assert any(not torch.equal(found[0].weights[name], plain.weights[name]) for name in plain.weights)


def test_a_resumed_training_makes_the_snapshots_that_are_left(tmp_path):
    script = [(1.0 - 0.1 * i, 0.5) for i in range(5)]
    _, whole = snapshots(None, Scripted(script))
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(KeyboardInterrupt):
        snapshots(run, Scripted(script, stop_at=6))
    _, rest = snapshots(run, Scripted(script[2:]), resume=True)
    assert [one.epoch for one in rest] == [3]
    assert all(torch.equal(rest[0].weights[name], whole[1].weights[name]) for name in whole[1].weights)


def test_numbers_that_cannot_be():
    with pytest.raises(ConfigError, match="snapshot_every 0: must be positive"):
        TrainerConfig(snapshot_every=0)
    lbfgs = OptimizerConfig(algorithm="lbfgs")
    with pytest.raises(ConfigError, match="snapshot_every 1: lbfgs has no epochs to keep"):
        check_plan(TrainerConfig(snapshot_every=1), lbfgs, 1000)
    with pytest.raises(ConfigError, match="keep_by accuracy: lbfgs has no epochs to choose from"):
        check_plan(TrainerConfig(keep_by="accuracy"), lbfgs, 1000)
