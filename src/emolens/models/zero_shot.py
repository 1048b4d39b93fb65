"""CLIP zero-shot classification (Radford et al. 2021, section 3.1; prompts of arXiv 2310.12062).

Legend: B batch, D embedding width, C labels, P prompt templates.
"""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from emolens.models.backbones.base import Backbone
from emolens.taxonomy import LabelSpace


def label_embeddings(backbone: Backbone, space: LabelSpace) -> Tensor:
    """One text embedding a label: the mean of its L2-normalised prompt embeddings, renormalised.

    Returns:
        float32, shape (C, D), rows of length 1.

    Raises:
        ConfigError: the backbone has no text encoder.
    """
    prompts = [prompt for label in space.labels for prompt in space.prompts_for(label)]
    text_PD = F.normalize(backbone.encode_text(prompts), dim=-1)
    text_CPD = text_PD.reshape(len(space), -1, backbone.embed_dim)
    return F.normalize(text_CPD.mean(1), dim=-1)


def zero_shot_scores(image_BD: Tensor, text_CD: Tensor, scale: float) -> Tensor:
    """softmax(s * cos(image, label)) over the labels.

    Args:
        image_BD: image embeddings, any length, shape (B, D).
        text_CD: label embeddings, shape (C, D).
        scale: s = exp(logit_scale) of the CLIP model, 100 for the released ones.

    Returns:
        Probabilities, shape (B, C), rows sum to 1.
    """
    image_BD, text_CD = F.normalize(image_BD, dim=-1), F.normalize(text_CD, dim=-1)
    return (scale * image_BD @ text_CD.T).softmax(dim=-1)
