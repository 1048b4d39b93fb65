import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emolens.training.state.state_tree import put_together, take_apart

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(trees)
def test_what_json_knows_comes_back_as_it_was(tree):
    kept, tensors = take_apart(tree)
    assert tensors == {}
    assert put_together(json.loads(json.dumps(kept)), {}) == tree


def test_tensors_are_kept_by_their_path():
    state = {"state": {0: {"step": torch.tensor(3.0), "dirs": [torch.ones(2), None]}}, "betas": (0.9, 0.95)}
    kept, tensors = take_apart(state)
    assert sorted(tensors) == ["state/0/dirs/0", "state/0/step"]
    back = put_together(json.loads(json.dumps(kept)), tensors)
    assert back["betas"] == (0.9, 0.95)
    assert torch.equal(back["state"][0]["dirs"][0], torch.ones(2))
    assert back["state"][0]["dirs"][1] is None


def test_a_tensor_that_was_not_read_is_left_out():
    kept, tensors = take_apart({"best": {"w": torch.ones(2), "b": torch.ones(1)}})
    assert put_together(kept, {"best/b": tensors["best/b"]}) == {"best": {"b": tensors["best/b"]}}


def test_what_cannot_be_kept_is_named():
    with pytest.raises(TypeError, match="optimizer/hook: function cannot be kept"):
        take_apart({"optimizer": {"hook": lambda: None}})


@pytest.mark.parametrize("tree", [{}, {"object": "x"}, {"dict": 3}, {"dict": [1]}, {"tensor": 4}])
def test_what_is_no_tree_is_refused(tree):
    with pytest.raises((ValueError, TypeError)):
        put_together(tree, {})
