"""Zero-shot CLIP as a baseline: what a backbone says when it is asked by words, with nothing trained."""

from collections.abc import Iterable

from emolens.evaluation.baselines.loaded import load_candidates
from emolens.evaluation.baselines.registry import register_baseline
from emolens.evaluation.candidate import Candidate, Setting
from emolens.inference.load import DEFAULT_ZERO_SHOT
from emolens.models.backbones.load import reads_text


@register_baseline("zeroshot", rank=20)
def zero_shot(setting: Setting) -> Iterable[Candidate]:
    """One for each backbone of the given models that reads text, else the default CLIP; none if one was given."""
    if any(spec.startswith("zeroshot:") for spec in setting.models):
        return []
    reading = [spec for spec in setting.backbones if reads_text(spec)]
    return load_candidates([f"zeroshot:{backbone}" for backbone in reading or [DEFAULT_ZERO_SHOT]], setting)
