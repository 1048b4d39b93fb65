"""The optimiser and its learning-rate curve, set per step."""

import math
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn

BLOCK = re.compile(r"(?:^|\.)blocks\.(\d+)\.")
STEM = re.compile(r"(?:^|\.)(?:cls_token|pos_embed|patch_embed\..*)$")


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights move.

    Attributes:
        algorithm: ``adamw`` for batches; ``lbfgs`` for small convex problems on all samples at once.
        lr: peak learning rate (``lbfgs`` finds its step by line search and ignores it).
        lr_batch: the batch size that ``lr`` is for; another batch size scales it in proportion (Goyal et al.
            2017, arXiv 1706.02677). None: ``lr`` as it is.
        weight_decay: decoupled, of matrices only: never of biases and norms.
        betas: of AdamW.
        warmup_epochs: linear rise from 0 to ``lr``.
        min_lr_ratio: where the half cosine ends, as a share of ``lr``.
        layer_decay: each block of a transformer below the head learns slower than the one above it by this factor
            (arXiv 2106.08254, appendix; 2111.06377, table 9). None: all alike.
    """

    algorithm: Literal["adamw", "lbfgs"] = "adamw"
    lr: float = 1e-3
    lr_batch: int | None = None
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    warmup_epochs: float = 0.0
    min_lr_ratio: float = 0.0
    layer_decay: float | None = None

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
    if config.layer_decay is not None:
        groups = layer_groups(module, config.layer_decay, config.weight_decay)
    else:
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
    # One pass over the weights instead of a dozen: four times faster on a CPU. Not every device has it.
    fused = {p.device.type for p in parameters} <= {"cpu", "cuda"}
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=config.lr, betas=config.betas, fused=fused)


def layer_groups(module: nn.Module, decay: float, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups of a transformer in timm's names, each with ``lr_scale`` = decay^(layers above it).

    Layer 0 holds patch embedding, class token and positions; layer i + 1 holds ``blocks.i``; the last layer, with scale
    1, holds the rest: norms after the blocks and the head. Class token and positions have no weight decay. (Not timm's
    ``param_groups_layer_decay``, which counts the norms after the blocks to the last block; MAE does not.)
    """
    named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    depth = 1 + max((int(found[1]) for name, _ in named if (found := BLOCK.search(name))), default=-1)
    groups: dict[tuple[int, float], dict[str, Any]] = {}
    for name, parameter in named:
        block, stem = BLOCK.search(name), STEM.search(name)
        layer = int(block[1]) + 1 if block else 0 if stem else depth + 1
        token = bool(stem) and not name.endswith(("proj.weight", "proj.bias"))
        decayed = weight_decay if parameter.ndim > 1 and not token else 0.0
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
    """Learning rate of optimiser step ``step`` (from 0): linear warm-up, then half a cosine.

    The curve of MAE (arXiv 2111.06377, appendix A.1) and of the CLIP papers, per step and not per epoch.
    """
    warmup, total = config.warmup_epochs * steps_per_epoch, epochs * steps_per_epoch
    if step < warmup:
        return config.lr * step / warmup
    done = min(1.0, (step - warmup) / max(1.0, total - warmup))
    ratio = config.min_lr_ratio + (1 - config.min_lr_ratio) * 0.5 * (1 + math.cos(math.pi * done))
    return config.lr * ratio
