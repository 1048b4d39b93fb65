import pandas as pd
import pytest

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError
from emolens.evaluation.score.columns import column_values


def part(**columns: list) -> Manifest:
    rows = len(next(iter(columns.values())))
    frame = pd.DataFrame({"id": [f"i{row}" for row in range(rows)], "path": "a.jpg", "media": "image"})
    return Manifest(frame.assign(**columns))


def test_domain_and_platform_where_they_are_there() -> None:
    manifest = part(domain=["photo", None, "art"], source=["x", "y", "y"])
    assert column_values(manifest, None) == {"domain": ("photo", "(none)", "art")}
    assert column_values(part(platform=["a", "b"], domain=[None, None]), None) == {"platform": ("a", "b")}
    assert column_values(manifest, ()) == {}
    assert column_values(manifest, ("source", "source")) == {"source": ("x", "y", "y")}


def test_numbers_and_truth_are_values_too() -> None:
    found = column_values(part(year=[2019, 2020], crowd=[True, False]), ("year", "crowd"))
    assert found == {"year": ("2019", "2020"), "crowd": ("True", "False")}


def test_what_cannot_be_broken_down_by() -> None:
    many = part(domain=[str(row) for row in range(51)], boxes=[[[0, 0, 1, 1]]] * 51)
    assert column_values(many, None) == {}  # nobody asked
    with pytest.raises(ConfigError, match="--by domain: has 51 values, and a breakdown shows at most 50; group them"):
        column_values(many, ("domain",))
    with pytest.raises(ConfigError, match="--by boxes: holds lists"):
        column_values(many, ("boxes",))
    with pytest.raises(ConfigError, match='--by domian: no such column; did you mean "domain"'):
        column_values(many, ("domian",))
