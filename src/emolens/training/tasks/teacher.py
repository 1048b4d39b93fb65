"""The frozen CLIP that a student is drawn to, fed from the student's own batch.

Legend: B batch, C channels, H, W height and width, D embedding, T texts, N rows.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from emolens.models.backbones.base import Backbone
from emolens.models.precision import DTYPES
from emolens.models.preprocess import Triple

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
