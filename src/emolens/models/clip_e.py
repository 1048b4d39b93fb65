"""CLIP-E: two small heads on frozen CLIP image embeddings (arXiv 2310.12062, section 3).

Legend: B batch, D embedding width (512 for ViT-B/32), C labels.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

TEMPERATURE = 0.075  # tau of the contrastive head, as released


class CLIPECrossEntropy(nn.Module):
    """The head trained with cross-entropy: Linear(D, D), ReLU, Linear(D, C).

    Two classes share one sigmoid unit, the logit of the second label, as in the release. Layers bear the
    names of the published weights, ``img_fc1`` and ``preds``.

    Args:
        num_classes: C, at least 2.
        embed_dim: D.
    """

    def __init__(self, num_classes: int, embed_dim: int = 512) -> None:
        super().__init__()
        if num_classes < 2:
            raise ValueError(f"num_classes is {num_classes}; a classifier needs at least 2")
        self.num_classes = num_classes
        self.img_fc1 = nn.Linear(embed_dim, embed_dim)
        self.preds = nn.Linear(embed_dim, 1 if num_classes == 2 else num_classes)

    def forward(self, embedding_BD: Tensor) -> Tensor:
        """Return logits: shape (B, C), or (B, 1) for C = 2."""
        logits: Tensor = self.preds(F.relu(self.img_fc1(embedding_BD)))
        return logits

    def log_probability(self, embedding_BD: Tensor) -> Tensor:
        """Log-probabilities, shape (B, C); their exponentials sum to 1 in each row."""
        logits = self(embedding_BD)
        if self.num_classes == 2:
            return torch.cat([F.logsigmoid(-logits), F.logsigmoid(logits)], dim=1)
        return F.log_softmax(logits, dim=1)


class CLIPEContrastive(nn.Module):
    """The head trained against text: Linear(D, D), ReLU, Linear(D, D) on the image side only.

    The text side is CLIP's own embedding, untouched, so any label space can be asked for by its words.
    Layers bear the published names, ``img_fc1`` and ``img_fc2``.
    """

    def __init__(self, embed_dim: int = 512) -> None:
        super().__init__()
        self.img_fc1 = nn.Linear(embed_dim, embed_dim)
        self.img_fc2 = nn.Linear(embed_dim, embed_dim)

    def forward(self, embedding_BD: Tensor) -> Tensor:
        """Move image embeddings, shape (B, D), towards the text of their emotion; not normalised."""
        moved_BD: Tensor = self.img_fc2(F.relu(self.img_fc1(embedding_BD)))
        return moved_BD

    def log_probability(self, embedding_BD: Tensor, text_CD: Tensor) -> Tensor:
        """Log-softmax of cos(image, text) / tau, shape (B, C); ``text_CD`` holds one embedding a label.

        The release's inference takes the softmax of the bare cosine: the same first label, flatter scores. With the
        temperature of the training they are what the head was trained to give.
        """
        image_BD = F.normalize(self(embedding_BD), dim=1)
        return F.log_softmax(image_BD @ F.normalize(text_CD, dim=1).T / TEMPERATURE, dim=1)
