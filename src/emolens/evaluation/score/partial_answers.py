"""How many answers are from a part of the file, and what was missing."""

from collections import Counter
from dataclasses import asdict, dataclass

from emolens.evaluation.score.answers import Answers

WORDS = {
    "n_no_audio": "answered without sound",
    "n_no_video": "answered without pictures",
    "n_partial": "answered from a part that could be decoded",
    "n_no_person": "answered from the scene, as nobody is in it",
}


@dataclass(frozen=True)
class PartialAnswers:
    """Rows that have an answer, and count in the numbers, although something was missing.

    Attributes:
        n_no_audio, n_no_video: the file has no sound, or no pictures.
        n_partial: a part of it could not be decoded.
        n_no_person: persons were asked about, and the row has no box.
    """

    n_no_audio: int = 0
    n_no_video: int = 0
    n_partial: int = 0
    n_no_person: int = 0

    @classmethod
    def of(cls, answers: Answers) -> "PartialAnswers":
        """Counted in a model's answers."""
        count = Counter(status for status, _ in answers.limited.values())
        return cls(count["no_audio"], count["no_video"], count["partial"], count["no_person"])

    def to_json(self) -> dict[str, int]:
        """``n_no_audio``, ``n_no_video``, ``n_partial``, ``n_no_person``."""
        return asdict(self)

    def words(self) -> list[str]:
        """The counts above 0 in words: "3 answered without sound"."""
        return [f"{n} {WORDS[name]}" for name, n in self.to_json().items() if n]
