"""How much a class should count when classes are unbalanced.

Legend: N samples, C classes.
"""

import numpy as np
from numpy.typing import NDArray


def class_weights(label_N: NDArray[np.int64], num_classes: int) -> NDArray[np.float64]:
    """Weight of each class, inverse to its frequency, with mean 1 over the classes that occur.

    Args:
        label_N: class indices, int64, shape (N,), in [0, num_classes); -1 (no label) is left out.
        num_classes: C.

    Returns:
        float64, shape (C,). A class that does not occur has weight 0: no sample ever asks for it.

    Raises:
        ValueError: if an index is outside [-1, num_classes).
    """
    if label_N.size and not (label_N.min() >= -1 and label_N.max() < num_classes):
        raise ValueError(f"labels from {label_N.min()} to {label_N.max()} do not fit {num_classes} classes")
    count_C = np.bincount(label_N[label_N >= 0], minlength=num_classes).astype(np.float64)
    present_C = count_C > 0
    weight_C = np.divide(1.0, count_C, out=np.zeros(num_classes), where=present_C)
    return weight_C / weight_C[present_C].mean() if present_C.any() else weight_C
