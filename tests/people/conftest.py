"""A YOLOX network that finds what it is told to: its answer is a constant, written in ONNX's wire format by hand."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

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
