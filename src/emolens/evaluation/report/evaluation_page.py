"""The report of one evaluation: a single HTML file that loads nothing."""

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from emolens.evaluation.report.charts import reliability_chart, scatter_chart
from emolens.evaluation.report.examples import examples
from emolens.evaluation.report.provenance import versions
from emolens.evaluation.score.measure import MetricSet
from emolens.evaluation.score.pairs import pair_affect, pair_label
from emolens.evaluation.score.per_polarity import POLARITIES
from emolens.metrics import Interval
from emolens.metrics.calibration import reliability_curve

if TYPE_CHECKING:
    from jinja2 import Environment

    from emolens.evaluation.evaluate import Evaluation

HOW_MAPPED = {
    "native": "it was trained on these labels",
    "exact": "its labels were coarsened by an exact table",
    "text": "the labels were given to it as text",
    "valence_arousal": "through the valence-arousal points of the labels",
}

SHARES = ("accuracy", "uar", "map")  # of the headline metrics, those from 0 to 1, which a bar can show

MEANING = {
    "accuracy": "share of rows whose label is right",
    "war": "recall of each label, weighted by its rows; the same as accuracy",
    "uar": "mean recall of the labels, each counting the same",
    "weighted_f1": "F1 of each label, weighted by its rows",
    "macro_f1": "mean F1 of the labels, each counting the same",
    "accuracy_at_3": "share of rows whose label is among the three most probable",
    "polarity_accuracy": "share of rows whose predicted label has the right polarity",
    "ece": "mean gap between stated probability and share right; 0 is best",
    "brier": "mean squared error of the probabilities, 0 to 2; 0 is best",
    "recall": "share of rows of this polarity whose predicted label has it too",
    "map": "mean average precision of the labels",
    "pearson_r": "correlation of predicted and rated, -1 to 1",
    "ccc": "agreement of predicted and rated, -1 to 1; also asks for the same mean and spread",
    "rmse": "root of the mean squared error, in units of a scale from -1 to 1; 0 is best",
}


def evaluation_report(evaluation: "Evaluation") -> str:
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
        limits=measured.limits.words(),
        mapping_sentences=_mapping_sentences(evaluation),
        warnings=evaluation.warnings,
        headline=list(measured.headline.items()) or list(measured.metrics.items())[:4],
        failed=facts["failed"],
        confusion=_confusion_view(facts["confusion"], targets.space),
        **_per_class_view(evaluation),
        polarities=_polarity_view(measured.metrics),
        modalities=_perturbations_view(evaluation, evaluation.modalities),
        robustness=_perturbations_view(evaluation, _with_whole(evaluation)),
        reliability=_reliability_view(evaluation),
        scatters=_scatter_views(evaluation),
        examples=examples(answers, targets),
        **_domain_view(evaluation),
        metrics=measured.metrics,
        provenance={
            "command": evaluation.command,
            "facts": [
                ("model", f"{answers.model} ({evaluation.description})" if evaluation.description else answers.model),
                ("sha256 of the split's ids", targets.ids_sha256),
                ("bootstrap", f"seed {evaluation.seed}, resampling {facts['bootstrap']['resampled']}"),
            ],
        },
    )


def render(template: str, **view: Any) -> str:
    """One of the templates beside this file, filled."""
    return _environment().get_template(template).render(versions=versions(), **view)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("emolens.evaluation.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure, "signed": signed, "percent": _percent, "interval": interval}
    environment.filters["meaning"] = lambda name: MEANING.get(name.rpartition("/")[2], "")
    return environment


def figure(value: float) -> str:
    """Three decimals; a dash for what is undefined."""
    return f"{round(value, 3) + 0.0:.3f}".replace("-", "−") if math.isfinite(value) else "–"


def interval(m: Interval) -> str:
    """[low, high]; a dash for what is undefined."""
    return f"[{figure(m.low)}, {figure(m.high)}]" if math.isfinite(m.low) else "–"


def signed(value: float) -> str:
    """Three decimals with a sign."""
    return f"{round(value, 3) + 0.0:+.3f}".replace("-", "−") if math.isfinite(value) else "–"


def _percent(value: float) -> str:
    """A share as a number for CSS, within 0..100."""
    return f"{100 * min(max(value, 0.0), 1.0):.1f}" if math.isfinite(value) else "0"


def _mapping_sentences(evaluation: "Evaluation") -> list[str]:
    mapping, space = evaluation.answers.mapping, evaluation.targets.space
    sentences = []
    if "labels" in mapping and space is not None:
        sentences.append(f"Labels ({space.name}): {HOW_MAPPED[mapping['labels']]}.")
    if mapping.get("valence_arousal") == "native":
        sentences.append("Valence and arousal: its own output, in [-1, 1].")
    elif "valence_arousal" in mapping:
        sentences.append("Valence and arousal: the expected point over its labels, in [-1, 1].")
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


def _reliability_view(evaluation: "Evaluation") -> dict[str, Any] | None:
    pairs = pair_label(evaluation.answers, evaluation.targets)
    if pairs is None:
        return None
    curve = reliability_curve(pairs.score_MC, pairs.target_M)
    return reliability_chart(curve.edges, curve.confidence, curve.accuracy, curve.count)


def _scatter_views(evaluation: "Evaluation") -> list[dict[str, Any]]:
    targets, charts = evaluation.targets, []
    for name in ("valence", "arousal"):
        if (pairs := pair_affect(evaluation.answers, targets, name)) is not None:
            colour_M = (
                np.full(len(pairs.row_M), np.nan) if targets.valence_N is None else targets.valence_N[pairs.row_M]
            )
            charts.append(scatter_chart(name, pairs.target_M, pairs.value_M, colour_M, evaluation.seed))
    return charts


def _per_class_view(evaluation: "Evaluation") -> dict[str, Any]:
    """Recall of each label as bars (average precision where a row has several labels)."""
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


def _with_whole(evaluation: "Evaluation") -> dict[str, MetricSet]:
    return {"as it is": evaluation.measured, **evaluation.robustness} if evaluation.robustness else {}


def _perturbations_view(evaluation: "Evaluation", parts: dict[str, MetricSet]) -> dict[str, Any] | None:
    """The same metrics under several conditions: bars of the first metric, and a table of the headline ones."""
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
        rows.append({"name": perturbation, "figures": values, "change": change, "n": part.n_scored})
    return {"names": names, "bars": bars if names[0] in SHARES else [], "rows": rows}


def _domain_view(evaluation: "Evaluation") -> dict[str, Any]:
    names = list(evaluation.measured.headline)
    domains = []
    for name, metrics in evaluation.measured.domains.items():
        values = [metrics.get(metric) for metric in names]
        domains.append({"name": name, "figures": values, "n": max((m.n for m in metrics.values()), default=0)})
    return {"domains": domains, "domain_metrics": names}
