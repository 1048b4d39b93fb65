"""The frozen CLIP that a student is drawn to, fed from the student's own batch.

Legend: B batch, C channels, H, W height and width, D embedding, T texts, N rows.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from emolens.data.text.descriptions import overlong_notice
from emolens.models.backbones.base import Backbone
from emolens.models.precision import DTYPES
from emolens.models.preprocess import Triple
from emolens.progress import notice, track

TEXTS_AT_ONCE = 256  # on two CPU cores more is no faster


class Teacher:
    """Image and text embeddings of a CLIP; no module, so that it is neither trained, nor wrapped, nor saved.

    Args:
        backbone: a CLIP; its device and precision are its own.
        mean, std: how the student's pictures are normalised.
    """

    def __init__(self, backbone: Backbone, mean: Triple, std: Triple) -> None:
        assert backbone.preprocess is not None
        self.backbone = backbone
        self.size = backbone.preprocess.crop
        device = backbone.device
        mean_C, std_C = torch.tensor(mean, device=device), torch.tensor(std, device=device)
        own_mean_C = torch.tensor(backbone.preprocess.mean, device=device)
        own_std_C = torch.tensor(backbone.preprocess.std, device=device)
        # x std + mean is the picture in [0, 1]; that, less the teacher's mean, over its deviation, in one step
        self.scale_C11 = (std_C / own_std_C)[:, None, None]
        self.shift_C11 = ((mean_C - own_mean_C) / own_std_C)[:, None, None]

    @property
    def embed_dim(self) -> int:
        return self.backbone.embed_dim

    @property
    def logit_scale(self) -> float:
        assert self.backbone.logit_scale is not None
        return self.backbone.logit_scale

    def embed(self, view_BCHW: Tensor) -> Tensor:
        """The student's normalised view -> float32 (B, D), a plain tensor that a loss may use.

        Resized (bicubic, antialiased) where the teacher sees another size.
        """
        with torch.inference_mode(), torch.autocast(view_BCHW.device.type, enabled=False):
            image_BCHW = view_BCHW.float()
            if image_BCHW.shape[-2:] != torch.Size(self.size):
                image_BCHW = F.interpolate(image_BCHW, self.size, mode="bicubic", antialias=True)
            image_BCHW = image_BCHW * self.scale_C11 + self.shift_C11
            feature_BD = self.backbone.features(image_BCHW.to(DTYPES[self.backbone.precision]))
        # Outside inference mode a copy is an ordinary tensor, which autograd may keep.
        return feature_BD.to(torch.float32, copy=True)


class TextTable:
    """The text of every row of a split, each different text encoded once.

    Args:
        embedding_TD: float32, shape (T, D).
        index_N: int64, shape (N,): which text each row has.
    """

    def __init__(self, embedding_TD: Tensor, index_N: Tensor) -> None:
        self.embedding_TD, self.index_N = embedding_TD, index_N

    @classmethod
    def of(cls, texts: Sequence[str], teacher: Teacher, show: bool = True) -> "TextTable":
        """Encode N texts, showing progress; a text longer than CLIP's 77 tokens is cut there, as CLIP does."""
        known = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        unique = list(known)
        if show and (warning := overlong_notice(unique)):
            notice(f"emolens: {warning}")
        parts = [unique[start : start + TEXTS_AT_ONCE] for start in range(0, len(unique), TEXTS_AT_ONCE)]
        encoded = [
            teacher.backbone.encode_text(part).clone() for part in (track(parts, "encode texts") if show else parts)
        ]
        index_N = torch.tensor([known[text] for text in texts])
        return cls(torch.cat(encoded).to(teacher.backbone.device), index_N)

    def rows(self, rows: Sequence[int]) -> Tensor:
        """Embeddings of the texts of these rows, in their order, (len(rows), D)."""
        return self.embedding_TD[self.index_N[torch.as_tensor(rows)].to(self.embedding_TD.device)]
