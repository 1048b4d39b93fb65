"""Whom a model is asked about in plain files: the scene, the persons in it, or both.

Legend: N inputs, M things that are asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError, WeightsError
from emolens.inference.inputs import Input
from emolens.inference.results import Predictions
from emolens.people.boxes import rounded
from emolens.people.crop import View
from emolens.people.finder import DETECTOR, NOBODY, PersonFinder
from emolens.progress import quiet

Who = Literal["scene", "persons", "both"]


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

    def ask(self, pictures: Sequence[Input]) -> tuple[list[Input], NDArray[np.int64], NDArray[np.bool_]]:
        """What is asked about N pictures.

        Returns:
            M inputs, a picture's next to each other, the scene first; the place of each one's picture, int64 (M,); and
            which of them stand for persons that were not found, bool (M,).
        """
        assert self.finder is not None
        with quiet():  # the bar of the prediction counts these pictures
            found = self.finder.in_files([one.path for one in pictures])
        asked: list[Input] = []
        place: list[int] = []
        nobody: list[bool] = []
        for number, (one, persons) in enumerate(zip(pictures, found.persons, strict=True)):
            count = 0 if persons is None else len(persons)
            if self.who == "both" or not count:
                asked.append(one)
                nobody.append(self.who == "persons")
            if persons is not None:
                for person, (box, score) in enumerate(zip(persons.box_K4, persons.score_K, strict=True), start=1):
                    left, top, right, bottom = rounded(box)
                    box_score = round(float(score), 4)
                    asked.append(replace(one, box=(left, top, right, bottom), person=person, box_score=box_score))
                    nobody.append(False)
            place += [number] * (len(asked) - len(place))
        return asked, np.array(place, dtype=np.int64), np.array(nobody, dtype=bool)


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


def without_persons(rows: Predictions, nobody_M: NDArray[np.bool_]) -> Predictions:
    """Rows of scenes that stand for persons who were not found, marked so."""
    status_M, error_M = rows.status_N.copy(), rows.error_N.copy()
    for row in np.flatnonzero(nobody_M & (rows.status_N == "ok")):
        status_M[row] = "no_person"
        why = "nobody was found" if rows.media_N[row] == "image" else "no person in it was followed"
        error_M[row] = f"{rows.source_N[row]}: {why}; this answer is of the scene"
    return replace(rows, status_N=status_M, error_N=error_M)
