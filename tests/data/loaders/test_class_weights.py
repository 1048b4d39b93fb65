import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emolens.data.loaders.class_weights import class_weights


@given(st.lists(st.integers(-1, 4), max_size=60))
def test_equals_the_obvious_version(labels: list[int]) -> None:
    weights = class_weights(np.array(labels, dtype=np.int64), 5)
    raw = [1 / labels.count(c) if c in labels else 0.0 for c in range(5)]
    present = [weight for weight in raw if weight]
    mean = sum(present) / len(present) if present else 1.0
    np.testing.assert_allclose(weights, [weight / mean for weight in raw])


def test_balanced_classes_weigh_one() -> None:
    assert class_weights(np.array([0, 1, 2, 0, 1, 2]), 3).tolist() == [1, 1, 1]


def test_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="labels from 0 to 3 do not fit 3 classes"):
        class_weights(np.array([0, 3]), 3)
