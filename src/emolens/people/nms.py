"""Non-maximum suppression.

Legend: K boxes.
"""

import numpy as np
from numpy.typing import NDArray


def suppress(box_K4: NDArray[np.float32], score_K: NDArray[np.float32], overlap: float) -> NDArray[np.int64]:
    """Of boxes that overlap, keep the most confident.

    Greedy: the best box stays and removes all that overlap it by more than ``overlap`` (intersection over
    union); then the best of the rest, and so on. Whether a box stays depends on better ones alone, so a threshold on
    the score may as well be applied afterwards.

    Args:
        box_K4: left, top, right, bottom.
        score_K: the higher the better; of equal ones the first wins.
        overlap: in [0, 1].

    Returns:
        Places of the boxes that stay, int64, by descending score.
    """
    order = np.argsort(-score_K, kind="stable")
    left, top, right, bottom = box_K4.astype(np.float64).T
    area_K = np.maximum(right - left, 0) * np.maximum(bottom - top, 0)
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        wide = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        tall = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        shared = np.maximum(wide, 0) * np.maximum(tall, 0)
        union = area_K[best] + area_K[rest] - shared
        order = rest[shared <= overlap * union]
    return np.array(kept, dtype=np.int64)
