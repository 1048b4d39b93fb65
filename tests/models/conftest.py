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
