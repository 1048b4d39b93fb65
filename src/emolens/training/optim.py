"""The optimiser and its learning-rate curve, set per step."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights move.

    Attributes:
        name: ``adamw`` for batches; ``lbfgs`` for small convex problems on all samples at once.
        lr: peak learning rate (``lbfgs`` finds its step by line search and ignores it).
        weight_decay: decoupled, of matrices only: never of biases and norms.
        betas: of AdamW.
        warmup_epochs: linear rise from 0 to ``lr``.
        min_lr_ratio: where the half cosine ends, as a share of ``lr``.
    """

    name: Literal["adamw", "lbfgs"] = "adamw"
    lr: float = 1e-3
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    warmup_epochs: float = 0.0
    min_lr_ratio: float = 0.0


def build_optimizer(module: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimiser over the parameters of ``module`` that want gradients."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    if config.name == "lbfgs":
        # Tolerances far below what a metric shows, so that two runs agree to more digits than anyone reads.
        return torch.optim.LBFGS(
            parameters, max_iter=50, history_size=20, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
        )
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=config.lr, betas=config.betas)


def learning_rate(step: int, steps_per_epoch: int, epochs: int, config: OptimizerConfig) -> float:
    """Learning rate of optimiser step ``step`` (from 0): linear warm-up, then half a cosine.

    The curve of MAE (arXiv 2111.06377, appendix A.1) and of the CLIP papers, per step and not per epoch.
    """
    warmup, total = config.warmup_epochs * steps_per_epoch, epochs * steps_per_epoch
    if step < warmup:
        return config.lr * step / warmup
    done = min(1.0, (step - warmup) / max(1.0, total - warmup))
    ratio = config.min_lr_ratio + (1 - config.min_lr_ratio) * 0.5 * (1 + math.cos(math.pi * done))
    return config.lr * ratio
