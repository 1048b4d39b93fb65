"""Baselines that are models: loaded by a spec and asked like any other."""

from collections.abc import Iterable, Iterator

from emolens.errors import EmolensError
from emolens.evaluation.candidate import Candidate, Setting, predictor_candidate, refused
from emolens.inference.load import load
from emolens.specs import short_names


def load_candidates(specs: Iterable[str], setting: Setting) -> Iterator[Candidate]:
    """A candidate a spec, short names for the tables; one that cannot be loaded says why."""
    for spec, name in short_names(specs).items():
        try:
            predictor = load(
                spec, device=setting.compute.device, precision=setting.compute.precision, cache=setting.cache
            )
        except EmolensError as error:
            yield refused(name, str(error))
        else:
            yield predictor_candidate(name, predictor, setting)
