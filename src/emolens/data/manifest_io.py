"""How a manifest lies on disk: Parquet with its metadata inside, or CSV with them beside."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from emolens.data.validate import LISTS, TARGETS, TEXTS
from emolens.errors import DataError
from emolens.files import atomic_path, read_json, write_json

METADATA_KEY = b"emolens"  # in the Parquet schema: JSON of the metadata and the root
PLACES = "a manifest is a .parquet or a .csv file"


def read_table(path: Path) -> tuple[pd.DataFrame, dict[str, Any], Path]:
    """Rows, metadata and root, as stored; nothing is checked.

    A CSV file without ``PATH.json`` is taken as it is: no metadata, paths relative to its own folder.

    Raises:
        DataError: if it is missing, of another kind, or unreadable.
    """
    if not path.exists():
        raise DataError(f"{path}: no such manifest")
    if path.suffix == ".parquet":
        frame, stored = _read_parquet(path)
    elif path.suffix == ".csv":
        frame, stored = _read_csv(path)
    else:
        raise DataError(f"{path}: {PLACES}, not {path.suffix or 'one without a suffix'}")
    root = path.parent / stored.pop("root", ".")
    stored.pop("shards", None)  # where shards lie follows from where their index was found, not from what it says
    return frame, stored, Path(os.path.normpath(root))


def _read_parquet(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    try:
        table = pq.read_table(path)
        stored = json.loads((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
        return table.to_pandas(), stored
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path}: is not a readable Parquet file ({error})") from error


def _read_csv(path: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    # Ids such as "007" or "NA" are text, whatever they look like; only an empty cell is missing.
    kinds = dict.fromkeys(TEXTS, "str")
    try:
        frame = pd.read_csv(path, dtype=kinds, keep_default_na=False, na_values=[""], encoding="utf-8-sig")
        for column in LISTS:
            if column in frame.columns:
                cells = [json.loads(cell) if isinstance(cell, str) else None for cell in frame[column]]
                frame[column] = pd.Series(cells, dtype=object)
        for column in TARGETS:
            if column in frame.columns and frame[column].dtype.kind not in "if":
                words = frame[column].replace("nan", np.nan)  # NaN written out is NaN still, and validation will say so
                numbers = pd.to_numeric(words, errors="coerce")
                if not (numbers.isna() & words.notna()).any():
                    frame[column] = numbers
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: is not a readable CSV file ({error})") from error
    sidecar = _sidecar(path)
    return frame, read_json(sidecar) if sidecar.exists() else {}


def write_table(path: Path, frame: pd.DataFrame, metadata: Mapping[str, Any], root: Path) -> None:
    """Write atomically; nothing is checked.

    Raises:
        DataError: if it is neither Parquet nor CSV, or the place cannot be written.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise DataError(f"{path}: {PLACES}, not {path.suffix or 'one without a suffix'}")
    stored = {**metadata, "root": _stored_root(root, path.parent)}
    if path.suffix == ".parquet":
        table = pa.Table.from_pandas(frame, preserve_index=False)
        own = {METADATA_KEY: json.dumps(stored, allow_nan=False).encode()}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **own})
        with atomic_path(path) as temporary:
            pq.write_table(table, temporary, compression="zstd")
        return
    frame = frame.copy()
    for column in LISTS:
        if column in frame.columns:
            frame[column] = [None if value is None else json.dumps(_plain(value)) for value in frame[column]]
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False)
        write_json(_sidecar(path), stored)  # inside: where it fails, the old table stays beside its old metadata


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple | np.ndarray) else value


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _stored_root(root: Path, folder: Path) -> str:
    """The root seen from the manifest's folder, so that both can move together; absolute if they share only ``/``."""
    root, folder = root.absolute(), folder.absolute()
    common = os.path.commonpath([root, folder])
    return os.path.relpath(root, folder) if common != os.path.sep else str(root)
