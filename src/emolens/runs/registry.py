"""Which reader a kind of trained model has.

Adding a kind is one file: a function under :func:`register_kind`, in ``runs/readers`` or in a module that is imported
before the model is read.
"""

from collections.abc import Callable
from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.runs.config import RunConfig
from emolens.runs.folder import read_config, write_run
from emolens.runs.models import AVModel, ImageModel
from emolens.scan import import_folder

TrainedModel = ImageModel | AVModel
Reader = Callable[[Path, RunConfig, ComputeConfig], TrainedModel]

_READERS: dict[str, Reader] = {}


def register_kind(kind: str) -> Callable[[Reader], Reader]:
    """Make a function the reader of a kind.

    The function gets the folder, what its ``config.json`` says, and where to run; it raises WeightsError if the weights
    do not fit, and ConfigError if there is no model to be made of them.

    Raises:
        ConfigError: the kind has another reader already.
    """

    def register(reader: Reader) -> Reader:
        if _READERS.setdefault(kind, reader) is not reader:
            raise ConfigError(f'kind "{kind}" has a reader already: {_READERS[kind].__module__}')
        return reader

    return register


def kinds() -> dict[str, Reader]:
    """Every kind that is known, with its reader: those of emolens, and those of modules that were imported."""
    import_folder("emolens.runs.readers")
    return dict(_READERS)


def read_model(folder: Path, compute: ComputeConfig | None = None) -> TrainedModel:
    """The model in a run folder, on its device, in evaluation mode.

    Args:
        folder: a run, a saved model, or a fetched repository of the hub.
        compute: where it runs, and in which numbers.

    Raises:
        DataError: not such a folder, or one whose training has not finished.
        ConfigError: an unknown kind, a pretrained encoder without a head, an impossible device or precision.
        WeightsError: the weights do not fit, or the backbone's are not those of the training.
    """
    config = read_config(folder)
    known = kinds()
    if config.kind not in known:
        raise ConfigError(
            f'{folder}: is of unknown kind "{config.kind}"; {did_you_mean(config.kind, known)} (import the module that '
            "registers it first)"
        )
    return known[config.kind](folder, config, compute or ComputeConfig())


def save_model(model: TrainedModel, folder: Path, name: str | None = None) -> None:
    """Write a model as a run folder, which :func:`read_model` reads.

    Args:
        model: of a kind that has a reader.
        folder: made if need be.
        name: title of the model card; ``run:FOLDER`` by default.

    Raises:
        ConfigError: the model has nothing of its own to save, such as ``mini``.
        DataError: the place cannot be written.
    """
    if model.config.kind not in kinds():
        raise ConfigError(
            f'a model of kind "{model.config.kind}" has nothing of its own to save: it comes with emolens, or is made '
            "when it is loaded; name its spec instead"
        )
    config, tensors = model.to_save()
    write_run(folder, config, tensors, name)
