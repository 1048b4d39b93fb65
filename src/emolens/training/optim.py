"""The optimiser and its learning-rate curve, set per step."""

import math
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

from emolens.errors import ConfigError

BLOCK = re.compile(r"(?:^|\.)blocks\.(\d+)\.")
STEM = re.compile(r"(?:^|\.)(?:cls_token|pos_embed|patch_embed\..*)$")


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights move."""

    algorithm: Literal["adamw", "lbfgs"] = "adamw"
    """AdamW for batches, or L-BFGS for small convex problems on all samples at once."""
    lr: float = 1e-3
    """Peak learning rate; L-BFGS finds its step by line search and ignores it."""
    lr_batch: int | None = None
    """Batch size that the learning rate is for; another one scales it in proportion (arXiv 1706.02677). None: as is."""
    weight_decay: float = 0.05
    """Decoupled weight decay of matrices; biases and norms have none unless ``decay_all``."""
    decay_all: bool = False
    """Decay biases and norms, too, as the release of AV-CANet does."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Decays of AdamW's two moving averages."""
    warmup_epochs: float = 0.0
    """Epochs of rise to the peak; at most the length of the run."""
    warmup: Literal["linear", "quadratic"] = "linear"
    """How it rises: in proportion to the steps, or to their square."""
    warmup_start: float = 0.0
    """Where the rise begins, as a share of the peak."""
    min_lr_ratio: float = 0.0
    """Where the half cosine ends, as a share of the peak."""
    final_epochs: float = 0.0
    """Epochs at the end of the run that stay there."""
    layer_decay: float = 1.0
    """Factor by which each transformer block learns slower than the one above (arXiv 2106.08254); 1 for all alike."""

    def __post_init__(self) -> None:
        for name in ("warmup_epochs", "final_epochs", "weight_decay", "lr"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} {getattr(self, name)}: must not be negative")
        if not 0 < self.layer_decay <= 1:
            raise ConfigError(f"layer_decay {self.layer_decay}: must lie in (0, 1]; 1 for all layers alike")
        for name in ("warmup_start", "min_lr_ratio"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} {getattr(self, name)}: is a share of the peak, so it must lie in [0, 1]")

    def for_batch(self, batch_size: int) -> "OptimizerConfig":
        """With ``lr`` scaled to ``batch_size``."""
        if self.lr_batch is None:
            return self
        return replace(self, lr=self.lr * batch_size / self.lr_batch, lr_batch=None)


def build_optimizer(module: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The optimiser over the parameters of ``module`` that want gradients."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    if config.algorithm == "lbfgs":
        # Tolerances far below what a metric shows, so that two runs agree to more digits than anyone reads.
        return torch.optim.LBFGS(
            parameters, max_iter=50, history_size=20, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
        )
    if config.layer_decay != 1:
        groups = layer_groups(module, config.layer_decay, config.weight_decay, config.decay_all)
    else:
        groups = [
            {"params": [p for p in parameters if p.ndim > 1 or config.decay_all], "weight_decay": config.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1 and not config.decay_all], "weight_decay": 0.0},
        ]
    # One pass over the weights instead of a dozen: four times faster on a CPU. Not every device has it.
    fused = {p.device.type for p in parameters} <= {"cpu", "cuda"}
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=config.lr, betas=config.betas, fused=fused)


def layer_groups(module: nn.Module, decay: float, weight_decay: float, decay_all: bool = False) -> list[dict[str, Any]]:
    """Parameter groups of a transformer in timm's names, each with ``lr_scale`` = decay^(layers above it).

    Layer 0 holds patch embedding, class token and positions; layer i + 1 holds ``blocks.i``; the last layer, with scale
    1, holds the rest: norms after the blocks and the head. Class token and positions have no weight decay unless
    ``decay_all``. (Not timm's ``param_groups_layer_decay``, which counts the norms after the blocks to the last block;
    MAE does not.)
    """
    named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    depth = 1 + max((int(found[1]) for name, _ in named if (found := BLOCK.search(name))), default=-1)
    groups: dict[tuple[int, float], dict[str, Any]] = {}
    for name, parameter in named:
        block, stem = BLOCK.search(name), STEM.search(name)
        layer = int(block[1]) + 1 if block else 0 if stem else depth + 1
        token = bool(stem) and not name.endswith(("proj.weight", "proj.bias"))
        decayed = weight_decay if decay_all or (parameter.ndim > 1 and not token) else 0.0
        group = groups.setdefault(
            (layer, decayed), {"params": [], "weight_decay": decayed, "lr_scale": decay ** (depth + 1 - layer)}
        )
        group["params"].append(parameter)
    return list(groups.values())


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the rate of every group, times its ``lr_scale`` where it has one."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("lr_scale", 1.0)


def learning_rate(step: int, steps_per_epoch: int, epochs: int, config: OptimizerConfig) -> float:
    """Learning rate of optimiser step ``step`` (from 0): warm-up, half a cosine, and what is left at its end.

    Linear from 0 and without final epochs it is the curve of MAE (arXiv 2111.06377, appendix A.1) and of the CLIP
    papers; quadratic from a tenth, with 5% of the epochs at either end, that of AV-CANet's release. Here per step and
    not per epoch.
    """
    warmup, total = config.warmup_epochs * steps_per_epoch, epochs * steps_per_epoch
    if step < warmup:
        low, power = config.warmup_start * config.lr, {"linear": 0, "quadratic": 1}[config.warmup]
        return low + (config.lr - low) * step / warmup * (step / warmup) ** power
    done = min(1.0, (step - warmup) / max(1.0, total - config.final_epochs * steps_per_epoch - warmup))
    ratio = config.min_lr_ratio + (1 - config.min_lr_ratio) * 0.5 * (1 + math.cos(math.pi * done))
    return config.lr * ratio
