"""The embedded model as a baseline: no weights to fetch, so it is in every comparison."""

from collections.abc import Iterable

from emolens.evaluation.baselines.loaded import load_candidates
from emolens.evaluation.baselines.registry import register_baseline
from emolens.evaluation.candidate import Candidate, Setting


@register_baseline("mini", rank=10)
def mini(setting: Setting) -> Iterable[Candidate]:
    """``mini``, unless it is among the given models."""
    return load_candidates([] if "mini" in setting.models else ["mini"], setting)
