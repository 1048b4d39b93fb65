"""What the pages share: how a template is filled, and how numbers are written."""

import math
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from emolens.evaluation.report.provenance import versions

if TYPE_CHECKING:
    from jinja2 import Environment

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


NO_PROTOCOL = "no protocol"  # of a manifest whose splits are somebody's own


class HasEnds(Protocol):
    """A metric with the ends of its interval."""

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


def render(template: str, **view: Any) -> str:
    """One of the templates beside this file, filled with ``view``; every value that comes from data is escaped."""
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
    environment.filters |= {"number": number, "signed": signed, "percent": _percent, "interval": interval}
    environment.filters["meaning"] = lambda name: MEANING.get(name.rpartition("/")[2], "")
    return environment


def number(value: float) -> str:
    """Three decimals; a dash for what is undefined."""
    return f"{round(value, 3) + 0.0:.3f}".replace("-", "−") if math.isfinite(value) else "–"


def interval(m: HasEnds) -> str:
    """[low, high]; a dash for what is undefined."""
    return f"[{number(m.low)}, {number(m.high)}]" if math.isfinite(m.low) else "–"


def signed(value: float) -> str:
    """Three decimals with a sign."""
    return f"{round(value, 3) + 0.0:+.3f}".replace("-", "−") if math.isfinite(value) else "–"


def _percent(value: float) -> str:
    """A share as a number for CSS, within 0..100."""
    return f"{100 * min(max(value, 0.0), 1.0):.1f}" if math.isfinite(value) else "0"
