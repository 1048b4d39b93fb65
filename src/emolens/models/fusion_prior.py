"""Fusing what the scene says with what the person says (UniEmoX, arXiv 2409.18877, section on the fusion).

Legend: B batch, D width of a view's token.
"""

from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.names import did_you_mean

Prior = TypeVar("Prior", bound=Callable[[int], nn.Module])

PRIORS: dict[str, Callable[[int], nn.Module]] = {}


def register_prior(name: str) -> Callable[[Prior], Prior]:
    """Decorate a fusion's class, which is built from the width D; ``UniEmoXConfig(fusion=name)`` then takes it."""

    def register(prior: Prior) -> Prior:
        PRIORS[name] = prior
        return prior

    return register


@register_prior("psychological_prior")
class PsychologicalPrior(nn.Module):
    """Behaviour is a function of the person and the environment (Lewin): z = ELU(W (LN(scene) + LN(person)) + b).

    One layer norm serves both views. Alternatives under the same interface: :data:`PRIORS`.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)  # with torch's own eps of 1e-5, as published
        self.linear = _linear(dim, dim)

    def forward(self, scene_BD: Tensor, person_BD: Tensor) -> Tensor:
        """(B, D), (B, D) -> (B, D)."""
        return F.elu(self.linear(self.norm(scene_BD) + self.norm(person_BD)))


@register_prior("scaled_sum")
class ScaledSum(nn.Module):
    """The form drawn in the paper's figure: z = W (lambda * scene + person) + b; lambda is learned, from 1 on."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.linear = _linear(dim, dim)

    def forward(self, scene_BD: Tensor, person_BD: Tensor) -> Tensor:
        """(B, D), (B, D) -> (B, D)."""
        out: Tensor = self.linear(self.scale * scene_BD + person_BD)
        return out


@register_prior("weighted_sum")
class WeightedSum(nn.Module):
    """z = LN(alpha * scene + beta * person), alpha and beta learned, one number a channel, 1 at first.

    The release sums several such heads, which is the same function as one.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(dim))
        self.beta = nn.Parameter(torch.ones(dim))
        self.norm = nn.LayerNorm(dim)

    def forward(self, scene_BD: Tensor, person_BD: Tensor) -> Tensor:
        """(B, D), (B, D) -> (B, D)."""
        out: Tensor = self.norm(self.alpha * scene_BD + self.beta * person_BD)
        return out


@register_prior("attention")
class AttentionFusion(nn.Module):
    """z = SiLU(sum over heads of a scene + (1 - a) person), a from a softmax over the two views.

    The release takes the softmax over an axis of length 1, where it is always 1; here the views compete.
    """

    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.scene_score = _linear(dim, heads)
        self.person_score = _linear(dim, heads)

    def forward(self, scene_BD: Tensor, person_BD: Tensor) -> Tensor:
        """(B, D), (B, D) -> (B, D)."""
        share_BN = (self.scene_score(scene_BD) - self.person_score(person_BD)).sigmoid()  # a softmax over two
        scene_B1, person_B1 = share_BN.sum(1, keepdim=True), (1 - share_BN).sum(1, keepdim=True)
        return F.silu(scene_B1 * scene_BD + person_B1 * person_BD)


@register_prior("gated_mlp")
class GatedMlp(nn.Module):
    """m = MLP over heads of softmax(A scene) * scene + softmax(B person) * person; z = m * sigmoid(G m).

    The softmax is over the channels of a view. The release ends in a ReLU, which bars half of the teacher's space.
    """

    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.scene_score = _linear(dim, heads * dim)
        self.person_score = _linear(dim, heads * dim)
        self.mlp = nn.Sequential(_linear(heads * dim, dim), nn.ReLU(), _linear(dim, dim))
        self.gate = _linear(dim, dim)

    def forward(self, scene_BD: Tensor, person_BD: Tensor) -> Tensor:
        """(B, D), (B, D) -> (B, D)."""
        scene_BND = self.scene_score(scene_BD).unflatten(1, (self.heads, -1)).softmax(-1) * scene_BD[:, None]
        person_BND = self.person_score(person_BD).unflatten(1, (self.heads, -1)).softmax(-1) * person_BD[:, None]
        mixed_BD = self.mlp((scene_BND + person_BND).flatten(1))
        out: Tensor = mixed_BD * self.gate(mixed_BD).sigmoid()
        return out


@register_prior("none")
class SceneOnly(nn.Module):
    """No fusion, for ablations: z = scene."""

    def __init__(self, dim: int) -> None:
        super().__init__()

    def forward(self, scene_BD: Tensor, person_BD: Tensor) -> Tensor:
        """(B, D), (B, D) -> (B, D)."""
        return scene_BD


def build_prior(name: str, dim: int) -> nn.Module:
    """A fusion by its name in :data:`PRIORS`, for tokens of width ``dim``: ``forward(scene_BD, person_BD) -> (B, D)``.

    Raises:
        ConfigError: unknown name.
    """
    if name not in PRIORS:
        raise ConfigError(f'fusion "{name}": {did_you_mean(name, PRIORS)}')
    return PRIORS[name](dim)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    linear = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
