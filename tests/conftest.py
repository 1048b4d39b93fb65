"""Fixtures that more than one floor uses."""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and what it starts inherits that; some tests send it to what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and nohup the end of the terminal
settings.register_profile("emolens", deadline=None)  # no limit of time for an example: other work may share the machine
settings.load_profile("emolens")

pytest_plugins = ("fixtures.detectors", "fixtures.site", "fixtures.videos")

SHARED = Path(os.environ.get("EMOLENS_SHARED") or Path(__file__).resolve().parents[1].parent / "shared")


class Surface(logging.Handler):
    """Raises what emolens logs as unforeseen: a mistake of ours must not pass as a row with an error."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            raise record.exc_info[1]


@pytest.fixture(autouse=True)
def surface(request: pytest.FixtureRequest) -> Iterator[None]:
    """Unforeseen failures on single files end the test, unless it is marked with ``unforeseen``."""
    log, handler = logging.getLogger("emolens.failures"), Surface()
    if request.node.get_closest_marker("unforeseen") is None:
        log.addHandler(handler)
        log.setLevel(logging.DEBUG)
    yield
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; a test that needs it is skipped, visibly, where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data at {SHARED}; set EMOLENS_SHARED")
    return SHARED


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """wait_until(condition, process): wait for a state that the process brings about, however slow the machine is."""

    def wait(condition: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
        while not condition():
            assert process.poll() is None, f"the process ended with {process.returncode} before that"
            time.sleep(0.005)

    return wait


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Writes a smooth random RGB picture, the same for the same seed, and returns its path."""

    def write(path: Path, seed: int = 0, size: tuple[int, int] = (64, 48)) -> Path:
        coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path)
        return path

    return write


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Spec of a CLIP small enough for tests, with random weights in a local safetensors file."""
    import json

    import open_clip
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("tiny_clip")
    arch = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
    }
    (folder / "emolens-tiny.json").write_text(json.dumps(arch))
    open_clip.add_model_config(folder / "emolens-tiny.json")
    torch.manual_seed(0)
    model = open_clip.create_model("emolens-tiny")
    # Fresh weights put all pictures in one place; spread, they tell pictures apart as trained ones do.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, folder / "tiny.safetensors")
    return f"emolens-tiny/{folder / 'tiny.safetensors'}"


SIZES = {"image_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3}


def small_vit(outputs: int) -> Any:
    """With weights that tell pictures and labels apart."""
    import torch

    from emolens.models.vit import EmotionViT

    torch.manual_seed(0)
    model = EmotionViT(**SIZES, num_classes=outputs).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return model


@pytest.fixture
def vit_run(tmp_path: Path) -> Callable[..., tuple[Path, Any]]:
    """vit_run(space, targets, multi_label): its folder and the model in it."""

    def make(space="mikels8", targets=(), multi_label=False, name="tuned") -> tuple[Path, Any]:
        from emolens.models.backbones.vit import evaluation_preprocess
        from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
        from emolens.runs.folder import write_run
        from emolens.taxonomy import get_label_space

        labels = get_label_space(space) if space else None
        model = small_vit((len(labels) if labels else 0) + len(targets))
        config = RunConfig(
            "vit_finetuned",
            label_space=labels,
            targets=targets,
            multi_label=multi_label,
            preprocess=evaluation_preprocess(SIZES["image_size"]),
            model=SIZES,
            training=TrainingFacts(recipe="uniemox_finetune_tiny", data=DataFacts(dataset="drawn")),
        )
        folder = tmp_path / name
        write_run(folder, config, model.state_dict())
        return folder, model

    return make


@pytest.fixture
def av_run(tmp_path: Path) -> Callable[..., Path]:
    """av_run(modalities, fusion): the folder of an audio-visual network with random weights that tells videos apart."""

    def make(modalities=("audio", "video"), fusion="pyramid", name="av", space="emotions6") -> Path:
        import torch

        from emolens.media.audio_config import AudioConfig
        from emolens.media.video_sample import VideoConfig
        from emolens.models.av.audio_resnet import AudioResNetConfig
        from emolens.models.av.video_swin import VideoSwinConfig
        from emolens.models.av_cpnet import AVCPNet, AVCPNetConfig
        from emolens.runs.config import DataFacts, RunConfig, TrainingFacts
        from emolens.runs.folder import write_run
        from emolens.taxonomy import get_label_space

        sound = AudioConfig(rate=8000, n_mels=16, coefficients=6)
        made = VideoConfig(segments=4, frames=2, size=32, audio_frames=8, audio=sound)
        labels = get_label_space(space)
        torch.manual_seed(0)
        net = AVCPNet(
            AVCPNetConfig(
                classes=len(labels), segments=4, frames=2, size=32, audio_frames=8, coefficients=6, width=16, levels=2,
                heads=2, fusion=fusion, modalities=modalities,
                video=VideoSwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2), window=(2, 2, 2)),
                audio=AudioResNetConfig(width=4, layers=(1, 1)),
            )
        )  # fmt: skip
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(0.06 * torch.randn(parameter.shape))
        config = RunConfig(
            "av_cpnet",
            label_space=labels,
            video=made,
            model=net.config.to_dict(),
            training=TrainingFacts(recipe="av_cpnet_tiny", data=DataFacts(dataset="drawn")),
        )
        write_run(tmp_path / name, config, net.state_dict())
        return tmp_path / name

    return make


@pytest.fixture
def colours(tmp_path: Path) -> Callable[..., Any]:
    """colours(n, ...): a manifest of n plain pictures; the redder, the more positive, with noise from the seed."""

    import pandas as pd

    from emolens.data.manifest import Manifest
    from emolens.taxonomy import get_label_space

    def make(
        n: int = 24, seed: int = 0, space: str | None = "polarity2", affect: bool = True, **columns: object
    ) -> Manifest:
        rng = np.random.default_rng(seed)
        folder = tmp_path / f"set{seed}"
        folder.mkdir(exist_ok=True)
        colour_N3 = rng.uniform(-1, 1, (n, 3))
        for i, colour in enumerate(colour_N3):
            pixel = ((colour + 1) * 127.5).astype(np.uint8)
            Image.fromarray(np.broadcast_to(pixel, (24, 32, 3)).copy()).save(folder / f"{i}.png")
        valence_N = np.clip((colour_N3[:, 0] - colour_N3[:, 2]) / 2 + rng.normal(0, 0.2, n), -1, 1)
        frame = pd.DataFrame({"id": [f"s{seed}_{i}" for i in range(n)], "path": [f"{i}.png" for i in range(n)]})
        frame["media"] = "image"
        frame["split"] = ["train" if i % 3 else "test" for i in range(n)]
        if space is not None:
            labels = get_label_space(space)
            by_sign = {
                p: [label for label, q in zip(labels.labels, labels.polarity, strict=True) if p == q]
                for p in labels.polarity
            }
            frame["label"] = [rng.choice(by_sign["positive" if v > 0 else "negative"]) for v in valence_N]
            frame["label_space"] = labels.name
        if affect:
            frame["valence"] = 4 + 3 * valence_N
            frame["arousal"] = 4 + 3 * np.clip(colour_N3[:, 1] + rng.normal(0, 0.2, n), -1, 1)
        for name, values in columns.items():
            frame[name] = values
        scales = {"valence": [1, 7], "arousal": [1, 7]} if affect else {}
        manifest = Manifest(frame, {"dataset": f"colours{seed}", "scales": scales}, folder)
        manifest.validate()
        return manifest.freeze_splits()

    return make
