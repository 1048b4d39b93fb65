"""An index comes from somebody else: it may name what it likes."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from emolens.data.manifest import Manifest
from emolens.data.manifest_io import METADATA_KEY
from emolens.data.shards import ShardReader, read_index, write_shards
from emolens.errors import DataError


@pytest.fixture
def shards(small, tmp_path):
    write_shards(small, tmp_path / "shards", 0.01)
    (tmp_path / "secret.tar").write_bytes(b"secret" * 100)
    return tmp_path / "shards"


def edited(folder, **columns):
    index = Manifest.read(folder / "index.parquet")
    replace(index, frame=index.frame.assign(**columns)).write(folder / "index.parquet")
    return folder


@pytest.mark.parametrize("name", ["../secret.tar", "/etc/passwd", "a/b.tar", "..", "", "a\\b.tar", "-x\n.tar"])
def test_a_shard_outside_of_the_folder_is_refused(shards, name):
    with pytest.raises(DataError, match="is not the name of a file beside it; make the shards again"):
        read_index(edited(shards, shard=name))
    with pytest.raises(DataError, match="is not the name of a file"):
        ShardReader(Manifest.read(shards / "index.parquet"))


@pytest.mark.parametrize(
    "columns",
    [{"offset": -1}, {"size": -1}, {"size": 1 << 40}, {"offset": 2.5}, {"crc32": -1}, {"size": float("nan")}],
    ids=str,
)
def test_numbers_that_cannot_be_are_refused(shards, columns):
    with pytest.raises(
        DataError, match=r'index.parquet row 0 \(id "p00"\): offset .* cannot be; make the shards again'
    ):
        read_index(edited(shards, **columns))


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("columns", [{"offset": 1 << 50}, {"size": 8 << 30}, {"size": 1 << 30}], ids=str)
def test_a_row_beyond_the_end_of_its_shard_is_a_bad_row(shards, columns, remote):
    folder = edited(shards, **columns)
    (got,) = ShardReader(read_index(folder.as_uri() if remote else folder)).read([0])
    assert isinstance(got, str)
    assert any(reason in got for reason in ("is damaged at byte", "are too many to read", "cannot be read"))


def test_where_shards_lie_is_not_what_an_index_says(shards, tmp_path):
    path = shards / "index.parquet"
    table = pq.read_table(path)
    stored = json.loads(table.schema.metadata[METADATA_KEY])
    stored["shards"] = {"location": str(tmp_path), "cache": str(tmp_path)}
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(stored)}), path)
    assert "shards" not in Manifest.read(path).metadata
    assert ShardReader(Manifest.read(path)).location == str(shards)
    assert read_index(shards).metadata["shards"] == {"location": str(shards), "cache": None}
