"""Fingerprints of what goes into a cell: change one of them, and the cell is computed anew.

Legend: N rows.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from emolens.data.manifest import Manifest
from emolens.files import sha256_file
from emolens.plain import to_plain
from emolens.specs import parse_backbone, stored_path

FACTS = ("dataset", "scales", "label_spaces")  # of the metadata: what decides targets, and the warning of an overlap


def digest(value: Any) -> str:
    """Hexadecimal SHA-256 of JSON values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def manifest_digest(manifest: Manifest) -> str:
    """SHA-256 of everything that a manifest says of its rows, in any order, and of the size and time of each file.

    Where the files lie does not count, so a data set may be moved; a file that is written anew does.
    """
    frame = manifest.frame.sort_values("id", kind="stable").drop(columns=["path"])
    stamps = dict(zip(manifest.frame["id"], map(_stamp, manifest.paths()), strict=True))
    content = frame.assign(file=[stamps[name] for name in frame["id"]])
    text = content[sorted(content.columns)].to_json(orient="split", index=False, double_precision=15)
    return digest([text, {name: manifest.metadata.get(name) for name in FACTS}])


def config_digest(config: Any) -> str:
    """SHA-256 of a config's values and, where a value names a file or a folder of a run, of what lies there."""
    plain = to_plain(config)
    found = {text: content for text in sorted(_texts(plain)) if (content := _content(text)) is not None}
    return digest([plain, found])


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, Mapping):
        return set().union(*map(_texts, value.values()))
    return set().union(*map(_texts, value)) if isinstance(value, list) else set()


def _content(text: str) -> str | None:
    """The SHA-256 of the weights that a spec or a path names; None where it names none on this disk."""
    for path in (stored_path(text), parse_backbone(text).weights):
        if path and (found := Path(path).expanduser()).exists():
            return _folder_digest(found) if found.is_dir() else _file_digest(found, _stamp(found))
    return None


def _folder_digest(folder: Path) -> str | None:
    """Of a run: its config and its weights; of another folder nothing."""
    parts = [folder / name for name in ("config.json", "model.safetensors")]
    return digest([_file_digest(part, _stamp(part)) for part in parts]) if all(p.is_file() for p in parts) else None


@cache
def _file_digest(path: Path, stamp: str | None) -> str:
    """Read once for each state of the file."""
    return sha256_file(path)


def _stamp(path: Path) -> str | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return f"{found.st_size} {found.st_mtime_ns}"
