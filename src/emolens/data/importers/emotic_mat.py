"""EMOTIC: one MATLAB file of annotations, a person a row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emolens.data.importers.registry import register_importer
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.names import did_you_mean
from emolens.taxonomy import get_label_space

SPLITS = ("train", "val", "test")
SCALE = [1.0, 10.0]
TARGETS = ("valence", "arousal", "dominance")
# Fields of a person in train: box, categories, numbers, gender, age. In val and test there are seven:
# box, categories, combined categories, numbers, combined numbers, gender, age.
SEVERAL_ANNOTATORS = 7


@dataclass(frozen=True)
class EmoticOptions:
    """Where the two parts of the download lie."""

    annotations: str = "Annotations/Annotations.mat"
    images: str = "emotic"


@register_importer("emotic_mat", EmoticOptions)
def import_emotic_mat(source: Path, options: EmoticOptions) -> Manifest:
    """``Annotations/Annotations.mat`` and ``emotic/{ade20k,emodb_small,framesdb,mscoco}/images``.

    One row a person: ``boxes`` holds that person's box, ``group`` the picture, ``labels`` the categories, and
    valence, arousal, dominance are on 1..10. In ``train`` one annotator spoke; in ``val`` and ``test`` several, whose
    combined categories and combined numbers are taken. A person without numbers keeps the labels.

    Raises:
        DataError: if the file is missing, is no MATLAB file, or has another structure.
    """
    from scipy.io import loadmat

    file = source / options.annotations
    try:
        content = loadmat(file, simplify_cells=True)
    except FileNotFoundError as error:
        raise DataError(f"{file}: no such file") from error
    except Exception as error:  # the reader raises many kinds on damaged files
        raise DataError(f"{file}: is not a readable MATLAB file ({error})") from error
    rows = [row for split in SPLITS for row in _split_rows(content, split, file)]
    present = [row for row in rows if (source / options.images / row["path"]).is_file()]
    if not present:
        raise DataError(f"{source / options.images}: none of the annotated pictures is there")
    notes = [f"{len(rows) - len(present)} of {len(rows)} persons were left out: their pictures are absent"]
    frame = pd.DataFrame(present)
    frame["path"] = options.images + "/" + frame["path"]
    missing = {name: int(frame[name].isna().sum()) for name in TARGETS if frame[name].isna().any()}
    metadata: dict[str, Any] = {
        "notes": notes if len(rows) > len(present) else [],
        "scales": dict.fromkeys(TARGETS, SCALE),
        **({"missing": missing} if missing else {}),
    }
    return Manifest(frame, metadata, source).freeze_splits()


def _split_rows(content: dict[str, Any], split: str, file: Path) -> list[dict[str, Any]]:
    if split not in content:
        names = [name for name in content if not name.startswith("__")]
        raise DataError(f'{file}: no variable "{split}"; it has {", ".join(names)}')
    rows = []
    try:
        for picture in _list(content[split]):
            place = f"{picture['folder']}/{picture['filename']}"
            for number, person in enumerate(_list(picture["person"])):
                rows.append(
                    {"id": f"{split}/{place}#{number}", "path": place, "split": split, **_person(person, place)}
                )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"{file}: {split} has another structure than the published one ({error!r})") from error
    return rows


def _person(person: dict[str, Any], place: str) -> dict[str, Any]:
    # By place: val and test put what several annotators said together after what each said, under further names.
    values = list(person.values())
    multi_label = len(values) >= SEVERAL_ANNOTATORS
    words = values[2] if multi_label else values[1]["categories"]
    numbers = values[4] if multi_label else values[2]
    space = get_label_space("emotic26")
    labels = []
    for word in _list(words):
        if space.find(str(word)) is None:
            raise DataError(f'{place}: label "{word}" is not in emotic26; {did_you_mean(str(word), space.labels)}')
        labels.append(space.canonical(str(word)))
    left, top, right, bottom = (float(corner) for corner in values[0])
    return {
        "media": "image",
        "labels": labels,
        "label_space": space.name,
        "boxes": [[left, top, right, bottom]],
        "group": place,
        **{name: float(numbers[name]) if np.size(numbers[name]) else float("nan") for name in TARGETS},
    }


def _list(value: Any) -> list[Any]:
    """MATLAB arrays of one entry come out as the entry itself."""
    return list(value) if isinstance(value, list | np.ndarray) else [value]
