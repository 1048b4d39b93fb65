"""Which baselines there are: each file of this folder registers its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from emolens.evaluation.candidate import Candidate, Setting
from emolens.scan import import_folder

MakeCandidates = Callable[[Setting], Iterable[Candidate]]


@dataclass(frozen=True)
class Baseline:
    """A registered baseline.

    Attributes:
        name: of its kind.
        rank: its place in the tables, the lowest first: what knows least comes first.
        candidates: what it has to ask in a comparison; empty where it has nothing to add to the given models.
    """

    name: str
    rank: int
    candidates: MakeCandidates


_BASELINES: dict[str, Baseline] = {}


def register_baseline(name: str, rank: int) -> Callable[[MakeCandidates], MakeCandidates]:
    """Decorate a function that makes the candidates of a baseline.

    Args:
        name: unique.
        rank: see :class:`Baseline`; the built-in ones are 0 (majority), 10 (mini), 20 (zero-shot), 30 (probe).

    Raises:
        ValueError: the name is taken by another function.
    """

    def register(candidates: MakeCandidates) -> MakeCandidates:
        if name in _BASELINES and _BASELINES[name].candidates is not candidates:
            raise ValueError(f'a baseline "{name}" is registered already')
        _BASELINES[name] = Baseline(name, rank, candidates)
        return candidates

    return register


def list_baselines() -> list[Baseline]:
    """All of them, in the order of the tables: those of this folder, and those registered elsewhere by an import."""
    import_folder("emolens.evaluation.baselines")
    return sorted(_BASELINES.values(), key=lambda baseline: baseline.rank)
