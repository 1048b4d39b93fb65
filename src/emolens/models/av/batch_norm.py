"""Batch norm of the audio-visual networks: whose samples its statistics are of.

Legend: N snippets or sounds, C channels, H, W places.
"""

from typing import Any, Literal

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

Statistics = Literal["local", "sync", "frozen"]


class BatchNorm(nn.BatchNorm2d):
    """torch's batch norm, with a choice of statistics in training; in evaluation the running ones, as always.

    - ``local``: of what this process has in this micro-batch, as released. A single value a channel has no variance,
      and torch refuses it; it happens when dropped modalities leave one sound of a batch. The running ones are taken
      then.
    - ``sync``: of what all processes have in this micro-batch. Unlike torch's ``SyncBatchNorm`` it works on CPUs too.
      Every process must take part in each forward pass, if need be with N = 0.
    - ``frozen``: the running ones, which stay as they are: for pretrained weights and small batches. Weight and bias
      still learn.

    Attributes:
        statistics: which of these.
    """

    statistics: Statistics = "local"

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if not self.training:
            return super().forward(x_NCHW)
        # On a CPU torch's own gives wrong gradients of weight and bias for a transposed input (seen with torch 2.15).
        x_NCHW = x_NCHW.contiguous()
        if self.statistics == "sync" and distributed.is_initialized() and distributed.get_world_size() > 1:
            return self._synced(x_NCHW)
        if self.statistics == "frozen" or x_NCHW.numel() == x_NCHW.shape[1]:
            return functional.batch_norm(
                x_NCHW, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        return super().forward(x_NCHW)

    def _synced(self, x_NCHW: Tensor) -> Tensor:
        """In the precision of the running statistics. Gradients flow through the statistics into all samples."""
        assert self.running_mean is not None
        assert self.running_var is not None
        x = x_NCHW.to(self.running_mean.dtype)
        values = x.new_full((1,), x.numel() / x.shape[1])
        total = _sum_of_all(torch.cat([x.sum(dim=(0, 2, 3)), values]))
        sum_C, count_1 = total[:-1], total[-1:].detach().clamp(min=1)
        mean_C = sum_C / count_1
        centred = x - mean_C[:, None, None]
        var_C = _sum_of_all(centred.square().sum(dim=(0, 2, 3))) / count_1
        with torch.no_grad():
            assert self.num_batches_tracked is not None
            # A variance of fewer than two values means nothing; without asking for the count, which would stop a GPU.
            share = (self.momentum or 0.0) * (count_1 > 1).to(x.dtype)
            self.running_mean.lerp_(mean_C, share)
            self.running_var.lerp_(var_C * count_1 / (count_1 - 1).clamp(min=1), share)
            self.num_batches_tracked += 1
        out: Tensor = centred * (var_C + self.eps).rsqrt()[:, None, None]
        if self.weight is not None:
            out = out * self.weight[:, None, None] + self.bias[:, None, None]
        return out.to(x_NCHW.dtype)


def _sum_of_all(x: Tensor) -> Tensor:
    """The sum over all processes, in each of them; its gradient is that of all of them."""
    out: Tensor = _Sum.apply(x)
    return out


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total
