"""The loss of EMOTIC's 26 categories, of which a person may show several.

Legend: B batch, C categories.
"""

import torch
from torch import Tensor

ABSENT = 1e-4  # weight of a category that nobody shows: next to none, so that it is not learned as "never"


def category_weights(count_C: Tensor) -> Tensor:
    """1 / ln(count + 1.2), rare categories weighing more; 1e-4 where the count is 0 (the release of EMOTIC).

    Args:
        count_C: how many samples show each category, shape (C,), at least 0.

    Returns:
        float32 or wider, shape (C,), above 0.
    """
    count_C = count_C.to(torch.promote_types(count_C.dtype, torch.float32))
    return torch.where(count_C > 0, 1 / (count_C + 1.2).log(), torch.full_like(count_C, ABSENT))


def weighted_squared_error(prediction_BC: Tensor, target_BC: Tensor, count_C: Tensor | None = None) -> Tensor:
    """sum_c w_c (prediction - target)^2, mean over the batch (EMOTIC; Kosti et al., 2020, arXiv 2003.13401).

    The release sums over the batch, which makes the step grow with it; here it is the mean.

    Args:
        prediction_BC: scores, shape (B, C), any float dtype; the targets are 0 and 1.
        target_BC: 1 where a person shows a category, else 0 (or the share of annotators, in [0, 1]), same shape.
        count_C: counts for :func:`category_weights`, as of the training split. None takes them from
            ``target_BC``, as the release does; then the loss depends on how samples are put into batches.

    Returns:
        Scalar of at least float32, at least 0.

    Raises:
        ValueError: shapes that do not fit, an empty batch.
    """
    if prediction_BC.shape != target_BC.shape or target_BC.ndim != 2 or len(target_BC) == 0:
        shapes = f"prediction {tuple(prediction_BC.shape)} and target {tuple(target_BC.shape)}"
        raise ValueError(f"{shapes} must be of one shape (B, C), B > 0")
    if count_C is not None and count_C.shape != target_BC.shape[1:]:
        raise ValueError(f"count {tuple(count_C.shape)} must be ({target_BC.shape[1]},)")
    wide = torch.promote_types(prediction_BC.dtype, torch.float32)
    weight_C = category_weights(target_BC.sum(dim=0) if count_C is None else count_C).to(prediction_BC.device)
    error_BC = (prediction_BC.to(wide) - target_BC).square()
    return (weight_C * error_BC).sum(dim=1).mean()
