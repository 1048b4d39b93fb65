"""Eight Javanese actors, each predicted by models that never saw or heard them.

    python benchmarks/javanese.py --javanese ../shared/data/javanese --out runs/javanese \
        --weights ../shared/models/squeezenet1_1_imagenet_features.safetensors
    (the same with --speakers and another --out)

Leave-actors-out: for each seed the actors are dealt into folds, each fold is tested by models trained on the others,
and the answers of all folds are put together, 192 videos a seed. There is no validation split: every model trains for
the epochs of ``av_cpnet_tiny`` and its last weights answer. All networks are that recipe, with one modality, another
fusion or another loss; MFCC + SVM are mean and deviation of 32 MFCC, standardised, scikit-learn's RBF at its defaults.

``--speakers`` brings each actor to one scale first, by all of the actor's videos, whose labels it does not look at: the
sound's coefficients and the image network's numbers by their mean and deviation. That needs several videos of each
test actor.

Training videos are drawn ahead, ``--variants`` times each with other crops, lights, noises, and the epochs go round
these. Intervals are 95%, from resampling actors, of the accuracy averaged over seeds. A run that was stopped goes on.

Legend: N videos, C classes, M coefficients, V variants.
"""

import argparse
import json
import math
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from emolens.data.adapter import import_dataset
from emolens.data.folds import group_folds
from emolens.data.loaders.videos import VideoDataset
from emolens.data.manifest import Manifest
from emolens.media.audio import read_audio
from emolens.media.audio_config import AudioConfig
from emolens.media.mfcc import mfcc
from emolens.metrics.bootstrap import bootstrap_intervals
from emolens.metrics.summary import classification_metrics
from emolens.models.av.frame_encoder import FrameEncoder, FrameEncoderConfig
from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
from emolens.progress import progress
from emolens.recipes.av_cpnet_tiny import av_cpnet_tiny
from emolens.training.jobs.av import AVConfig
from emolens.training.tasks.av import AVTask
from emolens.training.trainer import Trainer

Batch = dict[str, Tensor]


def configs(tiny: AVConfig) -> dict[str, AVConfig]:
    """The networks of the table, each ``tiny`` but for what its name says."""
    plain = replace(tiny, loss=replace(tiny.loss, kind="ce"))
    sound = replace(plain, model=replace(tiny.model, modalities=("audio",)))
    return {
        "video only": replace(plain, model=replace(tiny.model, modalities=("video",))),
        "audio only": sound,
        "audio only, lr x 2": replace(sound, optimizer=replace(tiny.optimizer, lr=2 * tiny.optimizer.lr)),
        "late fusion": replace(plain, model=replace(tiny.model, fusion="late")),
        "AV-CPNet, CE": plain,
        "AV-CPNet, EP-CE": tiny,
    }


class Drawn(Dataset[Batch]):
    """Some rows of videos that were drawn ahead; epoch ``e`` takes variant ``e % V``."""

    def __init__(self, videos: Sequence[Batch], rows: NDArray[np.int64]) -> None:
        self.videos, self.rows, self.epoch = videos, torch.from_numpy(rows), 0

    def __len__(self) -> int:
        return len(self.rows)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __getitem__(self, rows: Sequence[int]) -> Batch:
        row_B = self.rows[list(rows)]
        variant = self.videos[self.epoch % len(self.videos)]
        return {name: column[row_B] for name, column in variant.items()}


class Unpacked(nn.Module):
    """Stands for a frozen image network: takes its numbers, laid out as a picture, and brings them to one scale."""

    def __init__(self, encoder: FrameEncoder) -> None:
        super().__init__()
        self.dim, self.norm = encoder.dim, encoder.norm

    def forward(self, packed_NTHWC: Tensor) -> Tensor:
        found: Tensor = self.norm(packed_NTHWC.flatten(1)[:, : self.dim, None, None])[..., 0, 0]
        return found


def network(config: AVCPNetConfig) -> AVCPNet:
    """The network for drawn videos: the frozen image network has done its part."""
    net = AVCPNet(config, pretrained=False)
    if net.video is not None and isinstance(net.video.encoder, FrameEncoder):
        encoder = net.video.encoder
        net.config = replace(config, frames=1, size=packed_side(encoder.dim))
        net.video.encoder = Unpacked(encoder)  # type: ignore[assignment]
    return net


def packed_side(numbers: int) -> int:
    """Of the least square picture of three colours that has room for so many."""
    return math.ceil(math.sqrt(numbers / 3))


@torch.inference_mode()
def draw(variant: int | None) -> Batch:
    """All videos, as in some epoch of training, or (None) as in evaluation.

    What a frozen image network makes of the pictures is computed here, once, and takes their place.
    """
    torch.set_num_threads(1)
    config = CONFIGS["AV-CPNet, EP-CE"]
    dataset = VideoDataset(MANIFEST, config.video, seed=0, train=variant is not None, augment=config.augment)
    dataset.set_epoch(variant or 0)
    frozen = None
    if isinstance(config.model.video, FrameEncoderConfig):
        frozen = FrameEncoder(config.model.video).eval()
    found = []
    for row in range(len(dataset)):
        batch = dataset[[row]]
        if frozen is not None:
            number_SE = frozen.describe(batch["video"][0])
            side = packed_side(frozen.dim)
            room_SP = functional.pad(number_SE, (0, 3 * side**2 - frozen.dim))
            batch["video"] = room_SP.view(1, -1, 1, side, side, 3)
        found.append(batch)
    return {name: torch.cat([batch[name] for batch in found]) for name in found[0]}


