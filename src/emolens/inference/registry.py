"""Which spec of a model is loaded by what: ``SCHEME -> loader``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emolens import specs
from emolens.compute import ComputeConfig
from emolens.inference.predictor import Predictor
from emolens.scan import import_folder
from emolens.taxonomy import LabelSpace, get_label_space

if TYPE_CHECKING:
    from emolens.data.manifest import Manifest

DEFAULT_SPACE = "mikels8"


@dataclass(frozen=True)
class LoadRequest:
    """A model as it was asked for.

    Attributes:
        spec: which model.
        label_space: of the answers; None for the model's own.
        compute: where it runs.
        cache: folder of an embedding cache; None for none.
        data: manifest whose split "train" a model may look things up in, where its spec names none.
    """

    spec: specs.ModelSpec
    label_space: LabelSpace | None = None
    compute: ComputeConfig = field(default_factory=ComputeConfig)
    cache: Path | None = None
    data: "Manifest | None" = None

    @property
    def space_or_default(self) -> LabelSpace:
        """The label space of a model that has none of its own."""
        return self.label_space or get_label_space(DEFAULT_SPACE)


Loader = Callable[[LoadRequest], Predictor]
_LOADERS: dict[str, Loader] = {}


def register_model(scheme: str, form: str | None = None) -> Callable[[Loader], Loader]:
    """Let ``emolens.load("SCHEME:...")`` call the decorated function.

    Args:
        scheme: what stands before the colon, or a whole spec such as "mini".
        form: how the spec is written, for messages; None for a whole spec.
    """

    def register(loader: Loader) -> Loader:
        specs.declare_model(scheme, form)
        _LOADERS[scheme] = loader
        return loader

    return register


def loader_of(scheme: str) -> Loader:
    """The loader of a scheme that :func:`emolens.specs.parse_model` knows."""
    return _LOADERS[scheme]


def register_built_in() -> None:
    """Import every file of ``inference/loaders``: each registers its schemes."""
    import_folder("emolens.inference.loaders")
