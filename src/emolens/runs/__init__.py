"""What a trained model is on disk: a folder, or a hub repository, in; config and weights out, and the reverse."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.runs.config import BackboneFacts as BackboneFacts
    from emolens.runs.config import RunConfig as RunConfig
    from emolens.runs.config import TrainingFacts as TrainingFacts
    from emolens.runs.folder import read_config as read_config
    from emolens.runs.folder import write_run as write_run
    from emolens.runs.models import AVModel as AVModel
    from emolens.runs.models import ImageModel as ImageModel
    from emolens.runs.registry import read_model as read_model
    from emolens.runs.registry import register_kind as register_kind
    from emolens.runs.registry import save_model as save_model

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AVModel": "emolens.runs.models",
        "BackboneFacts": "emolens.runs.config",
        "ImageModel": "emolens.runs.models",
        "RunConfig": "emolens.runs.config",
        "TrainingFacts": "emolens.runs.config",
        "read_config": "emolens.runs.folder",
        "read_model": "emolens.runs.registry",
        "register_kind": "emolens.runs.registry",
        "save_model": "emolens.runs.registry",
        "write_run": "emolens.runs.folder",
    },
)
