"""The option ``compile`` of the recipes: ``model.compile()``, then training as ever."""

import csv

import pytest
import torch
from lightning_fabric import Fabric

from emolens.models.uniemox import UniEmoX, UniEmoXConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.tasks.uniemox import LossWeights, UniEmoXTask
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import Trainer
from emolens.training.trainer_config import TrainerConfig


def losses(run, compiled):
    run.mkdir()
    scene, person = torch.randn(2, 12, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    views = TensorTable({"scene": scene, "person": person, "row": torch.arange(12)})
    torch.manual_seed(0)
    # Blocks that are computed again in the backward pass: compiled, they must be so too.
    model = UniEmoX(UniEmoXConfig(16, 8, 24, 1, 2, 16, 1, 2, checkpoint_activations=True))
    if compiled:
        model.compile()
    config = TrainerConfig(epochs=2, batch_size=4, val_batch_size=4, log_steps=1)
    trainer = Trainer(config, OptimizerConfig(lr=0.01), run, Fabric(accelerator="cpu", devices=1))
    fitted = trainer.fit(UniEmoXTask(model, None, LossWeights(1, 0, 0)), views, views)
    with open(run / "log.csv", newline="") as stream:
        return [float(r["value"]) for r in csv.DictReader(stream) if r["name"] == "reconstruction"], fitted


@pytest.mark.slow
def test_a_compiled_model_has_the_losses_and_the_names_of_the_plain_one(tmp_path):
    plain, expected = losses(tmp_path / "plain", compiled=False)
    compiled, fitted = losses(tmp_path / "compiled", compiled=True)
    assert len(plain) == 2 * (3 + 2)  # three steps an epoch, their mean, and validation
    assert compiled == pytest.approx(plain, abs=1e-5)
    assert fitted.weights.keys() == expected.weights.keys()
