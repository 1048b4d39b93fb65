"""Look a name up; where it is missing, say which known names are nearest."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Literal

MANY = 30  # more names than a person reads in an error message


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Half a sentence for an error message about an unknown ``name``, whatever its case.

    >>> did_you_mean("Ragee", ["rage", "joy"])
    'did you mean "rage"?'
    >>> did_you_mean("xyz", ["rage", "joy"])
    'known: joy, rage'
    """
    by_lower = {candidate.lower(): candidate for candidate in sorted(known)}
    if close := get_close_matches(name.lower(), by_lower, n=3, cutoff=0.6):
        return "did you mean " + " or ".join(f'"{by_lower[key]}"' for key in close) + "?"
    if len(by_lower) <= MANY:
        return "known: " + ", ".join(by_lower.values())
    loose = get_close_matches(name.lower(), by_lower, n=4, cutoff=0.3)
    return "nearest: " + ", ".join(by_lower[key] for key in loose) if loose else "no known name is like it"


def one_of(registry: Mapping[str, Any]) -> Any:
    """For ``Annotated[str, one_of(REGISTRY)]``: a field of a config whose help lists the names, late ones too."""
    import tyro  # here, and not above: most who look a name up need no command line

    def names() -> Any:
        return Literal[tuple(registry)]

    return tyro.conf.arg(constructor_factory=names)
