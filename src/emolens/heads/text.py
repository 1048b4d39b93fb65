"""Heads that ask by words: CLIP zero-shot, and CLIP-E against text.

Legend: N samples, D embedding, C labels.
"""

import torch
from torch import Tensor

from emolens.heads.answers import Answers
from emolens.heads.base import Head, to_scores
from emolens.models.backbones.base import Backbone
from emolens.models.clip_e import CLIPEContrastive
from emolens.models.zero_shot import label_embeddings, zero_shot_scores
from emolens.taxonomy import LabelSpace


class TextHead(Head):
    """CLIP zero-shot, or CLIP-E contrastive when a module moves the image first.

    Any label space is a matter of its prompts, so nothing is mapped.

    Args:
        backbone: encodes the prompts; must read text.
        space: of the answers.
        module: moves the embedding of the image; None for zero-shot.
        own_label_space: what the module was trained on.

    Raises:
        ConfigError: if the backbone encodes no text.
    """

    def __init__(
        self,
        backbone: Backbone,
        space: LabelSpace,
        module: CLIPEContrastive | None = None,
        own_label_space: LabelSpace | None = None,
    ) -> None:
        self.kind = "zeroshot" if module is None else "clip_e_contrastive"
        self.backbone, self.module, self.own_label_space = backbone, module, own_label_space
        self.space: LabelSpace = space
        # What was trained on prompts with spellings of its own is asked with these.
        asked = space if own_label_space is None else space.spelled_like(own_label_space)
        self.text_CD = label_embeddings(backbone, asked)

    @property
    def mapping(self) -> str:
        own = self.own_label_space
        return "native" if own is not None and own.labels == self.space.labels else "text"

    @torch.inference_mode()
    def answers(self, embedding_ND: Tensor) -> Answers:
        if isinstance(self.module, CLIPEContrastive):
            score_NC = self.module.log_probability(embedding_ND, self.text_CD).exp()
        else:
            assert self.backbone.logit_scale is not None
            score_NC = zero_shot_scores(embedding_ND, self.text_CD, self.backbone.logit_scale)
        return Answers(self.space, to_scores(score_NC)).completed()

    def retarget(self, space: LabelSpace) -> "TextHead":
        module = self.module if isinstance(self.module, CLIPEContrastive) else None
        return TextHead(self.backbone, space, module, self.own_label_space)
