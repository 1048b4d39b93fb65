"""Options that several verbs share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from emolens.compute import Precision

if TYPE_CHECKING:
    from emolens.people.finder import PersonFinder


@dataclass(frozen=True)
class ComputeOptions:
    """How pictures go through a model."""

    batch_size: int = 32
    """Pictures that go through the model together."""
    workers: int | None = None
    """Threads that decode (default: one a core, at most 16)."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """auto, fp32, bf16 or fp16."""


Compute = Annotated[ComputeOptions, tyro.conf.arg(name="")]
"""For a field of a verb's options: shown as a group of its own, without a prefix."""


By = tyro.conf.UseAppendAction[tuple[str, ...]]
"""Names of columns, the flag repeated for each."""


@dataclass(frozen=True)
class PersonOptions:
    """Whom the model is asked about."""

    who: Literal["scene", "persons", "both"] | None = None
    """What the whole picture evokes, the persons in it, or both (default: as the model was trained)."""
    people: str | None = None
    """Who finds the persons: yolox:PATH.onnx, yolox:nano, yolox:tiny, yolox:s (fetched once), or none (default:
    yolox:nano for files, the boxes of its rows for a manifest)."""
    person_score: float = 0.3
    """Least score of a person, 0.05 to 1."""

    def finder(self, default: str) -> "PersonFinder | None":
        """The detector, which is loaded when it is used; None for none."""
        from emolens.people.finder import NOBODY, PersonFinder

        people = self.people or default
        return None if people == NOBODY else PersonFinder(people, self.person_score)
