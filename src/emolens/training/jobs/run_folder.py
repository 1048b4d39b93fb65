"""The folder of a run: who may write into it, and what a resumed run must agree with."""

import json
import time
from pathlib import Path
from typing import Any

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError
from emolens.files import read_json
from emolens.runs.folder import CONFIG

WAITS = 10  # seconds; NFS remembers for some of them that a file was not there
REQUEST = "request.json"  # what was asked for; written first, so that a resumed run can be held against it


def check_run(run: Path, request: dict[str, Any], resume: bool) -> None:
    """Is the folder free, or does it hold this very run, to be resumed? Asked before the work, not after it.

    Raises:
        ConfigError: it holds a finished run, another one, or an unfinished one that was not asked to be resumed.
    """
    if (run / CONFIG).exists():
        raise ConfigError(f"{run}: holds a finished run; choose another --out, or remove it")
    if not (run / REQUEST).exists():
        return
    if not resume:
        raise ConfigError(f"{run}: holds an unfinished run; go on with --resume, or choose another --out")
    # Through JSON both sides have lists where the config has tuples.
    if read_json(run / REQUEST) != json.loads(json.dumps(request)):
        raise ConfigError(f"{run}: was begun with another recipe, config or data ({REQUEST}); choose another --out")


def seen_in_time(path: Path) -> bool:
    """Whether a file that another machine has just written can be seen; network disks may take seconds to show it."""
    waits = 0
    while not path.exists() and waits < WAITS:
        time.sleep(1.0)
        waits += 1
    return path.exists()


def select_split(manifest: Manifest, data: str | Path, name: str) -> Manifest:
    """The rows of one split, or an error that says how to make it without touching the splits that there are.

    Raises:
        DataError: there are none.
    """
    try:
        return manifest.select(name)
    except DataError as error:
        have = manifest.split_names()
        source = "train" if "train" in have else next(iter(have), None)
        share = {"train": 0.7, "val": 0.1}.get(name, 0.2)
        options = f"--within {source} --{name} {share}" if source else "--train 0.7 --val 0.1 --test 0.2"
        raise DataError(
            f"{data}: {error}. Training needs train and val: emolens data split {data} {options} --seed 0 "
            "--out SPLIT.parquet"
        ) from error
