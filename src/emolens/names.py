"""Look a name up; where it is missing, say which known names are nearest."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Half a sentence for an error message about an unknown ``name``.

    >>> did_you_mean("ragee", ["rage", "joy"])
    'did you mean "rage"?'
    >>> did_you_mean("xyz", ["rage", "joy"])
    'known: joy, rage'
    """
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f'"{n}"' for n in near) + "?"
    return "known: " + ", ".join(names)
