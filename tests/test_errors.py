"""Errors of libraries, in short."""

from emolens.errors import in_short


def test_the_first_line_or_the_class():
    assert in_short(ValueError("  one\ntwo")) == "one"
    assert in_short(KeyError()) == "KeyError"
    assert in_short(ValueError("x" * 300)) == "x" * 200 + "..."
