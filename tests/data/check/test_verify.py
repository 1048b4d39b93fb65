import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from emolens.data.adapter import import_dataset
from emolens.data.check.verify import VerifyReport, verify_manifest
from emolens.data.manifest import Manifest
from emolens.data.manifest_io import write_table
from emolens.errors import DataError


@pytest.fixture
def check(tmp_path: Path) -> Callable[[Manifest], VerifyReport]:
    """Write without the validation of ``Manifest.write``, as a careless editor would, then verify."""

    def run(manifest: Manifest) -> VerifyReport:
        write_table(tmp_path / "m.parquet", manifest.frame, manifest.metadata, manifest.root)
        before = (tmp_path / "m.parquet").read_bytes()
        report = verify_manifest(tmp_path / "m.parquet", workers=2)
        assert (tmp_path / "m.parquet").read_bytes() == before
        return report

    return run


def found(report: VerifyReport) -> dict[str, str]:
    return {f"{finding.severity} {finding.check}": finding.message for finding in report.findings}


def in_two_splits(manifest: Manifest) -> Manifest:
    return replace(manifest, frame=manifest.frame.assign(split=["train"] * 8 + ["test"] * 4)).freeze_splits()


def test_all_is_well(small: Manifest, check) -> None:
    report = check(in_two_splits(small))
    assert report.findings == []
    assert (report.rows, report.files) == (12, 12)


def test_unreadable_files(tmp_path: Path, small: Manifest, check) -> None:
    (tmp_path / "pictures/00.png").unlink()
    (tmp_path / "pictures/01.png").write_bytes(b"")
    (tmp_path / "pictures/02.png").write_text("not a picture")
    report = check(small)
    assert found(report) == {"problem files": "3 files cannot be read"}
    reasons = [example[0].split("pictures/")[1] for example in report.findings[0].examples]
    assert reasons[0] == "00.png: no such file"
    assert reasons[1] == "01.png: is empty (0 bytes)"
    assert reasons[2].startswith("02.png: is not a picture")


def test_the_same_file_across_and_within_splits(tmp_path: Path, small: Manifest, check) -> None:
    content = (tmp_path / "pictures/00.png").read_bytes()
    (tmp_path / "pictures/01.png").write_bytes(content)
    report = check(in_two_splits(small))
    assert found(report) == {"notice exact duplicates": "the same file occurs more than once, in 1 case"}
    (tmp_path / "pictures/11.png").write_bytes(content)
    report = check(in_two_splits(small))
    message = found(report)["problem exact duplicates"]
    assert message == "the same file lies in several splits, in 1 case: training sees what the test asks"
    assert report.findings[0].examples == [["p00 (train)", "p01 (train)", "p11 (test)"]]
    assert found(report)["notice label noise"] == "the same file has different labels, in 1 case"


def test_near_duplicates(tmp_path: Path, small: Manifest, check) -> None:
    twin = Image.open(tmp_path / "pictures/03.png").resize((96, 72))
    twin.save(tmp_path / "pictures/11.png")
    report = check(in_two_splits(small))
    assert list(found(report)) == ["problem near duplicates"]
    assert report.findings[0].examples == [["p03 (train)", "p11 (test)"]]
    assert list(found(check(small))) == ["notice near duplicates"]  # without splits, nothing straddles


def test_every_broken_promise_is_found_not_only_the_first(small: Manifest, check) -> None:
    frozen = in_two_splits(small)
    frame = frozen.frame.assign(
        label=["ragee", *frozen.frame["label"][1:]],
        valence=[99.0, *frozen.frame["valence"][1:]],
        split=["train"] * 7 + ["test"] * 5,
    )
    report = check(replace(frozen, frame=frame))
    kinds = [finding.check for finding in report.problems]
    assert kinds == ["labels", "targets", "groups", "frozen splits"]
    assert 'label "ragee" is not in parrott6' in report.problems[0].message


def test_missing_columns_end_it(small: Manifest, check) -> None:
    report = check(replace(small, frame=small.frame.drop(columns="media")))
    assert [finding.check for finding in report.problems] == ["columns"]


