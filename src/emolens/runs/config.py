"""What a trained model is, as its folder says: the one content of ``config.json``.

Legend: C labels, R continuous targets.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from emolens import __version__
from emolens.errors import DataError, EmolensError
from emolens.media.video_sample import VideoConfig
from emolens.models.backbones.base import Backbone
from emolens.models.preprocess import Preprocess
from emolens.people.crop import View
from emolens.specs import portable
from emolens.taxonomy import LabelSpace

FORMAT = 2  # 1: training facts at the top level, "clip" for "video", no "view"

Value = TypeVar("Value")


@dataclass(frozen=True)
class BackboneFacts:
    """The frozen encoder that a head was trained on."""

    spec: str
    """See :func:`emolens.models.backbones.load.load_backbone`; paths in it are absolute."""
    embed_dim: int
    """Width of its embeddings."""
    precision: str
    """Number format in which it made the embeddings of the training."""
    fingerprint: str
    """:attr:`emolens.models.backbones.base.Backbone.fingerprint` in that precision."""

    @staticmethod
    def of(backbone: Backbone) -> "BackboneFacts":
        """The facts of a backbone that is loaded; its fingerprint takes a second to compute."""
        return BackboneFacts(portable(backbone.spec), backbone.embed_dim, backbone.precision, backbone.fingerprint)


@dataclass(frozen=True)
class DataFacts:
    """What a model was trained on."""

    path: str = ""
    """The manifest or shards, absolute; "" where there is none, as for models that come with emolens."""
    dataset: str | None = None
    """Name of the data set, from the manifest's metadata."""
    splits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Each frozen split with its number of rows and the sha256 of its ids; empty where the data was not split."""
    n: Mapping[str, int] = field(default_factory=dict)
    """Rows that were used of each split."""
    relabelled: tuple[Mapping[str, Any], ...] = ()
    """How its labels got from the space of the data set to that of the training; see
    :class:`emolens.data.relabelling.Relabelling`. Empty where they are as the data set has them."""


@dataclass(frozen=True)
class TrainingFacts:
    """Where a model is from, and how well it did on the split that chose its weights."""

    recipe: str = ""
    """Name of the recipe; "" where no training of emolens made the model."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The recipe's config with every override, as plain values."""
    data: DataFacts = field(default_factory=DataFacts)
    """What it was trained on."""
    seed: int | None = None
    """Seed of the training."""
    epoch: int = 0
    """Which epoch's weights were kept, from 0."""
    steps: int = 0
    """Optimiser steps in all."""
    samples_per_s: float = 0.0
    """Samples trained on per second, by all processes together."""
    validation: Mapping[str, float] = field(default_factory=dict)
    """Metrics of the kept weights on the validation split; no test metrics."""


