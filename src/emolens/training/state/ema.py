"""An exponential moving average of the weights, which may lie in parts on several processes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from emolens.training.processes.sharding import local

POWER = 2 / 3  # of the rise: d reaches 0.999 after 31,600 updates; as in timm's ModelEmaV3


class WeightAverage:
    """Keeps w_ema <- d w_ema + (1 - d) w, with the rise of ``timm.utils.ModelEmaV3``.

    At update t, counted from 1, d = min(decay, 1 - t^(-2/3)): the first update copies the weights, and the rise lets
    the average leave the random start. Integer tensors are copied. (Not timm's own: it copies the module, which a
    sharded one does not allow.)

    Args:
        model: whose weights are averaged; on its device, in its precision.
        decay: d after the rise, in (0, 1).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay, self.updates = model, decay, 0
        self.average = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    def update(self) -> None:
        """Move the average towards the weights of now."""
        self.updates += 1
        decay = min(1 - self.updates**-POWER, self.decay)
        averages: list[Tensor] = []
        weights: list[Tensor] = []
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                averages.append(local(self.average[name]))
                weights.append(local(tensor.detach()))
            else:
                self.average[name].copy_(tensor)
        torch._foreach_lerp_(averages, weights, weight=1.0 - decay)

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
        """Go on from saved tensors.

        Raises:
            KeyError, RuntimeError: they are of another model.
        """
        with torch.no_grad():
            for name, tensor in self.average.items():
                tensor.copy_(average[name])
        self.updates = updates
