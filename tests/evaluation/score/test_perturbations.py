"""A model of videos: by modality, with something taken away, and on files that lack something."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emolens.cli.main import main
from emolens.data.manifest import Manifest
from emolens.errors import ConfigError, DataError, MediaError
from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.score.perturbations import ROBUSTNESS, fitting
from emolens.evaluation.score.targets import read_targets
from emolens.heads.answers import Answers, mapping_of
from emolens.heads.fit_knn import fit_knn
from emolens.inference.inputs import Input
from emolens.inference.perturbation import Perturbation
from emolens.inference.predictor import Batch, Predictor
from emolens.inference.results import Predictions
from emolens.media.video import probe
from emolens.models.backbones.load import load_backbone
from emolens.runs.config import RunConfig, TrainingFacts
from emolens.taxonomy import LabelSpace, get_label_space

SEES, HEARS, BOTH = {"video": 0.7, "audio": 0.6, "fused": 0.9}.values()


class Oracle(Predictor):
    """Reads the label from the file's name; how sure it is tells what it was given."""

    def __init__(self, takes: tuple[str, ...] = ("audio", "video"), perturbation: Perturbation | None = None) -> None:
        self.name = "oracle"
        self.takes, self.perturbation, self.space = takes, perturbation or Perturbation(), get_label_space("ekman6")

    config = property(lambda self: RunConfig("oracle", training=TrainingFacts(recipe="oracle")))
    kind = property(lambda self: "oracle")
    backbone_spec = property(lambda self: "names")
    label_space = property(lambda self: self.space)
    own_label_space = property(lambda self: self.space)
    mapping = property(lambda self: mapping_of(self.space, self.space, False))
    gives_point = property(lambda self: False)

    def retarget(self, label_space: LabelSpace | str) -> "Oracle":
        assert get_label_space(label_space) == self.space
        return self

    def perturbed(self, perturbation: Perturbation) -> "Oracle":
        if "audio" not in self.takes and (
            not perturbation.sound or perturbation.noise_db is not None or perturbation.modality != "fused"
        ):
            raise ConfigError("takes no sound")
        return Oracle(self.takes, perturbation)

    def predict_batches(self, inputs: Sequence[Input], batch_size: int, workers: int | None) -> Iterator[Batch]:
        for place, one in enumerate(inputs):
            yield np.array([place]), self._row(one)

    modalities = property(lambda self: ("fused", *self.takes) if len(self.takes) > 1 else ("fused",))

    def predict_modalities(self, inputs, batch_size, workers):
        for place, one in enumerate(inputs):
            asked = {name: self.perturbed(Perturbation(modality=name)) for name in self.modalities}
            yield np.array([place]), {name: oracle._row(one) for name, oracle in asked.items()}

    def _row(self, given: Input) -> Predictions:
        path = given.path
        try:
            info = probe(path)
        except MediaError as error:
            return self.failed(given, str(error))
        perturbation = self.perturbation
        hears, sees = info.has_audio and perturbation.sound, info.has_video and perturbation.pictures
        has = {"audio": hears, "video": sees, "fused": hears or sees}
        if not has[perturbation.modality]:
            return self.failed(given, f"{path}: has no {perturbation.modality}")
        said = (
            perturbation.modality
            if perturbation.modality != "fused" or (hears and sees)
            else "audio"
            if hears
            else "video"
        )
        sure = {"video": SEES, "audio": HEARS, "fused": BOTH}[said]
        score_C = np.full(len(self.space), (1 - sure) / (len(self.space) - 1))
        wrong = perturbation.noise_db == 0 or (said == "audio" and path.stem.startswith("fear"))
        label = self.space.index(path.stem.split("_")[0])
        score_C[(label + 1) % len(self.space) if wrong else label] = sure
        status = "no_audio" if not hears else "no_video" if not sees else "ok"
        error = None if status == "ok" else f"{path}: lacks one"
        return self.table([given], Answers(self.space, score_C[None]), status=[status], error=[error])

    def predict_windows(
        self, given: Input, spans: Sequence[tuple[float, float]], batch_size: int
    ) -> Iterator[Predictions]:
        raise NotImplementedError

    def save_pretrained(self, directory: object) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, video: Callable[..., Path]) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for row, label in enumerate(("joy", "fear", "surprise", "sadness")):
        video(folder / f"{label}_{row}.mp4", seed=row, seconds=0.5)
    video(folder / "anger_silent.mp4", seed=5, sound=False, seconds=0.5)
    video(folder / "joy_blind.mp4", pictures=False, seconds=0.5)
    (folder / "disgust_broken.mp4").write_text("not a video")
    return folder


@pytest.fixture
def videos(files: Path) -> Manifest:
    names = sorted(path.name for path in files.iterdir())
    frame = pd.DataFrame({"id": names, "path": names, "media": "video", "split": "test"})
    frame["label"] = [name.split("_")[0] for name in names]
    frame["label_space"] = "ekman6"
    return Manifest(frame, {"dataset": "named"}, files).freeze_splits()


