"""An exponential moving average of the weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Keeps w_ema <- d w_ema + (1 - d) w, with d = min(decay, (1 + t) / (10 + t)) at update t.

    The rise of d lets the average leave the random start (as in timm's ``ModelEmaV3``). Integer tensors are copied.

    Args:
        model: whose weights are averaged; on its device, in its precision.
        decay: d after the rise, in (0, 1).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay, self.updates = model, decay, 0
        self.average = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the weights of now."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                self.average[name].lerp_(tensor, 1 - decay)
            else:
                self.average[name].copy_(tensor)
        self.updates += 1

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model has the averaged weights inside, and its own again afterwards."""
        own = {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        try:
            yield
        finally:
            self.model.load_state_dict(own)

    def restore(self, average: Mapping[str, Tensor], updates: int) -> None:
        """Go on from saved tensors."""
        for name, tensor in self.average.items():
            tensor.copy_(average[name])
        self.updates = updates
