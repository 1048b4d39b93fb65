"""A real audio-visual network, with random weights, on real files."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pandas as pd
import pytest
import torch

from emolens.cli.main import main
from emolens.data.adapter import import_dataset
from emolens.data.manifest import Manifest
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.score.perturbations import ROBUSTNESS
from emolens.inference.load import load
from emolens.inference.perturbation import Perturbation
from emolens.inference.predictor import Predictor
from emolens.media.audio_config import AudioConfig
from emolens.media.video_sample import VideoConfig
from emolens.models.av.audio_resnet import AudioResNetConfig
from emolens.models.av.video_swin import VideoSwinConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
from emolens.runs.folder import write_run
from emolens.taxonomy import get_label_space

SIZES = {"segments": 2, "frames": 2, "size": 32, "coefficients": 6, "audio_frames": 8}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """run(modalities): the folder of a network for javanese6 that tells videos apart."""

    def make(modalities: tuple[str, ...] = ("audio", "video")) -> Path:
        space = get_label_space("javanese6")
        torch.manual_seed(0)
        video = VideoSwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2), window=(2, 2, 2))
        audio = AudioResNetConfig(width=4, layers=(1, 1))
        config = AVCPNetConfig(
            classes=len(space), width=16, levels=1, heads=2, modalities=modalities, video=video, audio=audio, **SIZES
        )
        net = AVCPNet(config)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(0.1 * torch.randn(parameter.shape))
        folder = tmp_path / "-".join(modalities)
        shape = {name: value for name, value in SIZES.items() if name != "coefficients"}
        clip = VideoConfig(**shape, audio=AudioConfig(rate=8000, n_mels=16, coefficients=SIZES["coefficients"]))
        facts = TrainingFacts("av_cpnet_tiny", data=DataFacts(dataset="elsewhere"))
        made = RunConfig("av_cpnet", label_space=space, video=clip, model=config.to_dict(), training=facts)
        write_run(folder, made, net.state_dict())
        return folder

    return make


@pytest.fixture
def videos(tmp_path: Path, video: Callable[..., Path]) -> Manifest:
    """Eight videos, one of them silent, one without pictures, one broken."""
    folder, rows = tmp_path / "videos", []
    for row in range(8):
        path = folder / f"{row}.mp4"
        video(path, seed=row, seconds=0.6, sound=row != 1, pictures=row != 2, tone_hz=200.0 * (row + 1))
        rows.append({"id": str(row), "path": path.name, "media": "video", "split": "train" if row > 5 else "test"})
    (folder / "3.mp4").write_bytes(b"")
    frame = pd.DataFrame(rows)
    frame["label"] = [get_label_space("javanese6").labels[row % 6] for row in range(8)]
    frame["label_space"] = "javanese6"
    return Manifest(frame, {"dataset": "toned"}, folder).freeze_splits()


def right(predictor: Predictor, manifest: Manifest) -> tuple[float, int]:
    """Share of the answered rows that are right, and how many are answered."""
    part = manifest.select("test")
    rows = zip(predictor.predict(part.paths()), part.frame["label"], strict=True)
    hits = [row.label == label for row, label in rows if row.answered]
    return sum(hits) / len(hits), len(hits)


def test_every_perturbation_equals_the_obvious_count(run, videos: Manifest, tmp_path: Path) -> None:
    predictor = load(f"run:{run()}")
    evaluate(predictor, videos, out=tmp_path / "out", robustness=True)
    facts = json.loads((tmp_path / "out/metrics.json").read_text())
    assert (facts["n_scored"], facts["n_failed"], facts["n_no_audio"], facts["n_no_video"]) == (5, 1, 1, 1)
    assert [row["id"] for row in facts["failed"]] == ["3"]
    parts = {
        "fused": (facts["metrics"], Perturbation()),
        "audio": (facts["modalities"]["audio"], Perturbation(modality="audio")),
        "video": (facts["modalities"]["video"], Perturbation(modality="video")),
        **{name: (facts["robustness"][name], ROBUSTNESS[name]) for name in ("sound removed", "noise at 0 dB")},
    }
    for name, (found, perturbation) in parts.items():
        accuracy = found["accuracy"]
        assert (accuracy["value"], accuracy["n"]) == pytest.approx(right(predictor.perturbed(perturbation), videos)), (
            name
        )
    assert list(facts["robustness"]) == list(ROBUSTNESS)
    assert {"polarity/positive/accuracy", "polarity/negative/recall"} <= set(facts["metrics"])


@pytest.mark.parametrize("modalities", [("audio", "video"), ("audio",)])
def test_each_file_is_decoded_once_for_all_modalities(run, videos: Manifest, monkeypatch, modalities) -> None:
    """As often as for a prediction, by the count of what the real decoder opens."""
    opened: list[str] = []
    open_file = av.open

    def counted(file, *more, **options):
        opened.append(Path(str(file).removeprefix("file:")).name)
        return open_file(file, *more, **options)

    monkeypatch.setattr(av, "open", counted)
    predictor = load(f"run:{run(modalities)}")
    predictor.predict(videos.select("test").paths())
    once = Counter(opened)
    assert set(once) == {f"{row}.mp4" for row in (0, 1, 2, 4, 5)}
    opened.clear()
    evaluation = evaluate(predictor, videos)
    assert Counter(opened) == once
    assert list(evaluation.modalities) == (["fused", "audio", "video"] if len(modalities) == 2 else [])


def test_a_network_of_pictures_alone(run, videos: Manifest) -> None:
    evaluation = evaluate(load(f"run:{run(('video',))}"), videos, robustness=True)
    assert evaluation.modalities == {}
    assert list(evaluation.robustness) == ["50% of frames dropped", "90% of frames dropped"]
    assert (evaluation.measured.n_failed, evaluation.measured.partial.n_no_audio) == (2, 0)


def test_evaluate_and_compare_from_the_command_line(
    run, videos: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos.write(tmp_path / "m.parquet")
    words = ["--data", str(tmp_path / "m.parquet"), "--out", str(tmp_path / "out")]
    folder = run()
    assert main(["evaluate", f"run:{folder}", *words, "--robustness"]) == 0
    printed = capsys.readouterr().out
    assert "5 of 6 rows scored, 1 failed, 1 answered without sound, 1 answered without pictures" in printed
    for line in ("by modality (95% interval)", "by condition (95% interval)", "noise at 10 dB"):
        assert line in printed
    assert main(["compare", "--models", f"run:{folder}", *words]) == 0
    facts = json.loads((tmp_path / "out/metrics.json").read_text())
    assert facts["models"][-1]["data"]["toned"]["n_no_audio"] == 1
    assert facts["metrics"]["toned"]["mini"]["accuracy"]["n"] == 4  # through the frames; two have no pictures


@pytest.mark.shared
def test_javanese(run, shared: Path, tmp_path: Path) -> None:
    manifest = import_dataset("javanese", shared / "data/javanese")
    few = manifest.frame[manifest.frame["path"].str.match("0[12]-01-")].assign(split="test").reset_index(drop=True)
    evaluation = evaluate(load(f"run:{run()}"), replace(manifest, frame=few), out=tmp_path / "out")
    assert evaluation.measured.n_scored == 12
    assert evaluation.measured.partial.words() == []
    assert list(evaluation.modalities) == ["fused", "audio", "video"]
    assert (tmp_path / "out/report.html").read_text().count("data:image/jpeg;base64,") == 12
