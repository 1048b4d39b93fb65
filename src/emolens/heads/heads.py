"""From embeddings to verdicts: the four kinds of model that stand on a frozen backbone.

Legend: N samples, D embedding, C labels, R continuous targets.
"""

from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emolens.errors import ConfigError
from emolens.models.affective.regressor import mini_regressor
from emolens.models.backbones.base import Backbone
from emolens.models.clip_e import CLIPEContrastive, CLIPECrossEntropy
from emolens.models.probe import LinearProbe
from emolens.models.verdict import Verdict, mapping_of
from emolens.models.zero_shot import label_embeddings, zero_shot_scores
from emolens.taxonomy import LabelSpace

Floats = NDArray[np.float64]


class Head(ABC):
    """Says what embeddings evoke, in one label space, and knows how it gets there.

    Attributes:
        kind: name in ``config.json``.
        native: the space the head was made for; None for regression alone.
        space: the space it answers in.
        module: what is saved; None where there is nothing to save.
        gives_point: whether valence and arousal are the head's own, not expected from its scores.
        several: whether a picture may have several labels: scores in the native space are then independent
            degrees, of 0 to 1 or about that, and do not sum to 1. Other spaces are reached by their shares.
    """

    kind: str
    own_label_space: LabelSpace | None
    space: LabelSpace | None
    module: nn.Module | None = None
    gives_point: bool = False
    multi_label: bool = False

    @property
    @abstractmethod
    def mapping(self) -> str:
        """How scores reach ``space``: native, exact, text or valence_arousal."""

    @abstractmethod
    def verdict(self, embedding_ND: Tensor) -> Verdict:
        """What float32 embeddings, shape (N, D), evoke."""

    @abstractmethod
    def retarget(self, space: LabelSpace) -> "Head":
        """The same head answering in another label space."""


class TextHead(Head):
    """Asks by words: CLIP zero-shot, or CLIP-E contrastive when a module moves the image first.

    Any label space is a matter of its prompts, so nothing is mapped.
    """

    def __init__(
        self,
        backbone: Backbone,
        space: LabelSpace,
        module: CLIPEContrastive | None = None,
        own_label_space: LabelSpace | None = None,
    ) -> None:
        self.kind = "zeroshot" if module is None else "clip_e_contrastive"
        self.backbone, self.space, self.module, self.own_label_space = backbone, space, module, own_label_space
        self.text_CD = label_embeddings(backbone, space)

    @property
    def mapping(self) -> str:
        return (
            "native"
            if self.own_label_space is not None and self.own_label_space.labels == self._space.labels
            else "text"
        )

    @property
    def _space(self) -> LabelSpace:
        assert self.space is not None
        return self.space

    @torch.inference_mode()
    def verdict(self, embedding_ND: Tensor) -> Verdict:
        if isinstance(self.module, CLIPEContrastive):
            score_NC = self.module.log_probability(embedding_ND, self.text_CD).exp()
        else:
            assert self.backbone.logit_scale is not None
            score_NC = zero_shot_scores(embedding_ND, self.text_CD, self.backbone.logit_scale)
        return Verdict(self._space, to_scores(score_NC)).completed()

    def retarget(self, space: LabelSpace) -> "TextHead":
        module = self.module if isinstance(self.module, CLIPEContrastive) else None
        return TextHead(self.backbone, space, module, self.own_label_space)


class MiniHead(Head):
    """The embedded baseline: valence and arousal, mapped to any label space by the points of its labels."""

    kind = "mini"
    gives_point = True
    own_label_space = None

    def __init__(self, space: LabelSpace) -> None:
        self.space, self.regressor = space, mini_regressor()

    @property
    def mapping(self) -> str:
        return "valence_arousal"

    def verdict(self, embedding_ND: Tensor) -> Verdict:
        assert self.space is not None
        valence_N, arousal_N = self.regressor.predict(embedding_ND.numpy())
        return Verdict(valence_N=valence_N, arousal_N=arousal_N).mapped(self.space)

    def retarget(self, space: LabelSpace) -> "MiniHead":
        return MiniHead(space)


