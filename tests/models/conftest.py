"""A vision transformer in plain numpy and loops, float64, after the papers and not after our code."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch

Weights = Mapping[str, np.ndarray]


class NumpyViT:
    """Works on one sample, tokens (L, D), with weights by their published names."""

    def __init__(self, weights: Mapping[str, torch.Tensor]) -> None:
        self.w = {name: value.detach().double().numpy() for name, value in weights.items()}

    def norm(self, name: str, token: np.ndarray, eps: float = 1e-6) -> np.ndarray:
        out = np.empty_like(token)
        for i, row in enumerate(token):
            mean = sum(row) / len(row)
            variance = sum((x - mean) ** 2 for x in row) / len(row)
            out[i] = (row - mean) / math.sqrt(variance + eps) * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]
        return out

    def linear(self, name: str, token: np.ndarray) -> np.ndarray:
        return token @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def looks(self, name: str, token: np.ndarray, heads: int) -> np.ndarray:
        """Attention weights (heads, L, L)."""
        length, dim = token.shape
        size = dim // heads
        qkv = self.linear(f"{name}.qkv", token)
        out = np.zeros((heads, length, length))
        for h in range(heads):
            for i in range(length):
                query = qkv[i, h * size : (h + 1) * size]
                score = [query @ qkv[j, dim + h * size : dim + (h + 1) * size] / math.sqrt(size) for j in range(length)]
                power = [math.exp(s - max(score)) for s in score]
                out[h, i] = [p / sum(power) for p in power]
        return out

    def block(self, name: str, token: np.ndarray, heads: int) -> np.ndarray:
        length, dim = token.shape
        size = dim // heads
        normed = self.norm(f"{name}.norm1", token)
        look = self.looks(f"{name}.attn", normed, heads)
        value = self.linear(f"{name}.attn.qkv", normed)[:, 2 * dim :]
        mixed = np.zeros_like(token)
        for h in range(heads):
            for i in range(length):
                for j in range(length):
                    mixed[i, h * size : (h + 1) * size] += look[h, i, j] * value[j, h * size : (h + 1) * size]
        token = token + self.linear(f"{name}.attn.proj", mixed)
        hidden = self.linear(f"{name}.mlp.fc1", self.norm(f"{name}.norm2", token))
        hidden = np.vectorize(lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))))(hidden)
        return token + self.linear(f"{name}.mlp.fc2", hidden)

    def patches(self, image: np.ndarray) -> np.ndarray:
        """(3, H, W) -> (L, D): what a convolution with stride p gives, patch by patch, row by row."""
        kernel, bias = self.w["patch_embed.proj.weight"], self.w["patch_embed.proj.bias"]
        p = kernel.shape[-1]
        grid = image.shape[1] // p
        return np.array(
            [
                (kernel * image[:, r * p : r * p + p, c * p : c * p + p]).sum((1, 2, 3)) + bias
                for r in range(grid)
                for c in range(grid)
            ]
        )


@pytest.fixture(scope="session")
def numpy_vit() -> type[NumpyViT]:
    return NumpyViT


@pytest.fixture(scope="session")
def published_state() -> Callable[..., dict[str, torch.Tensor]]:
    """Random weights under the names and shapes that MAE and UniEmoX were published with."""

    def make(
        kind: str = "pretraining",
        patch: int = 4,
        dim: int = 8,
        depth: int = 2,
        decoder: int = 12,
        decoder_depth: int = 2,
        grid: int = 4,
        classes: int = 5,
        seed: int = 0,
    ) -> dict[str, torch.Tensor]:
        shapes: dict[str, tuple[int, ...]] = {
            "cls_token": (1, 1, dim),
            "pos_embed": (1, 1 + grid**2, dim),
            "patch_embed.proj.weight": (dim, 3, patch, patch),
            "patch_embed.proj.bias": (dim,),
        }

        def linear(name: str, inputs: int, outputs: int) -> None:
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs), (outputs,)

        def norm(name: str, width: int) -> None:
            shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

        def blocks(name: str, count: int, width: int) -> None:
            for i in range(count):
                norm(f"{name}.{i}.norm1", width)
                linear(f"{name}.{i}.attn.qkv", width, 3 * width)
                linear(f"{name}.{i}.attn.proj", width, width)
                norm(f"{name}.{i}.norm2", width)
                linear(f"{name}.{i}.mlp.fc1", width, 4 * width)
                linear(f"{name}.{i}.mlp.fc2", 4 * width, width)

        blocks("blocks", depth, dim)
        if kind == "fine-tuned":
            norm("fc_norm", dim)
            linear("head", dim, classes)
        else:
            norm("norm", dim)
        if kind == "pretraining":
            linear("decoder_embed", dim, decoder)
            shapes["mask_token"] = (1, 1, decoder)
            shapes["decoder_pos_embed"] = (1, 1 + grid**2, decoder)
            blocks("decoder_blocks", decoder_depth, decoder)
            norm("decoder_norm", decoder)
            linear("decoder_pred", decoder, 3 * patch**2)
        generator = torch.Generator().manual_seed(seed)
        return {name: 0.4 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}

    return make


class NumpyAV:
    """The parts of AV-CPNet's fusion in float64, one clip, one segment and one head at a time.

    Arrays are (S, D); an absent modality is None. Weights go by the names of a module's ``state_dict``. ``released``
    puts a ReLU where the release has one and ours has another function, or none.
    """

    def __init__(self, module: torch.nn.Module, released: bool = False) -> None:
        self.released = released
        self.w = {name: value.detach().double().numpy() for name, value in module.state_dict().items()}

    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        bias = self.w.get(f"{name}.bias", 0.0)
        return np.array([[row @ x[i] for row in self.w[f"{name}.weight"]] for i in range(len(x))]) + bias

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-5) * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def attention(
        self, name: str, query: np.ndarray, memory: np.ndarray, heads: int, reach: float = math.inf
    ) -> np.ndarray:
        """torch's MultiheadAttention, segment i seeing j where |i - j| <= reach."""
        dim = query.shape[1]
        size = dim // heads
        weight, bias = self.w[f"{name}.in_proj_weight"], self.w[f"{name}.in_proj_bias"]
        out = np.zeros_like(query)
        for i in range(len(query)):
            seen = [j for j in range(len(memory)) if abs(i - j) <= reach]
            q = weight[:dim] @ query[i] + bias[:dim]
            for h in range(heads):
                part = slice(h * size, (h + 1) * size)
                score, value = [], []
                for j in seen:
                    k = weight[dim : 2 * dim] @ memory[j] + bias[dim : 2 * dim]
                    v = weight[2 * dim :] @ memory[j] + bias[2 * dim :]
                    score.append(q[part] @ k[part] / math.sqrt(size))
                    value.append(v[part])
                power = [math.exp(s - max(score)) for s in score]
                out[i, part] = sum(p / sum(power) * v for p, v in zip(power, value, strict=True))
        return self.linear(f"{name}.out_proj", out)

    def layer(self, name: str, query: np.ndarray, memory: np.ndarray, heads: int, reach: float) -> np.ndarray:
        x = query + self.attention(f"{name}.attention", self.norm(f"{name}.norm1", query), memory, heads, reach)
        hidden = self.linear(f"{name}.mlp.fc1", self.norm(f"{name}.norm2", x))
        if self.released:
            hidden = np.where(hidden > 0, hidden, 0)
        else:
            hidden = np.vectorize(lambda value: 0.5 * value * (1 + math.erf(value / math.sqrt(2))))(hidden)
        return x + self.linear(f"{name}.mlp.fc2", hidden)

    def gates(self, name: str, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        both = np.concatenate([own, other], axis=1)
        first, second = self.linear(f"{name}.own", both), self.linear(f"{name}.other", both)
        return own / (1 + np.exp(-first)) + other / (1 + np.exp(-second))

    def convolution(self, name: str, x: np.ndarray, dilation: int) -> np.ndarray:
        kernel, bias = self.w[f"{name}.dilated.weight"], self.w[f"{name}.dilated.bias"]
        out = np.zeros_like(x)
        for i in range(len(x)):
            hidden = bias.copy()
            for tap in range(3):
                j = i + (tap - 1) * dilation
                if 0 <= j < len(x):
                    hidden += kernel[:, :, tap] @ x[j]
            last = self.w[f"{name}.pointwise.weight"][:, :, 0] @ np.maximum(hidden, 0)
            out[i] = x[i] + last + self.w[f"{name}.pointwise.bias"]
        return np.where(out > 0, out, 0) if self.released else out

    def level(
        self, name: str, audio: np.ndarray | None, video: np.ndarray | None, heads: int, k: int
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        def one(which: str, own: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
            if own is None:
                return None
            itself = self.layer(f"{name}{which}_self", own, own, heads, 2**k)
            cross = np.zeros_like(own) if other is None else self.layer(f"{name}cross", own, other, heads, 2**k)
            gated = self.gates(f"{name}{which}_gates", itself, cross)
            return self.convolution(f"{name}{which}_convolution", gated, 2**k)

        return one("audio", audio, video), one("video", video, audio)

    def selector(
        self, name: str, audio: list[np.ndarray] | None, video: list[np.ndarray] | None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        def choice(which: str, levels: list[np.ndarray]) -> np.ndarray:
            """(S, K)"""
            return np.stack([1 / (1 + np.exp(-self.linear(f"{name}{which}", x)[:, 0])) for x in levels], axis=1)

        def one(which: str, own: list[np.ndarray] | None, theirs: str, other: list[np.ndarray] | None):
            if own is None:
                return None
            weight = choice(which, own)
            for i in range(len(weight)) if other is not None else ():
                column, memory = choice(which, own)[i][:, None], choice(theirs, other)[i][:, None]
                weight[i] += self.attention(f"{name}attention", column, memory, heads=1)[:, 0]
            return sum(weight[:, k, None] * own[k] for k in range(len(own)))

        return one("audio", audio, "video", video), one("video", video, "audio", audio)

    def pyramid(
        self, name: str, audio: np.ndarray | None, video: np.ndarray | None, heads: int, levels: int
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        audios, videos = [], []
        for k in range(levels):
            audio, video = self.level(f"{name}levels.{k}.", audio, video, heads, k)
            audios.append(audio)
            videos.append(video)
        return self.selector(f"{name}selector.", None if audio is None else audios, None if video is None else videos)

    def globally(
        self, name: str, audio: np.ndarray | None, video: np.ndarray | None, heads: int
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        if audio is None or video is None:
            return audio, video
        return (
            audio + self.linear(f"{name}audio", self.attention(f"{name}attention", audio, video, heads)),
            video + self.linear(f"{name}video", self.attention(f"{name}attention", video, audio, heads)),
        )


@pytest.fixture(scope="session")
def numpy_av() -> type[NumpyAV]:
    return NumpyAV


@pytest.fixture(scope="session")
def spread() -> Callable[[torch.nn.Module], torch.nn.Module]:
    """Gives a module large random weights in float64: no bias is zero, no attention nearly even."""

    def give(module: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in module.double().parameters():
                parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        return module

    return give