def by_speaker(drawn: list[Batch], answer: Batch, speaker_N: NDArray[np.str_]) -> None:
    """Bring each speaker's videos to one scale, in place; what is known of a speaker is from the videos as they are."""
    for speaker in np.unique(speaker_N):
        rows = torch.from_numpy(np.flatnonzero(speaker_N == speaker))
        for name, axes in (("audio", (0, 1, 2)), ("video", (0, 1))):
            known = answer[name][rows]
            mean, std = known.mean(axes), known.std(axes) + 1e-6
            for batch in (*drawn, answer):
                batch[name][rows] = (batch[name][rows] - mean) / std


def fit(config: AVConfig, seed: int, train_rows: NDArray[np.int64], test_rows: NDArray[np.int64]) -> list[list[float]]:
    """Probabilities (N, C) of the test rows, by a model trained on the others."""
    torch.manual_seed(seed)
    task = AVTask(network(config.model), LABEL_N, LABEL_N, SPACE, config.loss)
    trainer = replace(config.trainer, seed=seed, checkpoint_seconds=1e9, log_steps=None)
    Trainer(trainer, config.optimizer, None).fit(task, Drawn(DRAWN, train_rows))
    task.eval()
    found = []
    with torch.inference_mode():
        for rows in np.array_split(test_rows, max(1, len(test_rows) // 16)):
            batch = Drawn([JUDGED], test_rows)[np.searchsorted(test_rows, rows).tolist()]
            logits = task.model(batch["video"], batch["audio"], batch["has_video"], batch["has_audio"])
            found.append(logits.fused_BC.double().softmax(1))
    probability_NC: list[list[float]] = torch.cat(found).tolist()
    return probability_NC


def svm(train_rows: NDArray[np.int64], test_rows: NDArray[np.int64]) -> list[list[float]]:
    """One-hot answers of MFCC statistics + SVM."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    label_N = LABEL_N.numpy()
    model = make_pipeline(StandardScaler(), SVC()).fit(FEATURE_ND[train_rows], label_N[train_rows])
    answers: list[list[float]] = np.eye(len(SPACE))[model.predict(FEATURE_ND[test_rows])].tolist()
    return answers


def majority(train_rows: NDArray[np.int64], test_rows: NDArray[np.int64]) -> list[list[float]]:
    """The most frequent label of the training rows; the first of several."""
    answer_C = np.eye(len(SPACE))[np.bincount(LABEL_N.numpy()[train_rows], minlength=len(SPACE)).argmax()]
    return [answer_C.tolist()] * len(test_rows)


def statistics(manifest: Manifest, speaker_N: NDArray[np.str_] | None) -> NDArray[np.float64]:
    """Mean and deviation of 32 MFCC of each video, (N, 64)."""
    found = []
    for path in manifest.paths():
        sound = read_audio(path)
        assert sound is not None
        spectrum_MF = mfcc(torch.from_numpy(sound.wave_T)[None], AudioConfig())[0].double().numpy()
        found.append(np.concatenate([spectrum_MF.mean(1), spectrum_MF.std(1)]))
    feature_ND = np.stack(found)
    for speaker in np.unique(speaker_N) if speaker_N is not None else []:
        mine = speaker_N == speaker
        feature_ND[mine] = (feature_ND[mine] - feature_ND[mine].mean(0)) / feature_ND[mine].std(0)
    return feature_ND


def work(job: tuple[str, int, int]) -> tuple[tuple[str, int, int], list[int], list[list[float]], float]:
    """One model on one fold, in a process of its own."""
    torch.set_num_threads(1)
    name, seed, fold = job
    split_N = FOLDS[seed][fold]
    train_rows, test_rows = np.flatnonzero(split_N == "train"), np.flatnonzero(split_N == "test")
    begun = time.monotonic()
    if name == "majority":
        answers = majority(train_rows, test_rows)
    elif name == "MFCC + SVM":
        answers = svm(train_rows, test_rows)
    else:
        answers = fit(CONFIGS[name], seed, train_rows, test_rows)
    return job, test_rows.tolist(), answers, time.monotonic() - begun


def table(lines: list[dict], manifest: Manifest, seeds: int) -> str:
    """Markdown: accuracy, UAR and polarity accuracy, a row a model."""
    label_N, group_N = LABEL_N.numpy(), manifest.frame["group"].to_numpy()
    out = ["| model | accuracy | sd of seeds | UAR | polarity | minutes a fit |", "|---|---|---|---|---|---|"]
    hit: dict[str, NDArray[np.float64]] = {}
    for name in ("majority", "MFCC + SVM", *CONFIGS):
        per_seed, metrics = [], []
        mine = [line for line in lines if line["model"] == name]
        for seed in range(seeds):
            score_NC = np.full((len(label_N), len(SPACE)), np.nan)
            for line in mine:
                if line["seed"] == seed:
                    score_NC[line["rows"]] = line["answers"]
            if np.isnan(score_NC).any():
                break
            per_seed.append((score_NC.argmax(1) == label_N).astype(float))
            metrics.append(classification_metrics(score_NC, label_N, SPACE, group_N, resamples=10))
        if len(per_seed) < seeds:
            continue
        hit[name] = np.mean(per_seed, axis=0)
        uar, polarity = (np.mean([f[key].value for f in metrics]) for key in ("uar", "polarity_accuracy"))
        minutes = np.mean([line["seconds"] for line in mine]) / 60
        sd = np.std([h.mean() for h in per_seed], ddof=1) if seeds > 1 else float("nan")
        out.append(
            f"| {name} | {_interval(hit[name], group_N)} | {sd:.3f} | {uar:.3f} | {polarity:.3f} | {minutes:.1f} |"
        )
    if "AV-CPNet, EP-CE" in hit:
        out.append("")
        for other in [name for name in hit if name not in ("majority", "AV-CPNet, EP-CE")]:
            difference = _interval(hit["AV-CPNet, EP-CE"] - hit[other], group_N)
            out.append(f"AV-CPNet with EP-CE minus {other}: {difference}")
    return "\n".join(out)


def _interval(value_N: NDArray[np.float64], group_N: NDArray[np.str_]) -> str:
    found = bootstrap_intervals(
        lambda weight_RN: {"mean": weight_RN @ value_N / weight_RN.sum(1)}, len(value_N), group_N, 0, 2000
    )["mean"]
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--javanese", type=Path, default=Path("../shared/data/javanese"))
    parser.add_argument("--out", type=Path, required=True, help="folder for videos.pt, answers.jsonl, table.md")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--variants", type=int, default=6)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--weights", help="file of SqueezeNet 1.1; torchvision's own, downloaded, by default")
    parser.add_argument("--speakers", action="store_true")
    parser.add_argument("--only", nargs="*", help="models of the table; all by default")
    options = parser.parse_args()

    torch.set_num_threads(1)  # before the fork: a pool of threads does not survive it
    MANIFEST = import_dataset("javanese", options.javanese)
    SPACE = MANIFEST.space()
    LABEL_N = torch.from_numpy(MANIFEST.label_index())
    SPEAKER_N = MANIFEST.frame["group"].to_numpy().astype(str)
    TINY = av_cpnet_tiny()
    if options.weights is not None:
        TINY = replace(TINY, model=replace(TINY.model, video=replace(TINY.model.video, weights=options.weights)))
    CONFIGS = configs(TINY)
    FOLDS = {
        seed: [fold.frame["split"].to_numpy() for fold in group_folds(MANIFEST, options.folds, seed, val=0)]
        for seed in range(options.seeds)
    }
    options.out.mkdir(parents=True, exist_ok=True)
    record = options.out / "answers.jsonl"
    LINES = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    done = {(line["model"], line["seed"], line["fold"]) for line in LINES}
    names = options.only or ["majority", "MFCC + SVM", *CONFIGS]
    jobs = [(name, seed, fold) for seed in FOLDS for name in names for fold in range(options.folds)]
    jobs = [job for job in jobs if job not in done]
    if jobs:
        FEATURE_ND = statistics(MANIFEST, SPEAKER_N if options.speakers else None)
        fork = multiprocessing.get_context("fork")
        batches = []
        if any(name in CONFIGS for name, *_ in jobs):
            kept = options.out / "videos.pt"
            if not kept.exists():
                variants = [None, *range(options.variants)]
                with ProcessPoolExecutor(options.processes, fork) as pool, progress("draw", len(variants)) as advance:
                    for batch in pool.map(draw, variants):
                        batches.append({name: column.clone() for name, column in batch.items()})
                        advance()
                torch.save(batches, kept)
            batches = torch.load(kept, weights_only=True)
        JUDGED, DRAWN = (batches[0], batches[1:]) if batches else ({}, [])
        if options.speakers and batches:
            by_speaker(DRAWN, JUDGED, SPEAKER_N)
        with (
            ProcessPoolExecutor(options.processes, fork) as pool,
            open(record, "a") as stream,
            progress("train", len(jobs)) as advance,
        ):
            for (name, seed, fold), rows, answers, seconds in pool.map(work, jobs):
                LINES.append(
                    {"model": name, "seed": seed, "fold": fold, "rows": rows, "answers": answers, "seconds": seconds}
                )
                stream.write(json.dumps(LINES[-1]) + "\n")
                stream.flush()
                advance()
    shown = table(LINES, MANIFEST, options.seeds)
    (options.out / "table.md").write_text(shown + "\n")
    print(shown)
