"""An exponential moving average of the weights: timm's, with what a resumed training needs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn


class WeightAverage:
    """Keeps w_ema <- d w_ema + (1 - d) w, by ``timm.utils.ModelEmaV3``.

    At update t, counted from 1, d = min(decay, 1 - t^(-2/3)): the first update copies the weights, and the rise lets
    the average leave the random start. Integer tensors are copied.

    Args:
        model: whose weights are averaged; on its device, in its precision.
        decay: d after the rise, in (0, 1).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        from timm.utils import ModelEmaV3  # here, and not above: timm takes a second to import

        self.model, self.updates = model, 0
        self._ema = ModelEmaV3(model, decay, use_warmup=True)

    @property
    def average(self) -> dict[str, Tensor]:
        """The averaged tensors by name; what changes them is :meth:`update`."""
        tensors: dict[str, Tensor] = self._ema.module.state_dict()
        return tensors

    def update(self) -> None:
        """Move the average towards the weights of now."""
        self.updates += 1
        self._ema.update(self.model, step=self.updates)

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
        self._ema.module.load_state_dict(average)
        self.updates = updates
