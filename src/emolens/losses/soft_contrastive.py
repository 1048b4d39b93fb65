"""The contrastive loss of CLIP-E, whose targets are soft.

Legend: B batch, D embedding.
"""

import torch
from torch import Tensor
from torch.nn import functional


def soft_contrastive_loss(
    image: Tensor, text: Tensor, temperature: float = 0.075, detach_targets: bool = False
) -> Tensor:
    """Image-text contrastive loss in which like pairs count as partial matches (CLIP-E, arXiv 2310.12062).

    With i, t the L2-normalised rows: logits = t i^T / tau; targets = softmax_row((t t^T + i i^T) / (2 tau)), so
    that two pictures of one emotion are not pushed apart; loss = mean over the batch of
    (CE(targets, logits) + CE(targets^T, logits^T)) / 2, where CE(p, z) = -sum p log softmax(z) over a row. The
    rows of targets^T need not sum to 1; the release leaves them so.

    Args:
        image: image embeddings, shape (B, D), any float dtype; normalised here.
        text: text embeddings of the same samples, same shape.
        temperature: tau, above 0. 0.075 as published.
        detach_targets: True: no gradient flows through the targets. False, as released: it does, and the loss
            can also fall by making the targets sharper.

    Returns:
        Scalar of the inputs' dtype, at least 0.

    Raises:
        ValueError: shapes that differ or are not (B, D), an empty batch, a temperature of 0 or less.
    """
    if image.shape != text.shape or image.ndim != 2 or len(image) == 0:
        shapes = f"image {tuple(image.shape)} and text {tuple(text.shape)}"
        raise ValueError(f"{shapes} must be of one shape (B, D), B > 0")
    if temperature <= 0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    image_BD, text_BD = functional.normalize(image, dim=1), functional.normalize(text, dim=1)
    logits_BB = text_BD @ image_BD.T / temperature
    targets_BB = torch.softmax((text_BD @ text_BD.T + image_BD @ image_BD.T) / (2 * temperature), dim=1)
    if detach_targets:
        targets_BB = targets_BB.detach()
    by_text_B = -(targets_BB * torch.log_softmax(logits_BB, dim=1)).sum(dim=1)
    by_image_B = -(targets_BB.T * torch.log_softmax(logits_BB.T, dim=1)).sum(dim=1)
    return ((by_text_B + by_image_B) / 2).mean()
