"""Cross-entropy that weighs errors of polarity more: EP-CE of AV-CPNet (arXiv 2311.17335).

Legend: B batch, C classes.
"""

import torch
from torch import Tensor
from torch.nn import functional


def ep_cross_entropy(logits: Tensor, target: Tensor, polarity: Tensor, penalty: Tensor) -> Tensor:
    """mean_i (1 + penalty[polarity(y_i)] * [polarity(argmax_i) != polarity(y_i)]) * CE_i.

    Taking fear for joy costs more than taking fear for anger. The factor does not depend smoothly on the logits, so the
    gradient is that of the cross-entropy, scaled row by row.

    Args:
        logits: any float dtype, shape (B, C).
        target: class indices, int64, shape (B,), in [0, C).
        polarity: of each class, int64, shape (C,): 0 positive, 1 neutral, 2 negative.
        penalty: float, shape (3,), at least 0: what is added for an error of polarity, by the polarity of the truth.
            0.5 each as published; 0 gives the plain cross-entropy.

    Returns:
        Scalar of at least float32, at least 0.

    Raises:
        ValueError: shapes that do not fit, an empty batch.
    """
    if logits.ndim != 2 or len(logits) == 0:
        raise ValueError(f"logits {tuple(logits.shape)} must be (B, C), B > 0")
    batch, classes = logits.shape
    for name, tensor, size in (("target", target, batch), ("polarity", polarity, classes), ("penalty", penalty, 3)):
        if tensor.shape != (size,):
            raise ValueError(f"{name} {tuple(tensor.shape)} must be ({size},) for logits {tuple(logits.shape)}")
    wide = torch.promote_types(logits.dtype, torch.float32)
    error_B = functional.cross_entropy(logits.to(wide), target, reduction="none")
    wanted_B = polarity[target]
    wrong_B = polarity[logits.argmax(dim=1)] != wanted_B
    return ((1 + penalty.to(wide)[wanted_B] * wrong_B) * error_B).mean()
