"""What the two stages of AV-CPNet's fusion are made of, where the release and this project differ."""

from dataclasses import dataclass
from typing import Literal

from emolens.errors import ConfigError


@dataclass(frozen=True)
class PyramidConfig:
    """Parts of the fusion "pyramid"; the defaults are ours.

    The release of AV-CANet (github.com/XuecWu/eMotions) is
    ``PyramidConfig("relu", attention_dropout=0.1, dropout=0.5, last_relu=True, bias=True)``. How wide its feed-forward
    is inside, it does not say.
    """

    activation: Literal["gelu", "relu"] = "gelu"
    """Inside the feed-forward of each attention layer: gelu (ours) or relu (as released)."""
    hidden: int = 4
    """Inner width of that feed-forward, as a multiple of the features' width."""
    attention_dropout: float = 0.0
    """Dropout of the attention weights of stage 1, selector included; 0.1 as released."""
    dropout: float = 0.0
    """Dropout of what attention and feed-forward add, and inside the feed-forward; 0.5 as released."""
    last_relu: bool = False
    """Temporal block: ReLU(out + x) as released, or out + x (ours, as in MS-TCN)."""
    bias: bool = False
    """Whether the linear layers of stage 2 have a bias, as released."""

    def __post_init__(self) -> None:
        if self.activation not in ("gelu", "relu"):
            raise ConfigError(f'model.pyramid.activation "{self.activation}": must be gelu or relu')
        if self.hidden < 1:
            raise ConfigError(f"model.pyramid.hidden {self.hidden}: must be at least 1")
        for name in ("attention_dropout", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"model.pyramid.{name} {getattr(self, name)}: must lie in [0, 1)")


OURS = PyramidConfig()
