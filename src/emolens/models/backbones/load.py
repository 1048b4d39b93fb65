"""Frozen encoders by their spec: each family registers its scheme, and one function loads them all.

The files beside this one are found by looking into the folder; a file elsewhere registers its scheme when it is
imported.
"""

from collections.abc import Callable
from dataclasses import dataclass

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError
from emolens.models.backbones.base import Backbone
from emolens.models.precision import choose_device, choose_precision
from emolens.names import did_you_mean
from emolens.scan import import_folder
from emolens.specs import OPEN_CLIP, BackboneSpec, parse_backbone

Loader = Callable[[str, str | None, ComputeConfig], Backbone]
"""(name, weights, compute) of a spec -> the encoder, in fp32 on the CPU; :func:`load_backbone` does the rest."""


@dataclass(frozen=True)
class BackboneForm:
    """What is known of a family without loading any of it.

    Attributes:
        scheme: what stands before the colon.
        form: how its specs are written, for help and messages; the scheme alone where nothing follows it.
        reads_text: whether its encoders embed sentences too.
        load: builds one.
    """

    scheme: str
    form: str
    reads_text: bool
    load: Loader


_FORMS: dict[str, BackboneForm] = {}


def register_backbone(scheme: str, *, form: str, reads_text: bool = False) -> Callable[[Loader], Loader]:
    """Decorate the function that loads a family of encoders.

    The function takes the name (up to the first "/" of what follows the colon; "" for uniemox: and mae:, whose
    rest is a path), the weights (what follows that "/", or None) and where the encoder will run. It raises
    ConfigError for a name that does not exist, WeightsError for weights that do not fit.

    Args:
        scheme: of the family; a second registration replaces the first.
        form: how its specs are written, such as ``timm:NAME[/PATH]``.
        reads_text: whether ``encode_text`` works.
    """

    def register(load: Loader) -> Loader:
        _FORMS[scheme] = BackboneForm(scheme, form, reads_text, load)
        return load

    return register


def backbone_schemes() -> dict[str, BackboneForm]:
    """Scheme -> what is known of it; CLIP, which needs no scheme, first, then by name."""
    import_folder("emolens.models.backbones")
    return dict(sorted(_FORMS.items(), key=lambda item: (item[0] != OPEN_CLIP, item[0])))


def reads_text(spec: str) -> bool:
    """Whether the encoder of a spec embeds sentences too; nothing is loaded.

    Raises:
        ConfigError: unknown scheme.
    """
    return _form_of(parse_backbone(spec)).reads_text


def load_backbone(spec: str, compute: ComputeConfig | None = None) -> Backbone:
    """Load a frozen encoder.

    Args:
        spec: ``ARCH/TAG`` or ``ARCH/PATH`` (a CLIP of open_clip), or ``SCHEME:NAME/PATH``; :func:`backbone_schemes`
            lists the schemes. What follows the first ``/`` is the tag or path, so an absolute path gives two:
            ``torchvision:squeezenet1_1//data/squeezenet.safetensors``.
        compute: device and precision; everything chosen if not given.

    Raises:
        ConfigError: malformed, unknown scheme, architecture or tag, impossible device or precision.
        WeightsError: weights that are missing, damaged, or of another architecture.
    """
    compute = compute or ComputeConfig()
    device = choose_device(compute.device)
    precision = choose_precision(compute.precision, device)
    parsed = parse_backbone(spec)
    form = _form_of(parsed)
    if not (spec == form.form if form.form == form.scheme else parsed.complete):
        raise ConfigError(f'backbone "{spec}": write {_forms()}')
    backbone = form.load(parsed.name, parsed.weights, compute)
    backbone.spec = spec
    backbone.settle(device, precision)
    return backbone


def _form_of(spec: BackboneSpec) -> BackboneForm:
    known = backbone_schemes()
    if spec.scheme not in known:
        near = did_you_mean(spec.scheme, known)
        raise ConfigError(f'backbone "{spec.text}": unknown kind "{spec.scheme}:"; {near} Write {_forms()}')
    return known[spec.scheme]


def _forms() -> str:
    *forms, last = (known.form for known in backbone_schemes().values())
    return f"{', '.join(forms)} or {last}"
