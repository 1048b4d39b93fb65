import os
import signal

import pytest
import torch
from fixtures.run_log import logged
from lightning_fabric import Fabric

from emolens.errors import ConfigError, DataError
from emolens.models.clip_e import CLIPECrossEntropy
from emolens.signals import STOPPING, Interrupted
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.clip_e import CLIPECrossEntropyTask
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import Trainer, TrainerConfig


def blobs(n: int, seed: int) -> TensorTable:
    generator = torch.Generator().manual_seed(seed)
    label_N = torch.arange(n) % 3
    centre_3D = torch.eye(3, 8) * 3
    return TensorTable({"embedding": centre_3D[label_N] + torch.randn(n, 8, generator=generator), "label": label_N})


def task() -> CLIPECrossEntropyTask:
    torch.manual_seed(0)
    return CLIPECrossEntropyTask(CLIPECrossEntropy(3, embed_dim=8))


def trainer(run, **options) -> Trainer:
    run.mkdir(exist_ok=True)
    config = TrainerConfig(**{"epochs": 6, "batch_size": 16, **options})
    return Trainer(config, OptimizerConfig(lr=0.03, warmup_epochs=1), run, Fabric(accelerator="cpu", devices=1))


def test_learns_and_logs_every_epoch(tmp_path):
    fitted = trainer(tmp_path / "run").fit(task(), blobs(96, 0), blobs(30, 1))
    losses = logged(tmp_path / "run", "val", "loss")
    assert len(losses) == 6
    assert losses[-1] < 0.5 * losses[0]
    assert fitted.metrics["loss"] == pytest.approx(min(losses), rel=1e-6)
    assert fitted.metrics["accuracy"] > 0.8
    assert fitted.steps == 6 * (96 // 16)
    assert list((tmp_path / "run" / "tensorboard").iterdir())


def test_same_seed_same_weights_to_the_bit(tmp_path):
    one = trainer(tmp_path / "a").fit(task(), blobs(96, 0), blobs(30, 1))
    two = trainer(tmp_path / "b").fit(task(), blobs(96, 0), blobs(30, 1))
    assert all(torch.equal(one.weights[name], two.weights[name]) for name in one.weights)


class Stopping(CLIPECrossEntropyTask):
    """Is asked to stop during its n-th step."""

    steps, last, signal = 0, 0, signal.SIGINT

    def forward(self, batch, step):
        self.steps += 1
        if self.steps == self.last:
            os.kill(os.getpid(), self.signal)
        return super().forward(batch, step)


@pytest.mark.parametrize("number", STOPPING, ids=lambda n: signal.Signals(n).name)
@pytest.mark.parametrize("step", [15, 17], ids=["amid an epoch", "before its last step"])
def test_interrupted_and_resumed_is_as_if_never_stopped(tmp_path, step, number):
    whole = trainer(tmp_path / "whole").fit(task(), blobs(96, 0), blobs(30, 1))
    torch.manual_seed(0)
    stopping = Stopping(CLIPECrossEntropy(3, embed_dim=8))
    stopping.last, stopping.signal = step, number
    with pytest.raises(Interrupted) as stop:
        trainer(tmp_path / "run").fit(stopping, blobs(96, 0), blobs(30, 1))
    assert stop.value.exit_code == 128 + number
    assert list((tmp_path / "run" / "checkpoints").glob("*/state.json"))
    resumed = trainer(tmp_path / "run").fit(task(), blobs(96, 0), blobs(30, 1), resume=True)
    assert resumed.steps == whole.steps
    assert all(torch.equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)
    assert (tmp_path / "run" / "log.csv").read_text() == (tmp_path / "whole" / "log.csv").read_text()


def test_stops_early_and_returns_the_best_epoch(tmp_path):
    noise = TensorTable({"embedding": torch.randn(40, 8), "label": torch.arange(40) % 3})
    subject = task()
    fitted = trainer(tmp_path / "run", epochs=200, patience=3).fit(subject, noise, blobs(30, 1))
    losses = logged(tmp_path / "run", "val", "loss")
    assert len(losses) < 200
    assert fitted.epoch == losses.index(min(losses)) == len(losses) - 1 - 3
    assert all(torch.equal(fitted.weights[n], t) for n, t in subject.model.state_dict().items())


def test_without_validation_the_last_weights_are_kept(tmp_path):
    fitted = trainer(tmp_path / "run").fit(task(), blobs(96, 0))
    assert fitted.epoch == 5
    assert fitted.metrics == {}


def test_a_loss_that_is_not_finite_says_where(tmp_path):
    bad = blobs(96, 0)
    bad.columns["embedding"][40] = float("nan")
    with pytest.raises(DataError, match=r"run, epoch 0, step \d: the loss is not finite \(cross_entropy nan\)"):
        trainer(tmp_path / "run").fit(task(), bad, blobs(30, 1))


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    trainer(tmp_path / "run").fit(task(), blobs(96, 0), blobs(30, 1))
    other = CLIPECrossEntropyTask(CLIPECrossEntropy(4, embed_dim=8))
    with pytest.raises(DataError, match="checkpoint is of another model"):
        trainer(tmp_path / "run").fit(other, blobs(96, 0), blobs(30, 1), resume=True)


def test_empty_split_and_silly_numbers_are_refused(tmp_path):
    with pytest.raises(DataError, match="empty"):
        trainer(tmp_path / "run").fit(task(), blobs(0, 0), blobs(30, 1))
    with pytest.raises(ConfigError, match="epochs 0"):
        trainer(tmp_path / "run", epochs=0)


@pytest.mark.parametrize(
    ("options", "optimizer", "message"),
    [
        ({"batch_size": 97}, {}, "batch_size 97 is larger than the training split of 96 rows"),
        (
            {"epochs": 2, "batch_size": 16},
            {"warmup_epochs": 2.5},
            "warmup_epochs 2.5 is longer than the run",
        ),
        (
            {"accumulate": 2, "batch_size": 0},
            {"algorithm": "lbfgs"},
            "accumulate 2: lbfgs looks at all samples at once",
        ),
    ],
    ids=["batch", "warm-up", "accumulate"],
)
def test_plans_that_do_not_add_up_are_refused_before_the_first_step(tmp_path, options, optimizer, message):
    fabric = Fabric(accelerator="cpu", devices=1)
    subject = Trainer(TrainerConfig(**options), OptimizerConfig(**optimizer), tmp_path, fabric)
    with pytest.raises(ConfigError, match=message):
        subject.fit(task(), blobs(96, 0), blobs(30, 1))
    assert not list(tmp_path.iterdir())


def test_the_whole_split_is_one_batch(tmp_path):
    assert trainer(tmp_path / "run", batch_size=0).fit(task(), blobs(96, 0)).steps == 6


def test_a_batch_without_what_the_task_needs_is_said(tmp_path):
    table = TensorTable({"embedding": torch.zeros(32, 8), "row": torch.arange(32)})
    with pytest.raises(DataError, match=r"CLIPECrossEntropyTask needs label in each batch, .* gives embedding, row"):
        trainer(tmp_path / "run").fit(task(), table)
