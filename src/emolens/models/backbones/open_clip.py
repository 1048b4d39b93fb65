"""CLIP models, by way of open_clip.

Legend: B batch, C channels, H, W height and width, D embedding, T texts, L tokens.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, WeightsError
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import register_backbone
from emolens.models.loading.activation import GELU, QUICK, uses_quick_gelu, without_gelu
from emolens.models.loading.weights import State, load_into, read_state_dict
from emolens.models.preprocess import Preprocess
from emolens.names import did_you_mean
from emolens.specs import OPEN_CLIP, is_path
from emolens.weights.hub import cached_hub_file, hub_file

# Where a hub repository of open_clip keeps its weights, the first that exists (open_clip.constants)
HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


class CLIPBackbone(Backbone):
    """The two towers of a CLIP (Radford et al., 2021, arXiv 2103.00020), frozen.

    In fp32 ``encode_image`` gives what open_clip's own ``preprocess`` and ``encode_image`` give, to 1e-5.
    """

    has_text = True

    def __init__(self, spec: str, arch: str, model: nn.Module, preprocess: Preprocess, quick_gelu: bool) -> None:
        super().__init__(spec, embed_dim=_embed_dim(arch), preprocess=preprocess)
        self.arch = arch
        self.quick_gelu = quick_gelu
        self.model = model
        # Read before the weights are rounded to a lower precision: it multiplies every cosine by about 100.
        self.logit_scale = float(model.get_parameter("logit_scale").detach().double().exp())

    def features(self, batch: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D)."""
        encode: Any = self.model.encode_image
        result: Tensor = encode(batch)
        return result

    def text_features(self, texts: list[str]) -> Tensor:
        """T texts -> (T, D); each is cut at the model's context length, 77 tokens for most."""
        token_TL = self.tokenizer(texts).to(self.device)
        encode: Any = self.model.encode_text
        result: Tensor = encode(token_TL)
        return result

    @cached_property
    def tokenizer(self) -> Any:
        """open_clip's own for this architecture.

        Raises:
            WeightsError: it is one of transformers, and neither installed nor in the cache.
        """
        import open_clip

        try:
            return open_clip.get_tokenizer(self.arch)
        except Exception as error:  # ImportError, OSError of the hub client, ...
            raise WeightsError(
                f'backbone "{self.spec}": its tokenizer cannot be loaded ({error}); '
                'it may need "pip install transformers"'
            ) from error

    def recipe(self) -> dict[str, Any]:
        # The name that this class had when the first caches and runs were made: fingerprints must not change.
        return {**super().recipe(), "kind": "ClipBackbone", "arch": self.arch, "quick_gelu": self.quick_gelu}