def test_counts_against_the_facts(small: Manifest, check) -> None:
    bass = replace(small, metadata={**small.metadata, "dataset": "bass"})
    assert found(check(bass)) == {"problem counts": "12 rows, but bass has 583"}
    webemo = replace(small, metadata={**small.metadata, "dataset": "webemo"})
    assert found(check(webemo)) == {"problem counts": "12 rows, but webemo has about 268000"}
    part = replace(bass, metadata={**bass.metadata, "partial": {"imported": 12, "expected": 583}})
    assert found(check(part)) == {"notice counts": "a part of bass: 12 of 583 rows, as imported"}
    shrunk = replace(bass, metadata={**bass.metadata, "partial": {"imported": 13, "expected": 583}})
    assert found(check(shrunk)) == {"problem counts": "12 rows, but 13 of 583 rows of bass were imported"}


def test_several_rows_of_one_file_are_no_duplicates(small: Manifest, check) -> None:
    frame = small.frame.assign(path="pictures/00.png")
    report = check(replace(small, frame=frame))
    assert report.findings == []
    assert report.files == 1


def test_the_report_is_json(tmp_path: Path, small: Manifest, check) -> None:
    (tmp_path / "pictures/00.png").unlink()
    check(small).write(tmp_path / "r.json")
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["ok"] is False
    assert written["rows"] == 12
    assert written["findings"][0]["check"] == "files"


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such manifest"):
        verify_manifest(tmp_path / "absent.parquet")


@pytest.fixture
def videos(tmp_path: Path, video: Callable[..., Path]) -> Manifest:
    """Three different videos with sound, in three splits."""
    rows = []
    for row, split in enumerate(("train", "val", "test")):
        video(tmp_path / f"{row}.mp4", seed=row, size=(96, 64))
        rows.append({"id": f"v{row}", "path": f"{row}.mp4", "media": "video", "split": split})
    return Manifest(pd.DataFrame(rows), {}, tmp_path).freeze_splits()


def test_videos_all_well(videos: Manifest, check) -> None:
    assert check(videos).findings == []


def test_unreadable_videos_and_sounds(tmp_path: Path, videos: Manifest, check, video) -> None:
    (tmp_path / "0.mp4").write_text("not a video")
    content = (tmp_path / "1.mp4").read_bytes()
    (tmp_path / "1.mp4").write_bytes(content[: len(content) // 3])
    video(tmp_path / "2.mp4", sound=False)
    frame = videos.frame.assign(media=["video", "video", "audio"])
    report = check(replace(videos, frame=frame))
    assert found(report)["problem files"] == "3 files cannot be read"
    reasons = [example[0].rsplit("/", 1)[1] for example in report.problems[0].examples]
    assert reasons[0].startswith("0.mp4: is not a video")
    assert reasons[1].startswith("1.mp4: ")
    assert reasons[2] == "2.mp4: has no sound; the manifest says that it is a sound"


def test_videos_that_lack_something(tmp_path: Path, videos: Manifest, check, video) -> None:
    video(tmp_path / "0.mp4", sound=False)
    video(tmp_path / "1.mp4", pictures=False)
    report = check(videos)
    assert found(report) == {
        "notice sound": "1 of 3 videos have no sound",
        "notice pictures": "1 of 3 videos have no pictures",
    }
    assert report.findings[0].examples == [["v0"]]


def test_a_video_in_another_format_is_a_near_duplicate(tmp_path: Path, videos: Manifest, check, video) -> None:
    video(tmp_path / "2.mp4", seed=0, size=(96, 64), options={"crf": "30"})
    report = check(videos)
    assert found(report) == {
        "problem near duplicates": "nearly the same picture or video lies in several splits, in 1 case: training sees "
        "what the test asks"
    }
    assert report.findings[0].examples == [["v0 (train)", "v2 (test)"]]
    (tmp_path / "2.mp4").write_bytes((tmp_path / "0.mp4").read_bytes())
    assert list(found(check(videos))) == ["problem exact duplicates"]


@pytest.mark.shared
def test_acted_clips_of_one_actor_are_no_duplicates(shared: Path, check) -> None:
    """Their middle frames look alike; the videos are different takes."""
    manifest = import_dataset("javanese", shared / "data/javanese")
    some = manifest.frame[manifest.frame["group"] == "10"].reset_index(drop=True)
    assert check(replace(manifest, frame=some)).findings == []


@pytest.mark.shared
def test_bass_holds_one_silhouette_twice(shared: Path, check) -> None:
    """badminton.png is tennis2.png with another ball: found, and nothing else is."""
    report = check(import_dataset("bass", shared / "data/bass"))
    assert [finding.check for finding in report.findings] == ["near duplicates"]
    assert report.findings[0].examples == [["images/badminton.png", "images/tennis2.png"]]
    assert report.problems == []