def test_rows_that_lack_something_are_counted_and_score(videos: Manifest, tmp_path: Path) -> None:
    evaluation = evaluate(Oracle(), videos, out=tmp_path / "out")
    facts = json.loads((tmp_path / "out/metrics.json").read_text())
    counts = {
        name: facts[name] for name in ("n_total", "n_scored", "n_failed", "n_no_audio", "n_no_video", "n_partial")
    }
    assert counts == {
        "n_total": 7, "n_scored": 6, "n_failed": 1, "n_no_audio": 1, "n_no_video": 1, "n_partial": 0,
    }  # fmt: skip
    assert evaluation.metrics["accuracy"].n == 6
    table = pd.read_parquet(tmp_path / "out/predictions.parquet").set_index("id")
    assert table["status"].to_dict() == {
        "anger_silent.mp4": "no_audio",
        "disgust_broken.mp4": "error",
        "fear_1.mp4": "ok",
        "joy_0.mp4": "ok",
        "joy_blind.mp4": "no_video",
        "sadness_3.mp4": "ok",
        "surprise_2.mp4": "ok",
    }
    assert table.loc["joy_blind.mp4", "error"].endswith("lacks one")
    html = (tmp_path / "out/report.html").read_text()
    assert "1 answered without sound" in html
    assert "1 answered without pictures" in html
    assert html.count("data:image/jpeg;base64,") == 5  # of the sound alone there is none


def test_by_modality(videos: Manifest, tmp_path: Path) -> None:
    evaluate(Oracle(), videos, out=tmp_path / "out")
    facts = json.loads((tmp_path / "out/metrics.json").read_text())
    found = facts["modalities"]
    assert list(found) == ["fused", "audio", "video"]
    assert found["fused"] == facts["metrics"]
    assert (found["audio"]["accuracy"]["n"], found["video"]["accuracy"]["n"]) == (5, 5)
    assert found["video"]["accuracy"]["value"] == 1
    assert found["audio"]["accuracy"]["value"] == pytest.approx(4 / 5)  # it mistakes fear
    assert facts["robustness"] == {}
    html = (tmp_path / "out/report.html").read_text()
    assert "By sound, by pictures, by both" in html
    assert "When something is missing" not in html


def test_a_model_of_one_modality_has_no_comparison_of_them(videos: Manifest) -> None:
    assert evaluate(Oracle(takes=("video",)), videos).modalities == {}


def test_robustness(videos: Manifest, tmp_path: Path) -> None:
    evaluate(Oracle(), videos, out=tmp_path / "out", robustness=True)
    found = json.loads((tmp_path / "out/metrics.json").read_text())["robustness"]
    assert list(found) == list(ROBUSTNESS)
    assert found["sound removed"]["accuracy"]["n"] == 5  # the sound alone has then nothing left
    assert found["pictures removed"]["accuracy"]["value"] == pytest.approx(4 / 5)
    assert found["noise at 0 dB"]["accuracy"]["value"] == 0
    assert found["noise at 10 dB"]["accuracy"]["value"] == 1
    html = (tmp_path / "out/report.html").read_text()
    assert "When something is missing" in html
    for perturbation in ("as it is", *ROBUSTNESS):
        assert f"<th>{perturbation}</th>" in html
    assert "−1.000" in html


def test_only_perturbations_that_apply() -> None:
    assert list(fitting(Oracle(), ROBUSTNESS)) == list(ROBUSTNESS)
    assert list(fitting(Oracle(takes=("video",)), ROBUSTNESS)) == [
        "pictures removed", "50% of frames dropped", "90% of frames dropped",
    ]  # fmt: skip
    assert fitting(Oracle(), ROBUSTNESS, seed=7)["noise at 0 dB"].perturbation == Perturbation(noise_db=0, seed=7)


def test_nothing_to_take_away_from_pictures(predictor, colours) -> None:
    manifest = colours(n=6)
    assert not read_targets(manifest, "test").has_videos
    with pytest.raises(ConfigError, match="robustness: colours0 has no videos"):
        evaluate(predictor(), manifest, robustness=True)


def test_a_model_of_pictures_on_videos(predictor, videos: Manifest, tmp_path: Path) -> None:
    """Through its frames; what has no pictures fails, and only frames can be taken away."""
    evaluation = evaluate(predictor(space="ekman6", points=False), videos, out=tmp_path / "out", robustness=True)
    assert evaluation.measured.n_failed == 2
    assert evaluation.modalities == {}
    assert {"50% of frames dropped", "90% of frames dropped"} <= set(evaluation.robustness)
    assert "sound removed" not in evaluation.robustness


def test_neighbours_are_found_among_pictures(videos: Manifest) -> None:
    with pytest.raises(DataError, match="named has videos; nearest neighbours are found among pictures"):
        fit_knn(load_backbone("mini"), videos, split="test")


def test_compare_says_why_there_is_no_linear_probe(videos: Manifest, tmp_path: Path) -> None:
    frame = videos.frame.assign(split=["train", "test"] * 3 + ["train"])
    manifest = replace(videos, frame=frame, metadata={"dataset": "named"})
    manifest.write(tmp_path / "m.parquet")
    out = tmp_path / "out"
    code = main(["compare", "--models", "mini", "--data", str(tmp_path / "m.parquet"), "--out", str(out)])
    assert code == 0
    models = {model["name"]: model for model in json.loads((out / "metrics.json").read_text())["models"]}
    assert models["linear probe on mini"]["data"]["named"]["not_run"] == (
        "named has videos; a linear probe is fitted on pictures"
    )
