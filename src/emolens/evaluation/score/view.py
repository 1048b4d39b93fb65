"""What of each row a model is shown: the whole picture, or the person in the row's box."""

from dataclasses import replace

from emolens.data.manifest import Manifest
from emolens.data.persons import add_persons, view_boxes
from emolens.errors import DataError
from emolens.evaluation.score.targets import Targets
from emolens.inference.persons import Who
from emolens.inference.predictor import Predictor
from emolens.people.crop import View
from emolens.people.finder import PersonFinder


def choose_view(predictor: Predictor | None, targets: Targets, manifest: Manifest, who: Who | None = None) -> View:
    """Scene or person.

    A model that was trained is shown what it was trained on. One that was not (CLIP asked by words, a published
    checkpoint), or none, is shown what the ratings are of: the person, where the data set rates persons and the
    manifest has their boxes.

    Args:
        predictor: None for a baseline before it is fitted.
        targets: the rows.
        manifest: of the rows.
        who: "scene" or "persons" decides; None, or "both", leaves it to the rule above.
    """
    if who in ("scene", "persons"):
        return "scene" if who == "scene" else "person"
    if predictor is not None and predictor.config.training is not None:
        return predictor.config.view
    if predictor is not None and not predictor.sees_persons:
        return "scene"
    return "person" if targets.centric == "person" and manifest.has("boxes") else "scene"


def viewed(targets: Targets, manifest: Manifest, view: View) -> Targets:
    """The rows as this view shows them.

    Raises:
        DataError: persons are to be shown, and the manifest has no boxes.
    """
    if view == "scene":
        return replace(targets, view="scene", box_N=None)
    part = manifest.select(None if targets.split == "all" else targets.split)
    try:
        boxes = view_boxes(part, view)
    except DataError as error:
        raise DataError(f"{targets.data}: {error}") from error
    return replace(targets, view="person", box_N=tuple(boxes or ()))


def with_persons(manifest: Manifest, finder: PersonFinder | None, splits: tuple[str, ...] | None) -> Manifest:
    """The manifest with the boxes that a detector finds, where it has none of its own.

    Args:
        finder: None leaves it as it is.
        splits: whose pictures are looked at; None for all rows.
    """
    if finder is None or manifest.has("boxes"):
        return manifest
    return add_persons(manifest, finder, splits=splits)[0]
