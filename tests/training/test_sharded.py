"""Steps, weights and checkpoints of two processes, whole or in parts, are those of one."""

import os

import pytest
import torch
from fixtures.run_log import logged
from lightning_fabric import Fabric

RESHARDED = """
import json
from pathlib import Path
import torch
from torch.utils.data import Dataset
from emolens.errors import EmolensError
from emolens.models.uniemox import UniEmoX, UniEmoXConfig
from emolens.signals import Interrupted
from emolens.training.devices import build_fabric
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.uniemox import LossWeights, UniEmoXTask
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import Trainer, TrainerConfig

class Stopping(UniEmoXTask):
    last = None
    def forward(self, batch, step):
        if step.number == self.last:
            import signal
            os.kill(os.getpid(), signal.SIGTERM)
        return super().forward(batch, step)

def views(n, seed):
    g = torch.Generator().manual_seed(seed)
    scene, person = torch.randn(2, n, 3, 16, 16, generator=g)
    return TensorTable({"scene": scene, "person": person, "row": torch.arange(n)})

SETTINGS = {"epochs": 3, "batch_size": 8, "val_batch_size": 3, "patience": None, "log_steps": 1}
SETTINGS |= {"max_grad_norm": 0.5, "ema_decay": 0.9, "accumulate": 2}

def fit(fabric, run, last=None, resume=False, **options):
    torch.manual_seed(0)
    # An odd width, and tokens of one row: parts of different sizes, and empty ones.
    model = UniEmoX(UniEmoXConfig(16, 8, 24, 2, 2, 16, 1, 2, **options))
    task = Stopping(model, None, LossWeights(1, 0, 0))
    task.last = last
    run.mkdir(exist_ok=True)
    trainer = Trainer(TrainerConfig(**SETTINGS), OptimizerConfig(lr=0.01, warmup_epochs=1), run, fabric)
    try:
        return trainer.fit(task, views(24, 0), views(7, 1), resume), task
    except Interrupted as stop:
        return stop.exit_code, task
"""
SHARDED = """
strategy, folder = sys.argv[2], Path(sys.argv[3])
fabric = build_fabric("cpu", "fp32", strategy)
# Two passes of the blocks, the second in the backward pass: other exchanges, and the same figures.
fitted, task = fit(fabric, folder / strategy, checkpoint_activations=True)
say(len(fitted.weights))
say(sorted({type(p).__name__ for p in task.model.parameters()}))
if fabric.is_global_zero:
    torch.save(fitted.weights, folder / f"{strategy}.pt")
code, _ = fit(fabric, folder / f"{strategy} stopped", last=4)
say(code)
resumed, _ = fit(fabric, folder / "one stopped", resume=True)
if fabric.is_global_zero:
    torch.save(resumed.weights, folder / f"one then {strategy}.pt")
"""


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_steps_weights_and_checkpoints_are_those_of_one_process(tmp_path, on_two, strategy):
    scope: dict = {"os": os}
    exec(RESHARDED, scope)
    alone = Fabric(accelerator="cpu", devices=1)
    one, _ = scope["fit"](alone, tmp_path / "one")
    assert scope["fit"](alone, tmp_path / "one stopped", last=4)[0] == 143
    first, second = on_two(RESHARDED + SHARDED, strategy, tmp_path)
    kind = "DTensor" if strategy == "fsdp" else "Parameter"
    # The first process alone gets whole weights; both stop together.
    assert first == [str(len(one.weights)), str([kind]), "143"]
    assert second == ["0", str([kind]), "143"]
    for name in ("reconstruction", "lr"):
        assert logged(tmp_path / strategy, "step", name) == pytest.approx(
            logged(tmp_path / "one", "step", name), abs=1e-5
        )
    resumed, _ = scope["fit"](alone, tmp_path / f"{strategy} stopped", resume=True)
    for weights in (
        torch.load(tmp_path / f"{strategy}.pt"),
        torch.load(tmp_path / f"one then {strategy}.pt"),
        resumed.weights,
    ):
        assert weights.keys() == one.weights.keys()
        # A key's bias has no gradient but rounding, which AdamW makes steps of; a lost step would move all by 0.01.
        for name, expected in one.weights.items():
            torch.testing.assert_close(weights[name], expected, atol=1e-3, rtol=1e-3)
