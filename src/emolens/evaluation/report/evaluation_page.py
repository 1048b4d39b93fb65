"""The report of one evaluation: a single HTML file that loads nothing."""

from typing import Any

import numpy as np

from emolens.evaluation.evaluation import Evaluation
from emolens.evaluation.report.by_value import evaluation_by_value
from emolens.evaluation.report.charts import reliability_chart, scatter_chart
from emolens.evaluation.report.examples import examples
from emolens.evaluation.report.page import NO_PROTOCOL, render
from emolens.evaluation.score.measure import MetricSet
from emolens.evaluation.score.per_polarity import POLARITIES
from emolens.metrics import Interval
from emolens.metrics.calibration import reliability_curve

HOW_MAPPED = {
    "native": "it was trained on these labels",
    "exact": "its labels were coarsened by an exact table",
    "coarsened": "the labels of the data are finer, and were taken to those that it was trained on by an exact table",
    "text": "the labels were given to it as text",
    "valence_arousal": "through the valence-arousal points of the labels",
}

SHARES = ("accuracy", "uar", "map")  # of the headline metrics, those from 0 to 1, which a bar can show


def evaluation_page(evaluation: Evaluation) -> str:
    """The whole page. Every value that comes from data is escaped."""
    facts = evaluation.to_json()
    targets, answers, measured = evaluation.targets, evaluation.answers, evaluation.measured
    return render(
        "evaluation.html.j2",
        model=answers.model,
        data=targets.data,
        split=targets.split,
        counts=facts,
        clustered=targets.group_N is not None,
        limits=measured.partial.words(),
        mapping_sentences=_mapping_sentences(evaluation),
        warnings=evaluation.warnings,
        headline=list(measured.headline.items()) or list(measured.metrics.items())[:4],
        failed=facts["failed"],
        confusion=_confusion_view(facts["confusion"], targets.space),
        **_per_class_view(evaluation),
        polarities=_polarity_view(measured.metrics),
        views=_perturbations_view(evaluation, evaluation.views),
        modalities=_perturbations_view(evaluation, evaluation.modalities),
        robustness=_perturbations_view(evaluation, _with_whole(evaluation)),
        reliability=_reliability_view(evaluation),
        scatters=_scatter_views(evaluation),
        examples=examples(answers, targets, measured.pairs),
        by_value=evaluation_by_value(measured),
        protocol=evaluation.protocol,
        metrics=measured.metrics,
        provenance={
            "command": evaluation.command,
            "facts": [
                ("model", f"{answers.model} ({evaluation.description})" if evaluation.description else answers.model),
                ("sha256 of the split's ids", targets.ids_sha256),
                ("protocol", evaluation.protocol.words() if evaluation.protocol else NO_PROTOCOL),
                ("bootstrap", f"seed {evaluation.seed}, resampling {facts['bootstrap']['resampled']}"),
            ],
        },
    )


def _mapping_sentences(evaluation: Evaluation) -> list[str]:
    mapping, space = evaluation.answers.mapping, evaluation.targets.space
    sentences = []
    if "labels" in mapping and space is not None:
        sentences.append(f"Labels ({space.name}): {HOW_MAPPED[mapping['labels']]}.")
    if mapping.get("valence_arousal") == "native":
        sentences.append("Valence and arousal: its own output, in [-1, 1].")
    elif "valence_arousal" in mapping:
        sentences.append("Valence and arousal: the expected point over its labels, in [-1, 1].")
    if evaluation.answers.view == "person":
        sentences.append("It was shown the person in the box of each row, with some of the surroundings.")
    return sentences


def _confusion_view(confusion: dict[str, Any] | None, space: Any) -> dict[str, Any] | None:
    if confusion is None:
        return None
    rows = []
    for c, counts in enumerate(confusion["counts"]):
        n = sum(counts)
        cells = [{"count": count, "share": count / n if n else 0.0} for count in counts]
        rows.append({"label": space.labels[c], "polarity": space.polarity[c], "n": n, "cells": cells})
    return {"labels": confusion["labels"], "rows": rows}


def _reliability_view(evaluation: Evaluation) -> dict[str, Any] | None:
    pairs = evaluation.measured.pairs.label
    if pairs is None:
        return None
    curve = reliability_curve(pairs.score_MC, pairs.target_M)
    return reliability_chart(curve.edges, curve.confidence, curve.accuracy, curve.count)


def _scatter_views(evaluation: Evaluation) -> list[dict[str, Any]]:
    valence_N, charts = evaluation.targets.valence_N, []
    for name, (row_M, value_M, target_M) in evaluation.measured.pairs.affect.items():
        colour_M = np.full(len(row_M), np.nan) if valence_N is None else valence_N[row_M]
        charts.append(scatter_chart(name, target_M, value_M, colour_M, evaluation.seed))
    return charts


def _per_class_view(evaluation: Evaluation) -> dict[str, Any]:
    """Recall of each label as bars (average precision in a multi-label data set)."""
    space, rows, what = evaluation.targets.space, [], ""
    for label, found in evaluation.measured.per_class.items():
        assert space is not None
        kind = "recall" if "recall" in found else "average_precision"
        what = "recall: share found, of the rows rated so" if kind == "recall" else "average precision"
        m = found[kind]
        rows.append({"label": label, "polarity": space.polarity[space.index(label)], "m": m, "width": m.high - m.low})
    return {"per_class": rows, "per_class_what": what}


def _polarity_view(metrics: dict[str, Interval]) -> list[dict[str, Any]]:
    """Accuracy of the rows of each polarity, as bars."""
    rows = []
    for polarity in POLARITIES:
        m = metrics.get(f"polarity/{polarity}/accuracy")
        if m is not None:
            rows.append({"label": polarity, "polarity": polarity, "m": m, "width": m.high - m.low})
    return rows


def _with_whole(evaluation: Evaluation) -> dict[str, MetricSet]:
    return {"as it is": evaluation.measured, **evaluation.robustness} if evaluation.robustness else {}


def _perturbations_view(evaluation: Evaluation, parts: dict[str, MetricSet]) -> dict[str, Any] | None:
    """The headline metrics of each perturbation or modality: bars of the first one, and a table of all."""
    names = list(evaluation.measured.headline)
    if not parts or not names:
        return None
    first = evaluation.measured.metrics[names[0]]
    bars, rows = [], []
    for perturbation, part in parts.items():
        values = [part.metrics.get(name) for name in names]
        m = values[0]
        change = None if m is None or part is evaluation.measured else m.value - first.value
        if m is not None:
            bars.append({"label": perturbation, "polarity": "accent", "m": m, "width": m.high - m.low})
        rows.append({"name": perturbation, "metrics": values, "change": change, "n": part.n_scored})
    return {"names": names, "bars": bars if names[0] in SHARES else [], "rows": rows}
