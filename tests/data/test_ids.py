import hashlib

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from emolens.data.ids import ids_sha256

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))


def naive_sha256(ids: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()


@given(texts)
def test_equals_the_obvious_version(ids: list[str]) -> None:
    assert ids_sha256(ids) == naive_sha256(ids)


@given(texts)
def test_the_order_does_not_matter(ids: list[str]) -> None:
    assert ids_sha256(pd.Series(ids, dtype="str")) == ids_sha256(ids[::-1])


def test_a_column_in_pieces() -> None:
    pieces = pd.concat([pd.Series(["b", "c"], dtype="str"), pd.Series(["a"], dtype="str")])
    assert ids_sha256(pieces) == naive_sha256(["a", "b", "c"])
