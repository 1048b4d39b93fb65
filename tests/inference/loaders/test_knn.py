import pytest

from emolens import load
from emolens.errors import ConfigError, DataError


def test_neighbours_come_from_the_manifest_in_the_spec(colours, tmp_path):
    colours(24).write(tmp_path / "m.parquet")
    model = load(f"knn:mini@{tmp_path / 'm.parquet'}")
    row = model.predict(str(tmp_path / "set0" / "0.png"))[0]
    assert row.status == "ok"
    assert row.label_space == "polarity2"
    assert load(f"knn:mini@{tmp_path / 'm.parquet'}", "ekman6").label_space.name == "ekman6"


def test_neighbours_come_from_the_data_that_is_given(colours):
    assert load("knn:mini", data=colours(24)).name == "knn:mini"


def test_without_a_manifest_it_says_how_to_name_one(tmp_path):
    with pytest.raises(ConfigError, match=r"knn:mini@MANIFEST\.parquet"):
        load("knn:mini")
    with pytest.raises(DataError, match="no such"):
        load(f"knn:mini@{tmp_path / 'gone.parquet'}")
