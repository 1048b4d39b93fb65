"""Frozen encoders, all behind one face.

Legend: B batch, H, W height and width, C channels, D embedding, T texts.
"""

import hashlib
import json
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.models.precision import DTYPES
from emolens.models.preprocess import Preprocess
from emolens.models.tensor_hash import hash_tensors

ENCODING = 1  # raised whenever emolens computes other embeddings from the same weights; old caches then no longer fit


class Backbone(nn.Module):
    """An encoder that is never trained: a picture, or a text, to a vector.

    A subclass gives :meth:`features` and either ``preprocess`` or its own :meth:`transform`; what loads it registers
    with :func:`emolens.models.backbones.load.register_backbone`.

    Attributes:
        spec: what :func:`emolens.models.backbones.load.load_backbone` was given.
        embed_dim: D.
        device, precision: where it runs, and "fp32", "bf16" or "fp16".
        preprocess: how a picture becomes an input, or None where ``transform`` is its own.
        min_side: passed to ``emolens.media.image.read_image``; None reads pictures at full size.
        has_text: whether :meth:`encode_text` works.
        logit_scale: s = exp(.) that multiplies the cosine of image and text; None without text.
    """

    has_text: bool = False
    logit_scale: float | None = None

    def __init__(self, spec: str, embed_dim: int, preprocess: Preprocess | None, min_side: int | None = None) -> None:
        super().__init__()
        self.spec = spec
        self.embed_dim = embed_dim
        self.preprocess = preprocess
        self.min_side = preprocess.min_side if preprocess is not None else min_side
        self.device = torch.device("cpu")
        self.precision = "fp32"

    def settle(self, device: torch.device, precision: str) -> None:
        """Freeze, convert the weights, move them; ``load_backbone`` does it last.

        Args:
            device: where to.
            precision: "fp32", "bf16" or "fp16".

        Channels last, because CPUs convolve that way up to twice as fast (SqueezeNet 2.2x, ResNet-18 1.4x, no
        difference for transformers).
        """
        self.device, self.precision = device, precision
        self.eval().requires_grad_(False)
        self.to(device=device, dtype=DTYPES[precision])
        self.to(memory_format=torch.channels_last)

    def transform(self, image_HWC: NDArray[np.uint8]) -> Tensor:
        """One picture's input. Runs in loader threads.

        Args:
            image_HWC: uint8 RGB, shape (H, W, 3).

        Returns:
            float32; for pictures (C, h, w).
        """
        if self.preprocess is None:
            raise NotImplementedError(f"{type(self).__name__} has no preprocessing")
        return self.preprocess(image_HWC)

    def features(self, batch: Tensor) -> Tensor:
        """(B, ...) on ``device`` in its precision -> (B, D)."""
        raise NotImplementedError

    def text_features(self, texts: list[str]) -> Tensor:
        """T texts -> (T, D)."""
        raise ConfigError(f'backbone "{self.spec}" encodes no text; a CLIP model does, for instance ViT-B-32/openai')

    @torch.inference_mode()
    def encode_image(self, batch: Tensor) -> Tensor:
        """Embed a batch of what :meth:`transform` gives.

        Args:
            batch: float32, shape (B, C, h, w), on any device.

        Returns:
            float32 on the CPU, shape (B, D), not normalised.
        """
        layout = torch.channels_last if batch.ndim == 4 else torch.contiguous_format
        batch = batch.to(self.device, DTYPES[self.precision], memory_format=layout)
        return self.features(batch).float().cpu()

    @torch.inference_mode()
    def encode_text(self, texts: list[str]) -> Tensor:
        """Embed sentences.

        Returns:
            float32 on the CPU, shape (T, D), not normalised.

        Raises:
            ConfigError: the model has no text encoder.
        """
        return self.text_features(list(texts)).float().cpu()

    def recipe(self) -> dict[str, Any]:
        """What, beside the tensors, decides an embedding; a subclass adds its own. JSON values only."""
        return {
            "encoding": ENCODING,
            "kind": type(self).__name__,
            "embed_dim": self.embed_dim,
            "precision": self.precision,
            "preprocess": self.preprocess.to_dict() if self.preprocess is not None else None,
            "min_side": self.min_side,
        }

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of the recipe and of every tensor: equal fingerprints mean equal embeddings.

        It is of the tensors, not of the file, so the same weights as .pt and as .safetensors share a cache. Computed
        when first asked for (600 MB of weights take about a second). The device is left out: it changes rounding only.
        """
        digest = hashlib.sha256(json.dumps(self.recipe(), sort_keys=True).encode())
        hash_tensors(digest, self.state_dict())
        return digest.hexdigest()


def mean_and_max(map_BCHW: Tensor) -> Tensor:
    """Pool a convolutional map over its places: (B, C, H, W) -> (B, 2C), the means, then the maxima.

    The mean says how much of a pattern there is, the maximum whether there is any; a linear head wants both.
    """
    return torch.cat([map_BCHW.mean(dim=(2, 3)), map_BCHW.amax(dim=(2, 3))], dim=1)
