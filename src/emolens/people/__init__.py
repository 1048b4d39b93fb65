"""Who is in the picture: uint8 RGB pictures in; boxes of persons, and crops with context, out."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.people.boxes import PersonBoxes as PersonBoxes
    from emolens.people.cache import BoxCache as BoxCache
    from emolens.people.crop import person_crop as person_crop
    from emolens.people.detect_files import detect_files as detect_files
    from emolens.people.detector import Detector as Detector
    from emolens.people.finder import PersonFinder as PersonFinder
    from emolens.people.tracker import Tracker as Tracker

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BoxCache": "emolens.people.cache",
        "Detector": "emolens.people.detector",
        "PersonBoxes": "emolens.people.boxes",
        "PersonFinder": "emolens.people.finder",
        "Tracker": "emolens.people.tracker",
        "detect_files": "emolens.people.detect_files",
        "person_crop": "emolens.people.crop",
    },
)
