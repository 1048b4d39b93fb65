"""Whom a model is asked about in plain files: the scene, the persons in it, or both.

Legend: N inputs, M things that are asked about, and as many rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError, WeightsError
from emolens.inference.inputs import Input
from emolens.inference.results import Predictions
from emolens.people.boxes import PersonBoxes, rounded
from emolens.people.crop import View
from emolens.people.finder import DETECTOR, NOBODY, PersonFinder
from emolens.progress import quiet

Who = Literal["scene", "persons", "both"]


@dataclass(frozen=True)
class Asked:
    """What is asked about N pictures.

    Attributes:
        inputs: M of them, those of a picture next to each other, the scene first.
        place_M: of each one's picture, int64.
        nobody_M: which stand for persons that were not found, bool.
        failure_M: why nobody could be looked for; None where somebody could.
    """

    inputs: list[Input]
    place_M: NDArray[np.int64]
    nobody_M: NDArray[np.bool_]
    failure_M: list[str | None]

    def told(self, rows: Predictions) -> Predictions:
        """The rows of these inputs, those of scenes marked where nobody was found, or could be looked for."""
        return without_persons(rows, self.nobody_M, self.failure_M)


@dataclass(frozen=True)
class Persons:
    """Whom to ask about, and who finds them.

    Attributes:
        who: ``scene``: what the whole picture evokes; ``persons``: a row for each person, or, where nobody is found,
            one of the scene with status ``no_person``; ``both``: a row of the scene, then one for each person.
        finder: of the persons; None for the scene alone.
    """

    who: Who = "scene"
    finder: PersonFinder | None = None

    @property
    def told(self) -> dict[str, str]:
        """In words, for a run that is to be continued with the same."""
        people = "none" if self.finder is None else f"{self.finder.spec} from {self.finder.threshold:g}"
        return {"who": self.who, "people": people}

    def ask(self, pictures: Sequence[Input]) -> Asked:
        """Find the persons in N pictures."""
        assert self.finder is not None
        with quiet():  # the bar of the prediction counts these pictures
            found = self.finder.in_files([one.path for one in pictures])
        inputs: list[Input] = []
        place: list[int] = []
        nobody: list[bool] = []
        failure: list[str | None] = []
        for number, (one, persons) in enumerate(zip(pictures, found.persons, strict=True)):
            asked = [] if persons is None else _persons_of(one, persons)
            if self.who == "both" or not asked:
                asked.insert(0, one)
            inputs += asked
            place += [number] * len(asked)
            nobody += [self.who == "persons" and persons is not None and not len(persons)] * len(asked)
            failure += [found.errors.get(number)] * len(asked)
        return Asked(inputs, np.array(place, dtype=np.int64), np.array(nobody, dtype=bool), failure)


SCENE = Persons()


def choose_persons(view: View, who: Who | None = None, people: PersonFinder | str | None = None) -> Persons:
    """Whom a model is asked about.

    Args:
        view: what the model was trained to see.
        who: None asks a model of persons about both, any other about the scene.
        people: a finder, ``yolox:PATH``, ``yolox:nano|tiny|s``, or ``none`` for no detector; None takes
            ``yolox:nano``.

    Raises:
        ConfigError: persons without a detector; onnxruntime is missing; an unknown ``who`` or detector.
        WeightsError: the detector's weights are missing.
    """
    if who not in (None, "scene", "persons", "both"):
        raise ConfigError(f'who "{who}": must be scene, persons or both')
    if who is None:
        who = "both" if view == "person" and people != NOBODY else "scene"
    if who == "scene":
        return SCENE
    if people == NOBODY:
        raise ConfigError(f"who {who} with people none: nobody finds them; name a detector, such as yolox:PATH.onnx")
    finder = PersonFinder.of(people or DETECTOR)
    assert finder is not None
    try:
        _ = finder.detector  # before any picture is read
    except WeightsError as error:
        raise WeightsError(f"{error}; or judge whole pictures: who scene (--who scene)") from error
    return Persons(who, finder)


def without_persons(
    rows: Predictions, nobody_M: NDArray[np.bool_], failure_M: Sequence[str | None] | None = None
) -> Predictions:
    """Rows of scenes, marked where nobody was found (``no_person``), or could be looked for (``partial``)."""
    status_M, error_M = rows.status_N.copy(), rows.error_N.copy()
    for row in np.flatnonzero(rows.answered_N).tolist():
        if failure_M is not None and failure_M[row] is not None:
            status_M[row], error_M[row] = "partial", f"{failure_M[row]}; nobody could be looked for"
        elif nobody_M[row] and status_M[row] == "ok":
            status_M[row] = "no_person"
            why = "nobody was found" if rows.media_N[row] == "image" else "no person in it was followed"
            error_M[row] = f"{rows.source_N[row]}: {why}; this answer is of the scene"
    return replace(rows, status_N=status_M, error_N=error_M)


def _persons_of(picture: Input, persons: PersonBoxes) -> list[Input]:
    """The persons found in a picture, numbered from 1."""
    return [
        replace(picture, box=rounded(box), person=person, box_score=round(float(score), 4))
        for person, (box, score) in enumerate(zip(persons.box_K4, persons.score_K, strict=True), start=1)
    ]
