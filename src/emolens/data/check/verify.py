"""Everything that can be wrong with a data set, looked for; nothing is changed.

Legend: N rows, F different files.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emolens.compute import loader_threads
from emolens.data.adapter import Counts, get_adapter, list_adapters
from emolens.data.check.file_check import FileCheck, check_file
from emolens.data.check.near_duplicates import near_duplicate_groups
from emolens.data.manifest import Manifest
from emolens.data.manifest_io import read_table
from emolens.data.validate import CHECKS
from emolens.errors import DataError
from emolens.files import write_json
from emolens.prefetch import prefetch, reason
from emolens.progress import progress

# Grey levels, on the average over small frames. Copies of a video in other sizes and qualities differ by 0.2 to 1.8;
# different videos of one actor before one wall, whose middle frames have near hashes, by 2.6 and more.
SAME_VIDEO = 2.0
ABOUT = 0.02  # by how much a rounded published number may differ from the exact one


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    check: str
    severity: Literal["problem", "notice"]
    message: str
    count: int = 1
    examples: list[list[str]] = field(default_factory=list)
    """Ids (or paths) concerned, one list for each case; all of them."""


@dataclass(frozen=True)
class VerifyReport:
    """What verification found, in the order of the checks."""

    manifest: str
    rows: int
    files: int
    findings: list[Finding]

    @property
    def problems(self) -> list[Finding]:
        """What must be mended; notices are for the eye."""
        return [finding for finding in self.findings if finding.severity == "problem"]

    def write(self, path: str | Path) -> None:
        """As JSON, atomically."""
        write_json(path, {"ok": not self.problems, **asdict(self)})


def verify_manifest(path: str | Path, near: int = 4, workers: int | None = None) -> VerifyReport:
    """Check a manifest and every file in it.

    The promises of the format (ids, labels, targets, groups, frozen splits); counts against the facts of the data set;
    missing and unreadable files; exact duplicates (SHA-256) and near ones (perceptual hash of a picture, or of
    the middle frame of a video). What lies in two splits is a problem; twice in one split is a
    notice. Videos without sound, or without pictures, and damaged ones are notices.

    Args:
        path: of the manifest. Only read.
        near: largest number of different bits of 64 between the hashes of near duplicates.
        workers: threads that read and decode; one a core, at most 16, if not given.

    Returns:
        All findings, not only the first.

    Raises:
        DataError: if the manifest itself is missing or unreadable.
    """
    manifest = Manifest(*read_table(Path(path)))
    findings: list[Finding] = []
    for check, run in CHECKS.items():
        try:
            run(manifest.frame, manifest.metadata, manifest.space_named, str(path))
        except DataError as error:
            findings.append(Finding(check, "problem", str(error)))
            if check == "columns":  # the rest would stumble
                return VerifyReport(str(path), len(manifest), 0, findings)
    if manifest.frame[["id", "path"]].isna().any(axis=None):
        return VerifyReport(str(path), len(manifest), 0, findings)
    findings += _against_facts(manifest)
    files = _read_files(manifest, workers)
    findings += _unreadable(files)
    findings += _incomplete(manifest, files)
    sha_groups = _same_bytes(files)
    findings += _duplicates(manifest, sha_groups, "exact duplicates", "the same file")
    findings += _label_conflicts(manifest, sha_groups)
    findings += _duplicates(manifest, _look_alikes(files, near), "near duplicates", _nearly(manifest))
    return VerifyReport(str(path), len(manifest), len(files), findings)


def _against_facts(manifest: Manifest) -> list[Finding]:
    name = manifest.metadata.get("dataset")
    if name not in list_adapters():
        return []
    counts, found = get_adapter(name).counts, len(manifest)
    partial_import = manifest.metadata.get("partial")
    if partial_import:
        stated = f"{partial_import['imported']} of {partial_import['expected']} rows"
        if found == partial_import["imported"]:
            return [Finding("counts", "notice", f"a part of {name}: {stated}, as imported")]
        return [Finding("counts", "problem", f"{found} rows, but {stated} of {name} were imported")]
    return list(_count_findings(manifest.frame, counts, found, name))


def _count_findings(frame: pd.DataFrame, counts: Counts, found: int, name: str) -> Iterable[Finding]:
    if counts.total is not None and found != counts.total:
        yield Finding("counts", "problem", f"{found} rows, but {name} has {counts.total}")
    if counts.about is not None and abs(found - counts.about) > ABOUT * counts.about:
        yield Finding("counts", "problem", f"{found} rows, but {name} has about {counts.about}")
    for column, expected in (("label", counts.label), ("split", counts.split)):
        have = frame[column].value_counts() if column in frame.columns else pd.Series(dtype=int)
        for value, number in expected.items():
            if int(have.get(value, 0)) != number:
                message = f'{int(have.get(value, 0))} rows with {column} "{value}", but {name} has {number}'
                yield Finding("counts", "problem", message)


def _read_files(manifest: Manifest, workers: int | None) -> dict[Path, FileCheck]:
    """Every different file once, in the order of the table; several rows may share one."""
    media = dict(zip(manifest.paths(), manifest.frame["media"], strict=True))
    paths, files = list(media), {}
    threads = loader_threads(workers)

    def check(path: Path) -> FileCheck:
        return check_file(path, media[path])

    with closing(prefetch(check, paths, threads, ahead=threads)) as items, progress("verify", len(paths)) as advance:
        for path, item in zip(paths, items, strict=True):
            files[path] = item.result or FileCheck(error=reason(path, item.error))
            advance()
    return files


def _unreadable(files: Mapping[Path, FileCheck]) -> list[Finding]:
    errors = [[file.error] for file in files.values() if file.error is not None]
    if not errors:
        return []
    return [Finding("files", "problem", f"{len(errors)} files cannot be read", len(errors), errors)]


def _incomplete(manifest: Manifest, files: Mapping[Path, FileCheck]) -> list[Finding]:
    """Videos that a model of sound and pictures can use only in part, and damaged files."""
    media = dict(zip(manifest.paths(), manifest.frame["media"], strict=True))
    videos = {path: file for path, file in files.items() if media[path] == "video" and file.error is None}
    rows_of, ids = _rows_of(manifest), manifest.frame["id"].tolist()
    findings = []
    for check, what, lacking in (
        ("sound", "videos have no sound", [path for path, file in videos.items() if not file.has_audio]),
        ("pictures", "videos have no pictures", [path for path, file in videos.items() if not file.has_video]),
    ):
        if lacking:
            examples = [[ids[row] for row in rows_of[path]] for path in lacking]
            findings.append(Finding(check, "notice", f"{len(lacking)} of {len(videos)} {what}", len(lacking), examples))
    damaged = [list(file.problems) for file in files.values() if file.problems]
    if damaged:
        findings.append(Finding("damage", "notice", f"{len(damaged)} files are damaged in part", len(damaged), damaged))
    return findings


def _nearly(manifest: Manifest) -> str:
    media = set(manifest.frame["media"])
    return "nearly the same picture" if media == {"image"} else "nearly the same picture or video"


def _same_bytes(files: Mapping[Path, FileCheck]) -> list[list[Path]]:
    groups: dict[str, list[Path]] = {}
    for path, file in files.items():
        if file.error is None:
            groups.setdefault(file.sha256, []).append(path)
    return [group for group in groups.values() if len(group) > 1]


def _look_alikes(files: Mapping[Path, FileCheck], near: int) -> list[list[Path]]:
    """Near duplicates that are not all the same file."""
    paths = list(files)
    hash_F = np.array([files[path].hash for path in paths], dtype=np.uint64)
    alike = [[paths[index] for index in group] for group in near_duplicate_groups(hash_F, near)]
    groups = [part for group in alike for part in _same_videos(group, files)]
    return [group for group in groups if len({files[path].sha256 for path in group}) > 1]


def _same_videos(group: list[Path], files: Mapping[Path, FileCheck]) -> list[list[Path]]:
    """The group in parts that look alike at other places too; pictures stay together."""
    parts: list[list[Path]] = []
    for path in group:
        part = next((part for part in parts if _alike(files[part[0]].look, files[path].look)), None)
        if part is None:
            parts.append([path])
        else:
            part.append(path)
    return [part for part in parts if len(part) > 1]


def _alike(one: NDArray[np.uint8] | None, other: NDArray[np.uint8] | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.abs(one.astype(np.float64) - other).mean(axis=(1, 2)).max() <= SAME_VIDEO)


def _rows_of(manifest: Manifest) -> dict[Path, list[int]]:
    rows: dict[Path, list[int]] = {}
    for row, path in enumerate(manifest.paths()):
        rows.setdefault(path, []).append(row)
    return rows


def _duplicates(manifest: Manifest, groups: list[list[Path]], check: str, what: str) -> list[Finding]:
    if not groups:
        return []
    rows_of, ids = _rows_of(manifest), manifest.frame["id"].tolist()
    split_of = manifest.frame["split"].tolist() if "split" in manifest.frame.columns else [None] * len(ids)
    across: list[list[str]] = []
    within: list[list[str]] = []
    for group in groups:
        rows = [row for path in group for row in rows_of[path]]
        splits = {split_of[row] for row in rows if isinstance(split_of[row], str)}
        named = [f"{ids[row]} ({split_of[row]})" if isinstance(split_of[row], str) else ids[row] for row in rows]
        (across if len(splits) > 1 else within).append(named)
    findings = []
    if across:
        message = f"{what} lies in several splits, {_cases(across)}: training sees what the test asks"
        findings.append(Finding(check, "problem", message, len(across), across))
    if within:
        message = f"{what} occurs more than once, {_cases(within)}"
        findings.append(Finding(check, "notice", message, len(within), within))
    return findings


def _cases(examples: list[list[str]]) -> str:
    return "in 1 case" if len(examples) == 1 else f"in {len(examples)} cases"


def _label_conflicts(manifest: Manifest, groups: list[list[Path]]) -> list[Finding]:
    if not groups or not manifest.has("label"):
        return []
    rows_of, frame = _rows_of(manifest), manifest.frame
    conflicts = []
    for group in groups:
        rows: list[Any] = [row for path in group for row in rows_of[path]]
        if frame["label"].iloc[rows].nunique() > 1:
            conflicts.append([f"{frame['id'].iloc[row]} ({frame['label'].iloc[row]})" for row in rows])
    if not conflicts:
        return []
    message = f"the same file has different labels, {_cases(conflicts)}"
    return [Finding("label noise", "notice", message, len(conflicts), conflicts)]
