"""The majority baseline: the same answer for every row, whatever it shows.

Legend: N rows, C classes.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from emolens.errors import DataError
from emolens.evaluation.baselines.registry import register_baseline
from emolens.evaluation.candidate import Candidate, Setting
from emolens.evaluation.data_set import DataSet
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.pairs import AFFECT
from emolens.evaluation.score.targets import Targets


@register_baseline("majority", rank=0)
def majority(_: Setting) -> Iterable[Candidate]:
    """One candidate, fitted on the train split of the data set it is asked on."""

    def answer(data: DataSet) -> Answers:
        if data.train is None:
            raise DataError('there is no split "train" to take the frequencies from')
        return majority_answers(data.train, data.test)

    what = "the label frequencies and means of each data set's train split"
    yield Candidate("majority", what, answer, home=lambda _: True)


def majority_answers(train: Targets, test: Targets) -> Answers:
    """The label frequencies and the mean valence and arousal of the train split, for every row of the test split.

    Raises:
        DataError: the train split has no targets of the kinds that the test split has.
    """
    prior_C = _prior(train) if test.has_labels else None
    score_NC = None if prior_C is None else np.tile(prior_C, (len(test), 1))
    means = {}
    for name in AFFECT:
        train_N, test_N = train.affect(name), test.affect(name)
        if train_N is not None and test_N is not None and np.isfinite(train_N).any():
            means[name] = np.full(len(test), np.nanmean(train_N))
    if score_NC is None and not means:
        raise DataError(f'{test.data}: the split "{train.split}" has no targets to take a prior from')
    mapping = ({"labels": "native"} if score_NC is not None else {}) | ({"valence_arousal": "native"} if means else {})
    return Answers("majority", score_NC, means.get("valence"), means.get("arousal"), mapping=mapping)


def _prior(train: Targets) -> npt.NDArray[np.float64] | None:
    """Share of each label, float64, shape (C,); None without labels."""
    if train.space is None:
        return None
    if train.label_N is not None:
        counts_C = np.bincount(train.label_N[train.label_N >= 0], minlength=len(train.space))
        return np.asarray(counts_C / counts_C.sum()) if counts_C.any() else None
    if train.label_NC is not None and train.label_NC.any():
        return np.asarray(train.label_NC.sum(axis=0) / train.label_NC.sum())
    return None
