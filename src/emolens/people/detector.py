"""Persons in pictures, by a YOLOX network in onnxruntime.

Legend: B pictures, H, W height and width, C = 3 channels, S side of the network's input, A anchors (S = 416: 3549),
F = 85 values an anchor: box, objectness, 80 classes; K boxes.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError, WeightsError
from emolens.people.boxes import PersonBoxes
from emolens.people.letterbox import from_letterbox, letterbox
from emolens.people.weights import detector_weights

STRIDES = (8, 16, 32)  # px of the input that one anchor of each level stands for
CLASSES = 80  # of COCO
PERSON = 0  # the first of them
OVERLAP = 0.45  # of the released demonstration
LEAST_SIDE = 1.0  # px: a box thinner than a pixel of its picture shows nobody


class Detector:
    """Finds persons (Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430).

    Args:
        spec: see :func:`emolens.people.weights.detector_weights`.
        device: ``cpu``, ``cuda``, or ``auto``: CUDA where onnxruntime has it.
        threshold: least score, objectness times probability of class person, in [0, 1].
        threads: of onnxruntime on a CPU; 0 leaves it to onnxruntime.

    Attributes:
        side: S, which the file states.
        fingerprint: hexadecimal SHA-256 of the weights and of how they are used: boxes of the same fingerprint and the
            same content are the same, whatever the threshold.

    Raises:
        ConfigError: onnxruntime is not installed, or has no CUDA.
        WeightsError: no such file, or not a YOLOX network with the classes of COCO.
    """

    def __init__(self, spec: str, device: str = "auto", threshold: float = 0.3, threads: int = 0) -> None:
        if not 0 <= threshold <= 1:
            raise ConfigError(f"score threshold {threshold}: must be 0 to 1")
        path = detector_weights(spec)
        self.spec, self.threshold = spec, threshold
        content = path.read_bytes()
        self._session = _session(content, str(path), device, threads)
        (given, *others) = self._session.get_inputs()
        shape = given.shape
        fits = not others and len(shape) == 4 and shape[1] == 3 and isinstance(shape[2], int) and shape[2] == shape[3]
        if not fits or shape[2] % STRIDES[-1]:
            raise WeightsError(
                f"{path}: takes {[i.shape for i in self._session.get_inputs()]}; YOLOX takes (B, 3, S, S)"
            )
        self.side = int(shape[2])
        self._input = given.name
        self._batch = shape[0] if isinstance(shape[0], int) else None  # most exports are fixed to one picture
        self._cell_A2, self._stride_A1 = _grid(self.side)
        answer = self._session.get_outputs()[0].shape
        expected = (len(self._cell_A2), 5 + CLASSES)
        if tuple(answer[1:]) != expected:
            raise WeightsError(f"{path}: gives {answer}; YOLOX with the classes of COCO gives (B, {expected[0]}, 85)")
        use = f"letterbox {self.side}, overlap {OVERLAP}, person"
        self.fingerprint = hashlib.sha256(hashlib.sha256(content).digest() + use.encode()).hexdigest()

    @property
    def device(self) -> str:
        """``cuda`` or ``cpu``."""
        return "cuda" if "CUDAExecutionProvider" in self._session.get_providers() else "cpu"

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[PersonBoxes]:
        """Persons in each of ``images`` (uint8 RGB, shape (H, W, 3), each of its own size, 1 x 1 upwards)."""
        return self.detect_squares([(letterbox(image, self.side), *image.shape[:2]) for image in images])

    def detect_squares(self, squares: Sequence[tuple[NDArray[np.uint8], int, int]]) -> list[PersonBoxes]:
        """The same for pictures that are letterboxed already, so that threads can do that: (square, H, W) each."""
        found: list[PersonBoxes] = []
        size = self._batch or max(len(squares), 1)
        for start in range(0, len(squares), size):
            part = squares[start : start + size]
            # BGR from 0 to 255 as it is: releases from 0.1.1 on were trained without mean and deviation.
            input_BCSS = np.zeros((self._batch or len(part), 3, self.side, self.side), dtype=np.float32)
            for b, (square_SSC, _, _) in enumerate(part):
                input_BCSS[b] = square_SSC[:, :, ::-1].transpose(2, 0, 1)
            answer_BAF = self._session.run(None, {self._input: input_BCSS})[0]
            for (_, height, width), answer_AF in zip(part, answer_BAF, strict=False):
                found.append(self._decode(answer_AF, height, width))
        return found

    def _decode(self, answer_AF: NDArray[np.float32], height: int, width: int) -> PersonBoxes:
        score_A = answer_AF[:, 4] * answer_AF[:, 5 + PERSON]
        # An anchor is a person's only if that is what it most likely shows.
        mine_A = (score_A >= self.threshold) & (answer_AF[:, 5:].argmax(axis=1) == PERSON)
        centre_K2 = (answer_AF[mine_A, :2] + self._cell_A2[mine_A]) * self._stride_A1[mine_A]
        half_K2 = np.exp(np.minimum(answer_AF[mine_A, 2:4], 20)) * self._stride_A1[mine_A] / 2
        box_K4, score_K = np.concatenate([centre_K2 - half_K2, centre_K2 + half_K2], axis=1), score_A[mine_A]
        kept = _suppress(box_K4, score_K)
        box_K4 = from_letterbox(box_K4[kept], height, width, self.side)
        least = np.minimum(LEAST_SIDE, [width, height])
        solid_K = ((box_K4[:, 2:] - box_K4[:, :2]) >= least).all(axis=1)  # not all of it lies in the grey
        return PersonBoxes(box_K4[solid_K], score_K[kept][solid_K])


def _suppress(box_K4: NDArray[np.float32], score_K: NDArray[np.float32]) -> NDArray[np.int64]:
    """Places of the boxes that no better one overlaps, by descending score."""
    import torch  # here, and not above: finding out what a detector is costs nothing
    from torchvision.ops import nms

    kept: NDArray[np.int64] = nms(torch.from_numpy(box_K4), torch.from_numpy(score_K), OVERLAP).numpy()
    return kept


def _grid(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The (column, row) and the stride of each anchor: levels one after the other, each row by row."""
    cells, strides = [], []
    for stride in STRIDES:
        row, column = np.divmod(np.arange((side // stride) ** 2), side // stride)
        cells.append(np.stack([column, row], axis=1))
        strides.append(np.full((len(row), 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _session(content: bytes, name: str, device: str, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ConfigError('detecting persons needs onnxruntime: pip install "emolens[people]"') from error
    if device not in ("auto", "cpu", "cuda"):
        raise ConfigError(f'device "{device}": must be auto, cpu or cuda')
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise ConfigError(
            "this onnxruntime has no CUDA: pip install onnxruntime-gpu instead of it, or use --device cpu"
        )
    providers = ["CUDAExecutionProvider"] if has_cuda and device != "cpu" else []
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors; those about graph optimisation concern nobody here
    try:
        return onnxruntime.InferenceSession(content, options, providers=[*providers, "CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen kinds, none of them public
        raise WeightsError(f"{name}: is not a readable ONNX network ({str(error).splitlines()[0][:160]})") from error