@register_backbone(OPEN_CLIP, form="ARCH/TAG, ARCH/PATH", reads_text=True)
def load_clip(name: str, weights: str | None, compute: ComputeConfig) -> CLIPBackbone:
    """``ARCH/TAG`` or ``ARCH/PATH``: a CLIP of open_clip.

    Args:
        name: an architecture that ``open_clip.list_models()`` has; ``-gelu`` after it says what a file does not.
        weights: a tag that open_clip knows for the architecture, or the path of a file. A tag knows whether its
            weights were trained with QuickGELU (OpenAI's were) and that activation is used, whatever ``name`` says.
            OpenAI's own weights are recognised in a file too. For any other file of an architecture that open_clip
            has with both activations, write ``ViT-B-32-quickgelu/PATH`` or ``ViT-B-32-gelu/PATH``
            (see :mod:`emolens.models.loading.activation`).

    Raises:
        ConfigError: unknown architecture or tag; an activation that is not known, or contradicts the weights.
        WeightsError: missing, damaged, or of another architecture.
    """
    import open_clip
    from open_clip.pretrained import get_pretrained_cfg

    spec = f"{name}/{weights}" if weights else name
    arch, asks_gelu = without_gelu(name)
    config = open_clip.get_model_config(arch) if ":" not in arch else None
    if config is None:
        raise ConfigError(
            f'backbone "{spec}": open_clip has no architecture "{arch}"; {did_you_mean(arch, open_clip.list_models())}'
        )
    tags = open_clip.list_pretrained_tags_by_model(arch)
    if not weights:
        raise ConfigError(f'backbone "{spec}": write {arch}/TAG or {arch}/PATH; tags: {", ".join(tags) or "none"}')
    tag: dict[str, Any] = get_pretrained_cfg(arch, weights)
    if not tag and not (is_path(weights) or Path(weights).is_file()):
        raise ConfigError(
            f'backbone "{spec}": {arch} has no weights called "{weights}", and there is no such file; '
            f"{did_you_mean(weights, tags)}"
        )
    has_twin = f"{arch}{QUICK}" in open_clip.list_models()
    # A tag without the flag says nothing: roberta-ViT-B-32 was trained with QuickGELU and only its ARCH knows.
    quick_gelu = bool(config.get("quick_gelu")) or bool(tag.get("quick_gelu"))
    if quick_gelu and asks_gelu:
        raise ConfigError(f'backbone "{spec}": was trained with QuickGELU; leave out "-gelu"')
    as_file = f"{arch}{(QUICK if quick_gelu else GELU) if has_twin else ''}/PATH"
    path = _tag_file(tag, as_file) if tag else Path(weights).expanduser()
    state = read_state_dict(path)
    if not tag and not quick_gelu:
        quick_gelu = uses_quick_gelu(state, arch, has_twin, asks_gelu, str(path))
    with _quiet():
        try:
            model = open_clip.create_model(
                arch,
                load_weights=False,
                pretrained_text=False,
                force_preprocess_cfg=tag,
                quick_gelu=quick_gelu,
            )
        except (
            ImportError,
            RuntimeError,
            OSError,
        ) as error:  # text towers of transformers, where that is not installed
            raise ConfigError(f'backbone "{spec}": open_clip cannot build {arch} ({error})') from error
    load_into(model, _in_todays_names(model, state), f"{path} as {arch}")
    return CLIPBackbone(spec, arch, model, _preprocess(model.visual.preprocess_cfg), quick_gelu)


def cached_clip_file(arch: str, tag: str) -> Path | None:
    """The cached weights file of a tag, or None; asks no network."""
    from open_clip.pretrained import get_pretrained_cfg

    repository, names = _hub_place(get_pretrained_cfg(arch, tag))
    return cached_hub_file(repository, names) if repository else None


def _embed_dim(arch: str) -> int:
    import open_clip

    return int(open_clip.get_model_config(arch)["embed_dim"])


def _hub_place(tag: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The repository of a tag and its file names; open_clip writes them as "user/name/" or "user/name/file"."""
    repository, _, name = str(tag.get("hf_hub", "")).rpartition("/")
    if name in ("", HUB_FILES[1]):
        return repository, HUB_FILES
    return repository, (str(Path(name).with_suffix(".safetensors")), name)


def _tag_file(tag: dict[str, Any], spec_form: str) -> Path:
    repository, names = _hub_place(tag)
    if not repository:
        raise WeightsError(f"these weights are on no hub; fetch {tag.get('url')} and give its path: {spec_form}")
    return hub_file(repository, names, spec_form)


def _preprocess(config: dict[str, Any]) -> Preprocess:
    size = config["size"]
    h, w = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    fill = int(config["fill_color"])
    # Where height and width differ, open_clip covers with its default filter, whatever the config says.
    filter_ = config["interpolation"] if h == w or config["resize_mode"] != "shortest" else "bicubic"
    return Preprocess(
        resize=(h, w),
        crop=(h, w),
        mode=config["resize_mode"],
        interpolation="bilinear" if filter_ == "bilinear" else "bicubic",
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        fill=(fill, fill, fill),
    )


def _in_todays_names(model: nn.Module, state: State) -> State:
    """Older and other layouts that open_clip itself converts, in its present names."""
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict

    state = convert_state_dict(model, state)
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    own = model.state_dict()
    for name in ("logit_scale", "logit_bias"):  # a scalar in some releases, a vector of one in others
        if name in own and name in state:
            state[name] = state[name].reshape(own[name].shape)
    for name in ("input_resolution", "context_length", "vocab_size", "text.transformer.embeddings.position_ids"):
        if name not in own:
            state.pop(name, None)
    return state


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep open_clip from warning that the model is random (we load it next) and from configuring the root logger."""
    root = logging.getLogger()
    handler, silence = logging.NullHandler(), (lambda record: "open_clip" not in record.pathname)
    root.addHandler(handler)
    root.addFilter(silence)
    try:
        yield
    finally:
        root.removeFilter(silence)
        root.removeHandler(handler)