class FixedHead(Head):
    """Answers in the label space it was trained on, or as a point; other spaces are mapped to."""

    def __init__(self, module: nn.Module, own_label_space: LabelSpace | None, space: LabelSpace | None = None) -> None:
        self.module, self.own_label_space, self.space = module.eval(), own_label_space, space or own_label_space

    @property
    def mapping(self) -> str:
        return "native" if self.space is None else mapping_of(self.own_label_space, self.space, self.gives_point)

    @abstractmethod
    def own_verdict(self, embedding_ND: Tensor) -> Verdict:
        """The verdict in the native space."""

    @torch.inference_mode()
    def verdict(self, embedding_ND: Tensor) -> Verdict:
        verdict = self.own_verdict(embedding_ND)
        own_NC = verdict.score_NC
        if self.multi_label and own_NC is not None:
            verdict = replace(verdict, score_NC=_shares(own_NC))
        if self.space is not None:
            verdict = verdict.mapped(self.space)
        verdict = verdict.completed()
        return replace(verdict, score_NC=own_NC) if self.multi_label and self.mapping == "native" else verdict

    def retarget(self, space: LabelSpace) -> "FixedHead":
        """See :class:`Head`.

        Raises:
            ConfigError: the head has neither labels nor a whole point to map from.
        """
        assert self.module is not None
        if self.own_label_space is None and not self.gives_point:
            raise ConfigError(
                f"this {self.kind} predicts valence alone or arousal alone; labels ({space.name}) need labels or both"
            )
        return type(self)(self.module, self.own_label_space, space)


class CrossEntropyHead(FixedHead):
    """CLIP-E with cross-entropy."""

    kind = "clip_e_cross_entropy"

    def own_verdict(self, embedding_ND: Tensor) -> Verdict:
        assert isinstance(self.module, CLIPECrossEntropy)
        return Verdict(self.own_label_space, to_scores(self.module.log_probability(embedding_ND).exp()))


class ProbeHead(FixedHead):
    """A linear probe: classes, valence and arousal, or both."""

    kind = "probe"

    def __init__(self, module: nn.Module, own_label_space: LabelSpace | None, space: LabelSpace | None = None) -> None:
        super().__init__(module, own_label_space, space)
        assert isinstance(module, LinearProbe)
        self.gives_point = {"valence", "arousal"} <= set(module.targets)
        self.multi_label = module.multi_label

    def own_verdict(self, embedding_ND: Tensor) -> Verdict:
        assert isinstance(self.module, LinearProbe)
        logit_NC, value_NR = self.module(embedding_ND)
        score_NC = None
        if self.own_label_space is not None:
            score_NC = logit_NC.double().sigmoid().numpy() if self.multi_label else to_scores(logit_NC.softmax(1))
        value = dict(zip(self.module.targets, value_NR.double().numpy().T, strict=True))
        return Verdict(
            label_space=self.own_label_space,
            score_NC=score_NC,
            # A linear model knows no borders; the plane has them.
            valence_N=np.clip(value["valence"], -1, 1) if "valence" in value else None,
            arousal_N=np.clip(value["arousal"], -1, 1) if "arousal" in value else None,
        )


def _shares(degree_NC: Floats) -> Floats:
    """Independent degrees as parts of 1; equal parts where no label applies at all."""
    degree_NC = degree_NC.clip(0)
    mass_N1 = degree_NC.sum(axis=1, keepdims=True)
    return np.where(mass_N1 > 0, degree_NC / np.where(mass_N1 > 0, mass_N1, 1), 1 / degree_NC.shape[1])


def to_scores(score_NC: Tensor) -> Floats:
    """Probabilities in float64 whose rows sum to 1 to its precision."""
    score = score_NC.double().numpy()
    normalised: Floats = score / score.sum(axis=1, keepdims=True)
    return normalised


def build_head(
    kind: str, embed_dim: int, space: LabelSpace | None, targets: tuple[str, ...], backbone: Backbone
) -> Head:
    """An untrained head of a kind, for weights to be loaded into.

    Raises:
        ConfigError: an unknown kind, or one that needs labels or text it does not have.
    """
    if kind == "probe":
        return ProbeHead(LinearProbe(embed_dim, len(space) if space else 0, targets), space)
    if space is None:
        raise ConfigError(f'a head of kind "{kind}" needs a label space')
    if kind == "clip_e_cross_entropy":
        return CrossEntropyHead(CLIPECrossEntropy(len(space), embed_dim), space)
    if kind == "clip_e_contrastive":
        return TextHead(backbone, space, CLIPEContrastive(embed_dim).eval(), space)
    if kind == "zeroshot":
        return TextHead(backbone, space)
    raise ConfigError(
        f'unknown kind of head "{kind}"; known: probe, clip_e_cross_entropy, clip_e_contrastive, zeroshot'
    )
