"""The rungs below any claim: what a model must beat before its numbers mean something.

Legend: N rows, C classes, D embedding width.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from emolens.errors import ConfigError, DataError
from emolens.evaluation.baselines.linear_probe import LinearProbe
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.targets import Targets
from emolens.heads.answers import Answers as HeadAnswers
from emolens.heads.answers import mapping_of
from emolens.inference.load import DEFAULT_ZERO_SHOT

WITHOUT_TEXT = ("timm:", "torchvision:", "uniemox:", "mae:")  # backbones that cannot be asked by words


def majority_answers(train: Targets, test: Targets) -> Answers:
    """The same answer for every row: the label frequencies and the mean valence and arousal of the train split.

    Raises:
        DataError: the train split has no targets of the kinds that the test split has.
    """
    score_NC = None
    prior_C = _prior(train) if test.has_labels else None
    if prior_C is not None:
        score_NC = np.tile(prior_C, (len(test), 1))
    means = {}
    for name in ("valence", "arousal"):
        train_N, test_N = train.affect(name), test.affect(name)
        if train_N is not None and test_N is not None and np.isfinite(train_N).any():
            means[name] = np.full(len(test), np.nanmean(train_N))
    if score_NC is None and not means:
        raise DataError(f'{test.data}: the split "{train.split}" has no targets to take a prior from')
    mapping = ({"labels": "native"} if score_NC is not None else {}) | ({"valence_arousal": "native"} if means else {})
    return Answers("majority", score_NC, means.get("valence"), means.get("arousal"), mapping=mapping)


def _prior(train: Targets) -> npt.NDArray[np.float64] | None:
    if train.space is None:
        return None
    if train.label_N is not None:
        counts_C = np.bincount(train.label_N[train.label_N >= 0], minlength=len(train.space))
        return np.asarray(counts_C / counts_C.sum()) if counts_C.any() else None
    if train.label_NC is not None and train.label_NC.any():
        return np.asarray(train.label_NC.sum(axis=0) / train.label_NC.sum())
    return None


def probe_answers(
    name: str,
    probe: LinearProbe,
    embedding_ND: npt.NDArray[np.float32],
    errors: dict[int, str],
    test: Targets,
) -> Answers:
    """A probe's answers on ``test``, also where it was fitted in another label space, or on another kind of target.

    Raises:
        ConfigError: its label space cannot be mapped to the test's.
    """
    score_NC = probe.scores(embedding_ND)
    valence_N, arousal_N = probe.affect("valence", embedding_ND), probe.affect("arousal", embedding_ND)
    has_point = valence_N is not None and arousal_N is not None
    verdict = HeadAnswers(probe.space, score_NC, valence_N if has_point else None, arousal_N if has_point else None)
    mapping: dict[str, str] = {}
    test_NC = None
    if test.has_labels and test.space is not None and (score_NC is not None or has_point):
        mapping["labels"] = mapping_of(probe.space, test.space, has_point)
        test_NC = verdict.mapped(test.space).score_NC
    if test.has_affect:
        if valence_N is None and arousal_N is None:
            whole = verdict.completed()
            valence_N, arousal_N = whole.valence_N, whole.arousal_N
            mapping["valence_arousal"] = "valence_arousal"
        else:
            mapping["valence_arousal"] = "native"
    if test_NC is None and not test.has_affect:
        raise ConfigError("it was fitted on nothing that leads to these labels")
    return Answers(name, test_NC, valence_N, arousal_N, dict(errors), mapping=mapping)


def zero_shot_baselines(given: Iterable[str], backbones: Iterable[str]) -> list[str]:
    """Specs of the zero-shot rung: one for each CLIP among the backbones, less those given; else the default one."""
    specs = list(given)
    if any(spec.startswith("zeroshot:") for spec in specs):
        return []
    clips = [b for b in backbones if b != "mini" and not b.startswith(WITHOUT_TEXT)]
    return [f"zeroshot:{backbone}" for backbone in clips or [DEFAULT_ZERO_SHOT]]
