"""Drawing a student's token to what a frozen CLIP says of the same picture (UniEmoX, arXiv 2409.18877).

Legend: B batch, D embedding, T texts.
"""

import torch
from torch import Tensor
from torch.nn import functional


def similarity_loss(student: Tensor, image: Tensor) -> Tensor:
    """L_sim = 1 - mean_i cos(z_i, v_i).

    Args:
        student: z, any float dtype, shape (B, D); normalised here.
        image: v, the teacher's image embeddings, same shape; may come from ``torch.inference_mode``.

    Returns:
        Scalar in [0, 2], of at least float32; 0 where every pair points the same way.

    Raises:
        ValueError: shapes that differ or are not (B, D), an empty batch.
    """
    _check(student, image)
    with _full_precision(student):
        return 1 - (_unit(student) * _unit(image)).sum(dim=1).mean()


def contrastive_loss(student: Tensor, image: Tensor, text: Tensor, scale: float = 100.0) -> Tensor:
    """L_con = 1 - mean_i cos(s z_i T^T, s v_i T^T): the student ranks all texts as the teacher does.

    Rows of the two similarity matrices are compared whole, so texts of other pictures count as well as a picture's own,
    and no pair needs to be marked as right.

    Args:
        student: z, any float dtype, shape (B, D); normalised here, as are the others.
        image: v, shape (B, D).
        text: the teacher's text embeddings, shape (T, D). T = B in the paper; any set of texts works.
        scale: s = exp(logit_scale) of the teacher, above 0. A cosine does not see it; it is here because the
            paper's equation has it.

    Returns:
        Scalar in [0, 2], of at least float32.

    Raises:
        ValueError: shapes that do not fit, an empty batch, no texts, a scale of 0 or less.
    """
    _check(student, image)
    if text.ndim != 2 or len(text) == 0 or text.shape[1] != student.shape[1]:
        raise ValueError(f"text {tuple(text.shape)} must be (T, {student.shape[1]}), T > 0")
    if scale <= 0:
        raise ValueError(f"scale must be above 0, not {scale}")
    with _full_precision(student):
        text_DT = _unit(text).T
        student_BT = scale * _unit(student) @ text_DT
        image_BT = scale * _unit(image) @ text_DT
        return 1 - (_unit(student_BT) * _unit(image_BT)).sum(dim=1).mean()


def _unit(row_BD: Tensor) -> Tensor:
    return functional.normalize(row_BD.to(torch.promote_types(row_BD.dtype, torch.float32)), dim=1)


def _full_precision(like: Tensor) -> torch.autocast:
    """Near its end the loss is a difference of nearly equal numbers, which bf16 would round to 0 or 1/128."""
    return torch.autocast(like.device.type, enabled=False)


def _check(student: Tensor, image: Tensor) -> None:
    if student.shape != image.shape or student.ndim != 2 or len(student) == 0:
        shapes = f"student {tuple(student.shape)} and image {tuple(image.shape)}"
        raise ValueError(f"{shapes} must be of one shape (B, D), B > 0")
