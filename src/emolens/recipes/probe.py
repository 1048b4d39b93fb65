"""The linear probe."""

from emolens.training.jobs.head import ProbeConfig
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig


def probe() -> ProbeConfig:
    """Linear probe on a frozen backbone: labels, valence and arousal, whichever the data holds.

    emolens train probe --data oasis.parquet --out runs/probe \\
        --backbone torchvision:squeezenet1_1/squeezenet1_1_imagenet_features.safetensors

    Converges by L-BFGS for each L2 strength; the strength is chosen on the validation split and the probe
    then fitted on training and validation rows together (Radford et al. 2021, section 3.2 and appendix A.3).
    2 CPU cores, seconds on cached embeddings. Expected on OASIS: see docs/results.md (benchmarks/oasis_probe.py).
    """
    return ProbeConfig(
        optimizer=OptimizerConfig(algorithm="lbfgs"),
        trainer=TrainerConfig(epochs=4, batch_size=0, patience=None),
    )
