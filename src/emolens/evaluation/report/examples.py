"""The rows where a model was most right and most wrong.

Legend: N rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emolens.evaluation.report.thumbnails import thumbnail
from emolens.evaluation.score.answers import Answers
from emolens.evaluation.score.pairs import Pairs
from emolens.evaluation.score.targets import Targets

SHOWN = 12  # of each kind: two rows of the page


@dataclass(frozen=True)
class Ranking:
    """Rows of a split from best to worst, and in words how they were ordered."""

    row_M: npt.NDArray[np.int64]
    best_note: str
    worst_note: str


def rank_rows(pairs: Pairs, count: int) -> Ranking | None:
    """Order the rows by how well they were answered: by label where there are labels, else by valence and arousal.

    Args:
        pairs: the rows that have an answer and a target.
        count: N, the rows of the split.

    Returns:
        None where no row can be ordered so (a multi-label data set, or nothing answered).
    """
    if (one := pairs.label) is not None:
        right_M = one.score_MC[np.arange(len(one.row_M)), one.target_M]
        return Ranking(
            one.row_M[np.argsort(-right_M, kind="stable")],
            "Highest probability for the label they are rated as.",
            "Lowest probability for the label they are rated as.",
        )
    square_N = np.full(count, np.nan)
    for row_M, value_M, target_M in pairs.affect.values():
        square_N[row_M] = np.nan_to_num(square_N[row_M]) + np.square(value_M - target_M)
    row_M = np.flatnonzero(np.isfinite(square_N))
    if not len(row_M):
        return None
    return Ranking(
        row_M[np.argsort(square_N[row_M], kind="stable")],
        "Smallest distance between predicted and rated valence and arousal.",
        "Largest distance between predicted and rated valence and arousal.",
    )


def examples(answers: Answers, targets: Targets, pairs: Pairs) -> list[dict[str, Any]]:
    """Sections of the report: the best and the worst rows with thumbnails; empty where rows cannot be ranked."""
    ranking = rank_rows(pairs, len(targets))
    if ranking is None:
        return []
    shown = min(SHOWN, max(1, len(ranking.row_M) // 2))  # the two galleries do not overlap
    best = [_example(answers, targets, int(row)) for row in ranking.row_M[:shown]]
    worst = [_example(answers, targets, int(row)) for row in ranking.row_M[::-1][:shown]]
    if len(ranking.row_M) < 2:
        worst = []
    return [
        {"title": "Best answers", "note": ranking.best_note, "examples": best},
        {"title": "Worst answers", "note": ranking.worst_note, "examples": worst},
    ]


def _example(answers: Answers, targets: Targets, row: int) -> dict[str, Any]:
    lines: list[dict[str, str | None]] = []
    if answers.score_NC is not None and targets.label_N is not None and targets.space is not None:
        space, score_C = targets.space, answers.score_NC[row]
        true, said = int(targets.label_N[row]), int(np.argmax(score_C))
        lines.append({"text": f"rated {space.labels[true]}, {score_C[true]:.0%}", "polarity": space.polarity[true]})
        if said != true:
            text = f"predicted {space.labels[said]}, {score_C[said]:.0%}"
            lines.append({"text": text, "polarity": space.polarity[said]})
    else:
        for name in ("valence", "arousal"):
            value_N, target_N = answers.affect(name), targets.affect(name)
            if value_N is not None and target_N is not None:
                text = f"{name}: rated {target_N[row]:+.2f}, predicted {value_N[row]:+.2f}"
                lines.append({"text": text, "polarity": None})
    return {"id": targets.id_N[row], "thumbnail": thumbnail(targets.path_N[row]), "lines": lines}