@dataclass(frozen=True)
class RunConfig:
    """A trained model, but for its tensors.

    Raises:
        DataError: ``from_dict`` met a field that is missing or malformed; it is named.
    """

    kind: str
    """Who reads it; see :mod:`emolens.runs.registry`."""
    backbone: BackboneFacts | None = None
    """The frozen encoder below the head; None for networks that are whole in themselves."""
    label_space: LabelSpace | None = None
    """The labels it was made for; None for regression alone and for encoders."""
    targets: tuple[str, ...] = ()
    """Its continuous outputs, in [-1, 1]: of valence, arousal, dominance."""
    multi_label: bool = False
    """Whether a sample may have several labels, each with a score of its own."""
    view: View = "scene"
    """What of a picture it was trained to see: the whole, or the person in it."""
    preprocess: Preprocess | None = None
    """How a picture becomes its input; None where the backbone says so."""
    video: VideoConfig | None = None
    """How a video becomes its input; None for models of pictures."""
    model: Mapping[str, Any] | None = None
    """Sizes of the network, by the names of its kind; None for heads, whose sizes follow from the rest."""
    source: Mapping[str, Any] | None = None
    """Where weights that were not trained by emolens are from."""
    training: TrainingFacts | None = None
    """Where it is from; None where nothing is known."""
    emolens: str = __version__
    """The version that wrote it."""

    @property
    def data(self) -> DataFacts:
        """What it was trained on; empty facts where nothing is known."""
        return self.training.data if self.training is not None else DataFacts()

    @property
    def recipe(self) -> str:
        """Name of the recipe; "" where nothing is known."""
        return self.training.recipe if self.training is not None else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, fit for JSON: format 2."""
        space = self.label_space
        return {
            "format": FORMAT,
            "emolens": self.emolens,
            "kind": self.kind,
            "backbone": None if self.backbone is None else asdict(self.backbone),
            "label_space": None if space is None else space.as_dict(),
            "targets": list(self.targets),
            "multi_label": self.multi_label,
            "view": self.view,
            "preprocess": None if self.preprocess is None else self.preprocess.to_dict(),
            "video": None if self.video is None else self.video.to_dict(),
            "model": None if self.model is None else dict(self.model),
            "source": None if self.source is None else dict(self.source),
            "training": None if self.training is None else asdict(self.training),
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any], where: str = "config.json") -> "RunConfig":
        """The inverse of :meth:`to_dict`; reads formats 1 and 2.

        Args:
            values: the content of a ``config.json``.
            where: its path, for messages.

        Raises:
            DataError: a field is missing or malformed (it is named), or the format is of a newer emolens.
        """
        read = _Fields(values, where)
        form = read.get("format", int)
        if form > FORMAT:
            raise DataError(f"{where}: was written by emolens {values.get('emolens')}, which is newer; upgrade")
        old = form == 1
        return RunConfig(
            kind=read.get("kind", _text),
            backbone=read.maybe("backbone", _backbone),
            label_space=read.get("label_space", _or_none(LabelSpace.from_dict)),
            targets=read.get("targets", _texts),
            multi_label=read.maybe("multi_label", _flag) or False,
            view=read.maybe("view", _view) or (_old_view(values) if old else "scene"),
            preprocess=read.maybe("preprocess", Preprocess.from_dict),
            video=read.maybe("clip" if old else "video", VideoConfig.from_dict),
            model=read.maybe("model", _mapping),
            source=read.maybe("source", _mapping),
            training=read.whole(_old_training) if old else read.maybe("training", _training),
            emolens=read.maybe("emolens", _text) or "",
        )


class _Fields:
    """Fields of a JSON object; whatever is wrong with one becomes a DataError that names it."""

    def __init__(self, values: Any, where: str) -> None:
        if not isinstance(values, Mapping):
            raise DataError(f"{where}: holds no JSON object; train again")
        self.values, self.where = values, where

    def get(self, name: str, parse: Callable[[Any], Value]) -> Value:
        if name not in self.values:
            raise DataError(f"{self.where}: field '{name}' is missing; train again")
        try:
            return parse(self.values[name])
        except (KeyError, TypeError, ValueError, AttributeError, EmolensError) as error:
            raise DataError(f"{self.where}: field '{name}' is malformed ({_words(error)}); train again") from error

    def maybe(self, name: str, parse: Callable[[Any], Value]) -> Value | None:
        return None if self.values.get(name) is None else self.get(name, parse)

    def whole(self, parse: Callable[[Any], Value]) -> Value:
        try:
            return parse(self.values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"{self.where}: its training facts are malformed ({_words(error)}); train again") from error


def _words(error: Exception) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)


def _or_none(parse: Callable[[Any], Value]) -> Callable[[Any], Value | None]:
    return lambda value: None if value is None else parse(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return tuple(_text(one) for one in value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _view(value: Any) -> View:
    if value not in ("scene", "person"):
        raise ValueError(f"{value!r} is neither scene nor person")
    return value  # type: ignore[no-any-return]


def _mapping(value: Any) -> Mapping[str, Any]:
    return dict(value.items())


def _backbone(value: Any) -> BackboneFacts:
    return BackboneFacts(
        _text(value["spec"]), int(value["embed_dim"]), _text(value["precision"]), _text(value["fingerprint"])
    )


def _data(value: Any) -> DataFacts:
    found = value or {}
    return DataFacts(
        path=found.get("path") or "",
        dataset=found.get("dataset"),
        splits=found.get("splits") or {},
        n=found.get("n") or {},
        relabelled=tuple(found.get("relabelled") or ()),
    )


def _training(value: Any) -> TrainingFacts:
    seed = value.get("seed")
    return TrainingFacts(
        recipe=_text(value.get("recipe") or ""),
        config=_mapping(value.get("config") or {}),
        data=_data(value.get("data")),
        seed=None if seed is None else int(seed),
        epoch=int(value.get("epoch") or 0),
        steps=int(value.get("steps") or 0),
        samples_per_s=float(value.get("samples_per_s") or 0.0),
        validation=_mapping(value.get("validation") or {}),
    )


def _old_training(values: Mapping[str, Any]) -> TrainingFacts | None:
    """Of format 1: the same facts, between the others; the speed by the name of the samples."""
    if not any(name in values for name in ("recipe", "config", "data", "seed", "validation")):
        return None
    speed = next((values[name] for name in ("samples_per_s", "images_per_s", "clips_per_s") if values.get(name)), 0.0)
    return _training({**values, "samples_per_s": speed})


def _old_view(values: Mapping[str, Any]) -> View:
    """Of format 1: what the recipe's config says."""
    return "person" if (values.get("config") or {}).get("view") == "person" else "scene"
