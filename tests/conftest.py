"""Fixtures that more than one floor uses."""

import hashlib
import http.server
import logging
import os
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and what it starts inherits that; some tests send it to what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and nohup the end of the terminal
settings.register_profile("emolens", deadline=None)  # no limit of time for an example: other work may share the machine
settings.load_profile("emolens")

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


CODE_ROWS, CODE_COLUMNS = 3, 4  # the 12 bits of a frame's number, as dark and bright cells of the central square


def code_cells(height: int, width: int) -> list[tuple[slice, slice]]:
    """The cells of the frame number, least significant bit first."""
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    rows = [top + side * r // CODE_ROWS for r in range(CODE_ROWS + 1)]
    columns = [left + side * c // CODE_COLUMNS for c in range(CODE_COLUMNS + 1)]
    return [
        (slice(rows[r], rows[r + 1]), slice(columns[c], columns[c + 1]))
        for r in range(CODE_ROWS)
        for c in range(CODE_COLUMNS)
    ]


def coded_frame(number: int, size: tuple[int, int], seed: int) -> NDArray[np.uint8]:
    """A colour pattern that drifts from frame to frame; its central square carries ``number`` in dark and bright."""
    width, height = size
    phase, drift = np.random.default_rng(seed).uniform(0, 6, 3), number * 0.3
    y, x = np.mgrid[0:height, 0:width]
    wave = 128 + 60 * np.sin(x[..., None] / width * 9 + y[..., None] / height * 5 + drift + phase)
    base = wave.copy()
    for bit, cell in enumerate(code_cells(height, width)):
        base[cell] = (205 if number >> bit & 1 else 50) + (wave[cell] - 128) * 0.5
    return np.asarray(np.rint(base).clip(0, 255), dtype=np.uint8)


@pytest.fixture(scope="session")
def frame_number() -> Callable[[NDArray[np.uint8]], int]:
    """Reads which frame of ``video`` a picture (uint8 RGB, (H, W, 3), any size from 12 pixels) is, modulo 4096."""

    def read(image_HWC: NDArray[np.uint8]) -> int:
        number = 0
        for bit, (rows, columns) in enumerate(code_cells(*image_HWC.shape[:2])):
            cell = image_HWC[rows, columns]
            h, w = cell.shape[0] // 4, cell.shape[1] // 4  # the middle, away from what scaling and coding blur
            number |= int(cell[h : cell.shape[0] - h, w : cell.shape[1] - w].mean() > 127.5) << bit
        return number

    return read


@pytest.fixture(scope="session")
def video() -> Callable[..., Path]:
    """Writes a small H.264 + AAC file, the same for the same arguments, and returns its path.

    Frame k carries its number (fixture ``frame_number``); the sound is a sine of half the full scale.
    """

    def write(
        path: Path,
        seconds: float = 1.0,
        fps: float = 10,
        size: tuple[int, int] = (64, 48),
        sound: bool = True,
        seed: int = 0,
        tone_hz: float = 440.0,
        *,
        pictures: bool = True,
        rate: int = 44100,
        channels: int = 1,
        sound_seconds: float | None = None,  # where the sound is longer or shorter than the pictures
        codec: str = "libx264",
        sound_codec: str = "aac",
        pixels: str = "yuv420p",
        options: dict[str, str] | None = None,  # of the picture's encoder
        times: Sequence[float] | None = None,  # seconds of the frames, where they are not equally far apart
        prepare: Callable[[Any], None] = lambda stream: None,  # last touches to the picture's stream
    ) -> Path:
        import av

        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            if pictures:
                stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
                stream.width, stream.height, stream.pix_fmt = *size, pixels
                stream.thread_count = 1  # the bytes must not depend on the machine
                stream.options = {"crf": "16", **(options or {})} if codec == "libx264" else dict(options or {})
                if times is not None:
                    stream.codec_context.time_base = Fraction(1, 90000)
                prepare(stream)
            if sound:
                layout = {1: "mono", 2: "stereo"}[channels]
                voice = container.add_stream(sound_codec, rate=rate, layout=layout)
            if pictures:
                for k in range(round(seconds * fps) if times is None else len(times)):
                    frame = av.VideoFrame.from_ndarray(coded_frame(k, size, seed), format="rgb24")
                    if times is not None:
                        frame.pts, frame.time_base = round(times[k] * 90000), Fraction(1, 90000)
                    container.mux(stream.encode(frame))
                container.mux(stream.encode())
            if sound:
                t = np.arange(round((seconds if sound_seconds is None else sound_seconds) * rate)) / rate
                wave = np.tile(0.5 * np.sin(2 * np.pi * tone_hz * t), (channels, 1)).astype(np.float32)
                frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout=layout)
                frame.rate, frame.pts = rate, 0
                container.mux(voice.encode(frame))
                container.mux(voice.encode())
        return path

    return write


class Site:
    """What a web server on this machine answers with.

    Attributes:
        contents: path -> bytes.
        faults: what to do to the next requests of a path, one an item: a status instead of the content, or "cut" for
            half of the content and then no more of the connection.
        asked: (method, path, first byte asked for) of each request.
        resumes: whether it can send the rest of a file.
    """

    def __init__(self) -> None:
        self.url = ""
        self.contents: dict[str, bytes] = {}
        self.faults: dict[str, list[int | str]] = {}
        self.asked: list[tuple[str, str, int]] = []
        self.resumes = True


@pytest.fixture
def site() -> Iterator[Site]:
    """A real web server on the loopback address, with the faults that networks have."""
    found = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            asked = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")
            start = int(asked) if found.resumes else 0
            found.asked.append((self.command, self.path, start))
            content = found.contents.get(self.path)
            fault = found.faults[self.path].pop(0) if body and found.faults.get(self.path) else None
            if content is None or isinstance(fault, int):
                self.send_response(404 if content is None else fault)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", hashlib.sha256(content).hexdigest()[:8])
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if body:
                self.wfile.write(content[start : len(content) // 2] if fault == "cut" else content[start:])
            self.close_connection = fault == "cut"

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


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


# A YOLOX network that finds what it is told to: its answer is a constant, written in ONNX's wire format by hand.

STRIDES = (8, 16, 32)
FLOAT = 1  # TensorProto.DataType


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _value_info(name: str, shape: Sequence[int | str]) -> bytes:
    sizes = b"".join(_field(1, _field(2, d) if isinstance(d, str) else _field(1, d)) for d in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, sizes)))


def constant_network(answer: np.ndarray, given: Sequence[int | str], out: Sequence[int | str]) -> bytes:
    """images (of shape ``given``) -> output = ``answer``."""
    tensor = b"".join(_field(1, d) for d in answer.shape) + _field(2, FLOAT) + _field(8, "planted")
    tensor += _field(9, struct.pack(f"<{answer.size}f", *answer.astype(np.float32).ravel()))
    node = _field(1, "planted") + _field(2, "output") + _field(4, "Identity")
    graph = _field(1, node) + _field(2, "g") + _field(5, tensor)
    graph += _field(11, _value_info("images", given)) + _field(12, _value_info("output", out))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def raw_answer(persons: Sequence[tuple[Sequence[float], float]], side: int, class_index: int = 0) -> np.ndarray:
    """What a network with input ``side`` says of boxes (on its square) and scores: encoded by loops, shape (A, 85)."""
    rows = []
    left = list(persons)
    for stride in STRIDES:
        for row in range(side // stride):
            for column in range(side // stride):
                values = [0.0] * 85
                for person in left:
                    (x0, y0, x1, y1), score = person
                    x, y = (x0 + x1) / 2 / stride, (y0 + y1) / 2 / stride
                    if int(x) == column and int(y) == row and stride == 8:
                        size = np.log((x1 - x0) / stride), np.log((y1 - y0) / stride)
                        values[:5] = [x - column, y - row, *size, score]
                        values[5 + class_index] = 1.0
                        left.remove(person)
                        break
                rows.append(values)
    assert not left, "two boxes with their centres in one cell"
    return np.array(rows, dtype=np.float32)


@pytest.fixture
def yolox(tmp_path: Path) -> Callable[..., str]:
    """Writes such a network with a 64 px input; its spec."""

    def write(*persons: tuple[Sequence[float], float], batch: int | str = 1, class_index: int = 0) -> str:
        answer_AF = raw_answer(persons, 64, class_index)
        count = batch if isinstance(batch, int) else 2
        content = constant_network(np.stack([answer_AF] * count), (batch, 3, 64, 64), (batch, len(answer_AF), 85))
        path = tmp_path / "weights" / f"planted-{len(list(tmp_path.glob('weights/*')))}.onnx"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return f"yolox:{path}"

    return write


@pytest.fixture
def other_network(tmp_path: Path) -> Callable[..., str]:
    """A readable network that is no YOLOX; its spec."""

    def write(given: Sequence[int], out: Sequence[int]) -> str:
        path = tmp_path / f"other-{len(out)}.onnx"
        path.write_bytes(constant_network(np.zeros(out), given, out))
        return str(path)

    return write
