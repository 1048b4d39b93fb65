"""A linear probe: one linear layer on frozen, standardised embeddings.

Legend: B batch, D embedding width, C classes, R continuous targets.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

TARGETS = ("valence", "arousal", "dominance")


class LinearProbe(nn.Module):
    """C class logits and R continuous values, each a weighted sum of the standardised embedding.

    The protocol of Radford et al. (2021, arXiv 2103.00020, section 3.2): a frozen encoder and a linear
    model regularised by L2, its strength chosen on the validation split.

    Args:
        embed_dim: D.
        num_classes: C; 0 for regression alone.
        targets: names of the R continuous outputs, out of :data:`TARGETS`; values in [-1, 1].
        multi_label: whether the classes are independent: then each logit is that of a sigmoid of its own, and not of
            one softmax.

    Raises:
        ValueError: neither classes nor targets.
    """

    mean_D: Tensor
    scale_D: Tensor

    def __init__(
        self, embed_dim: int, num_classes: int = 0, targets: Sequence[str] = (), multi_label: bool = False
    ) -> None:
        super().__init__()
        if num_classes == 0 and not targets:
            raise ValueError("a probe without classes and without targets predicts nothing")
        self.num_classes, self.targets, self.multi_label = num_classes, tuple(targets), multi_label
        self.linear = nn.Linear(embed_dim, num_classes + len(self.targets))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.register_buffer("mean_D", torch.zeros(embed_dim))
        self.register_buffer("scale_D", torch.ones(embed_dim))

    @torch.no_grad()
    def standardise(self, embedding_ND: Tensor) -> None:
        """Take mean and standard deviation from the training embeddings, float, shape (N, D)."""
        self.mean_D.copy_(embedding_ND.mean(0))
        # A feature that never varies must stay 0, not become the noise of its rounding.
        scale_D = embedding_ND.std(0, correction=0)
        self.scale_D.copy_(torch.where(scale_D > 1e-6, scale_D, torch.inf))

    def forward(self, embedding_BD: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits, shape (B, C), and values, shape (B, R)."""
        output = self.linear((embedding_BD - self.mean_D) / self.scale_D)
        logit_BC, value_BR = output.split([self.num_classes, len(self.targets)], dim=1)
        return logit_BC, value_BR
