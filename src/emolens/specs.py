"""The only parser of specs: the one line that names a model or a backbone.

Syntax alone: whether an architecture, a file or a run exists is for whoever loads it to say. The one exception is a
folder that exists, which is a run without ``run:`` before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emolens.errors import ConfigError
from emolens.names import did_you_mean

OPEN_CLIP = "open_clip"  # the scheme of a backbone that states none: ARCH/TAG, ARCH/PATH
BARE = ["mini", "auto"]  # words that are a whole spec
PATH_SCHEMES = ("uniemox", "mae")  # backbones whose whole rest is a path, with no name before it
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")  # of weights files

MODEL_FORMS = {
    "zeroshot": "zeroshot:ARCH/TAG_OR_PATH",
    "run": "run:DIR",
    "hub": "hub:USER/REPO",
    "uniemox": "uniemox:PATH",
    "keras": "keras:FILE[@BACKBONE]",
    "knn": "knn:BACKBONE[@MANIFEST]",
}
ON_BACKBONE = ("zeroshot", "knn")  # models whose rest is the spec of a backbone


@dataclass(frozen=True)
class BackboneSpec:
    """A frozen encoder: ``SCHEME:REST``.

    Attributes:
        scheme: "open_clip" where none is written.
        rest: what follows the colon, or the whole of a spec without a scheme.
        text: as given.
    """

    scheme: str
    rest: str
    text: str

    @property
    def name(self) -> str:
        """Before the first "/" of the rest; "" for schemes whose rest is a path."""
        return "" if self.scheme in PATH_SCHEMES else self.rest.partition("/")[0]

    @property
    def weights(self) -> str | None:
        """After the first "/" of the rest: a tag or a path, so an absolute path gives two: ``timm:NAME//data/w.pt``.

        None without a "/"; "" where nothing follows it.
        """
        if self.scheme in PATH_SCHEMES:
            return self.rest
        _, slash, weights = self.rest.partition("/")
        return weights if slash else None

    @property
    def complete(self) -> bool:
        """Whether it names something, and a "/" is followed by something."""
        return bool(self.weights if self.scheme in PATH_SCHEMES else self.name) and self.weights != ""


@dataclass(frozen=True)
class ModelSpec:
    """A model that predicts: ``SCHEME:REST[@EXTRA]``, or a bare word.

    Attributes:
        scheme: a key of :data:`MODEL_FORMS`, or the bare word itself.
        rest: what follows the colon; "" of a bare word. Never empty otherwise.
        at: what follows the last "@", of the schemes that take one; None where there is none.
        text: as given.
    """

    scheme: str
    rest: str
    at: str | None
    text: str


def declare_model(scheme: str, form: str | None = None) -> None:
    """Make a kind of model known, which :mod:`emolens.inference.registry` then loads.

    Args:
        scheme: what stands before the colon, or a whole spec.
        form: how the spec is written, such as ``knn:BACKBONE[@MANIFEST]``; None for a whole spec.
    """
    if form is not None:
        MODEL_FORMS[scheme] = form
    elif scheme not in BARE:
        BARE.append(scheme)


def parse_backbone(text: str) -> BackboneSpec:
    """Take a backbone's spec apart. Nothing is malformed here; the registry of backbones knows the schemes.

    >>> parse_backbone("ViT-B-32/openai")
    BackboneSpec(scheme='open_clip', rest='ViT-B-32/openai', text='ViT-B-32/openai')
    >>> spec = parse_backbone("torchvision:resnet18//data/w.pth")
    >>> spec.scheme, spec.name, spec.weights
    ('torchvision', 'resnet18', '/data/w.pth')
    """
    if text in BARE:
        return BackboneSpec(text, "", text)
    scheme, colon, rest = text.partition(":")
    if not colon or "/" in scheme:
        return BackboneSpec(OPEN_CLIP, text, text)
    return BackboneSpec(scheme, rest, text)


def parse_model(text: str) -> ModelSpec:
    """Take a model's spec apart.

    >>> parse_model("knn:timm:resnet18@train.parquet")
    ModelSpec(scheme='knn', rest='timm:resnet18', at='train.parquet', text='knn:timm:resnet18@train.parquet')

    Raises:
        ConfigError: of no known form; the message lists the forms.
    """
    if text in BARE:
        return ModelSpec(text, "", None, text)
    scheme, colon, rest = text.partition(":")
    if colon and scheme in MODEL_FORMS:
        at = None
        if "[@" in MODEL_FORMS[scheme] and "@" in rest:  # elsewhere "@" is a character like others
            rest, _, at = rest.rpartition("@")
        if not rest or at == "":
            raise ConfigError(f'model "{text}": write {MODEL_FORMS[scheme]}')
        return ModelSpec(scheme, rest, at, text)
    if text and Path(text).is_dir():
        return ModelSpec("run", text, None, text)
    *forms, last = *MODEL_FORMS.values(), *BARE
    unknown = f'unknown kind "{scheme}:"; {did_you_mean(scheme, MODEL_FORMS)} ' if colon and scheme else ""
    raise ConfigError(f'model "{text}": {unknown}write {", ".join(forms)} or {last}')


def short_names(specs: Iterable[str]) -> dict[str, str]:
    """Spec -> name for a table, all names different; specs of models and of backbones alike.

    The path of a weights file is left out ("torchvision:resnet50//data/w.pt" becomes "torchvision:resnet50"),
    unless two specs would then look alike. A run keeps its folder: that is what tells runs apart. Of a ViT
    ("uniemox:", "mae:") the last part of the path stays.
    """
    short = {spec: _short(spec) for spec in specs}
    names = list(short.values())
    return {spec: name if names.count(name) == 1 else spec for spec, name in short.items()}


def portable(text: str) -> str:
    """A backbone's spec with a path in it made absolute, so that a run loads from any working folder.

    What is no existing file, such as a tag or the name of published weights, stays as it is.
    """
    spec = parse_backbone(text)
    if not spec.weights or not (path := Path(spec.weights).expanduser()).exists():
        return text
    if spec.scheme in PATH_SCHEMES:
        return f"{spec.scheme}:{path.resolve()}"
    return f"{text.partition('/')[0]}/{path.resolve()}"


def stored_path(text: str) -> str:
    """The path in ``run:PATH``, ``uniemox:PATH`` or ``mae:PATH``; any other text is a path itself.

    >>> stored_path("mae:vit_b.pth"), stored_path("runs/pre")
    ('vit_b.pth', 'runs/pre')
    """
    scheme, colon, path = text.partition(":")
    return path if colon and scheme in ("run", *PATH_SCHEMES) else text


def is_path(weights: str) -> bool:
    """Whether what follows the name in a backbone's spec is written as a path and not as a tag."""
    return "/" in weights or weights.endswith(SUFFIXES)


def _short(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    if colon and scheme in ON_BACKBONE:
        return f"{scheme}:{_short(rest)}"
    spec = parse_backbone(text)
    if spec.scheme in PATH_SCHEMES:
        return f"{spec.scheme}:{Path(spec.rest).name}"
    if scheme in MODEL_FORMS or not spec.weights or not is_path(spec.weights):
        return text
    return text.partition("/")[0]
