"""Data sets of a comparison."""

from dataclasses import replace

import pytest

from emolens.errors import ConfigError, DataError
from emolens.evaluation.data_set import as_manifest, read_data_sets


def test_manifests_and_paths_alike(colours, tmp_path):
    manifest = colours(n=12)
    manifest.write(tmp_path / "m.parquet")
    assert as_manifest(manifest) is manifest
    assert list(as_manifest(tmp_path / "m.parquet").frame["id"]) == list(manifest.frame["id"])
    (by_path,), (by_value,) = (read_data_sets([one], "test").values() for one in (tmp_path / "m.parquet", manifest))
    assert by_path.test.id_N == by_value.test.id_N
    assert (by_path.name, by_path.val) == ("colours0", None)
    assert by_path.train.split == "train"


def test_two_versions_of_one_data_set_get_two_names(colours):
    one = colours(n=24)
    other = replace(one, frame=one.frame.iloc[:12].reset_index(drop=True), metadata={**one.metadata, "splits": {}})
    assert list(read_data_sets([one, other], "test")) == ["colours0", "colours0 (2)"]


def test_mistakes(colours):
    with pytest.raises(ConfigError, match="at least one manifest"):
        read_data_sets([], "test")
    with pytest.raises(ConfigError, match='"colours0" is given twice, with the same rows in split "test"'):
        read_data_sets([colours(n=12), colours(n=12)], "test")
    with pytest.raises(DataError, match='no rows in split "dev"'):
        read_data_sets([colours(n=12)], "dev")
