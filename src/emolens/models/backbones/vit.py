"""Vision transformers of UniEmoX and MAE, pretrained or fine-tuned, as frozen encoders.

Legend: B batch, C channels, H, W height and width, D embedding, L patches, h, w patches down and across.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.files import read_json
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import register_backbone
from emolens.models.imagenet import IMAGENET_MEAN, IMAGENET_STD
from emolens.models.loading.published import load_published
from emolens.models.loading.weights import load_into
from emolens.models.mae import MaskedAutoencoder
from emolens.models.precision import DTYPES
from emolens.models.preprocess import Preprocess
from emolens.models.vit import EmotionViT, Pooling, ViTConfig
from emolens.specs import stored_path
from emolens.weights.fetch import weights_file

if TYPE_CHECKING:
    from emolens.models.uniemox import UniEmoXConfig

CONFIG = "config.json"
WEIGHTS = "model.safetensors"

# A file of tensors does not say how many heads share a width; these are the published ViTs, of 64 (ViT-H: 80) a head.
HEADS = {192: 3, 384: 6, 512: 16, 768: 12, 1024: 16, 1280: 16}

CROP_SHARE = 0.875  # 224 of 256, the evaluation crop of MAE and of UniEmoX up to 224 px; above, the whole shorter side

SIZES = ("image_size", "patch_size", "embed_dim", "depth", "num_heads")
Sizes = TypeVar("Sizes", bound=ViTConfig)


@dataclass(frozen=True)
class StoredViT:
    """A transformer on disk.

    Attributes:
        path: the file of the tensors.
        state: the tensors by their published names.
        model: image_size, patch_size, embed_dim, depth, num_heads of the encoder.
        preprocess: how its pictures are made.
        config: the run's ``config.json``; empty for a file of weights alone.
    """

    path: Path
    state: dict[str, Tensor]
    model: dict[str, int]
    preprocess: Preprocess
    config: dict[str, Any]

    @property
    def fine_tuned(self) -> bool:
        return "fc_norm.weight" in self.state

    @property
    def has_decoder(self) -> bool:
        return "decoder_pred.weight" in self.state

    def sized(self, wanted: Sizes) -> Sizes:
        """``wanted`` with the encoder's own sizes, but on pictures of the size that is wanted.

        Raises:
            ConfigError: that size is no multiple of the encoder's patches.
        """
        sizes = replace(wanted, **{name: self.model[name] for name in SIZES if name != "image_size"})
        if sizes.image_size % sizes.patch_size:
            raise ConfigError(
                f"image_size {sizes.image_size} is no multiple of the encoder's patches of {sizes.patch_size} pixels"
            )
        return sizes

    def check_decoder(self, wanted: "UniEmoXConfig") -> None:
        """Raise a WeightsError that says what to do, unless there is no decoder or it is as wide and deep as wanted."""
        width, depth = len(self.state.get("decoder_embed.weight", ())), _depth(self.state, "decoder_blocks.")
        if self.has_decoder and (width, depth) != (wanted.decoder_embed_dim, wanted.decoder_depth):
            raise WeightsError(
                f"{self.path}: its decoder has {depth} blocks of width {width}, the student's {wanted.decoder_depth} "
                f"of {wanted.decoder_embed_dim}; take a file of the encoder alone, such as mae_vit_large, "
                f"or --decoder-embed-dim {width} --decoder-depth {depth} (and a teacher of width {width})"
            )


class ViTBackbone(Backbone):
    """A frozen transformer that sees the whole picture: nothing is masked.

    The embedding is what the weights were trained to fill:

    - ``class``, of UniEmoX pretraining: the class token after ``norm``. The distillation losses act on it (through
      ``decoder_embed`` and the fusion), so it holds what was learned from CLIP.
    - ``mean``, of MAE pretraining: the mean of the patch tokens after ``norm``. No loss of MAE acts on its class token;
      the patches carry the reconstruction (He et al. 2022, arXiv 2111.06377, appendix A, find both to work).
    - ``fc_norm``, of a fine-tuned model: what its classifier is given.

    Args:
        spec: as given.
        stored: the tensors and what is known of them.
        pooling: which embedding.
    """

    def __init__(self, spec: str, stored: StoredViT, pooling: Pooling) -> None:
        super().__init__(spec, embed_dim=stored.model["embed_dim"], preprocess=stored.preprocess)
        self.pooling = pooling
        self.stored_at = stored.path
        self.config = stored.config
        self.sizes = {name: stored.model[name] for name in SIZES}
        # The classifier stays in fp32 on the CPU, whatever the encoder runs in; plain tensors, of no fingerprint.
        self.classifier: tuple[Tensor, Tensor] | None = None
        if pooling == "fc_norm" and "head.weight" in stored.state:
            self.classifier = stored.state["head.weight"].float(), stored.state["head.bias"].float()
        self.model = EmotionViT(**self.sizes, num_classes=0, pooling=pooling)
        load_into(self.model, _only(stored.state, self.model), f"{stored.path} as a vision transformer")

    def features(self, batch: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D)."""
        return self.model.forward_features(batch)

    @torch.inference_mode()
    def attention(self, batch: Tensor) -> Tensor:
        """Which places the embedding is made of; see :meth:`emolens.models.vit.EmotionViT.attention_maps`.

        Args:
            batch: float32, shape (B, C, H, W), on any device.

        Returns:
            float32 on the CPU, shape (B, h, w); each map sums to 1.

        Raises:
            ConfigError: a pretrained encoder, from which no answer is read.
        """
        if self.pooling != "fc_norm":
            raise ConfigError(f"{self.spec} is pretrained, not fine-tuned: its attention is of no answer")
        return self.model.attention_maps(batch.to(self.device, DTYPES[self.precision])).float().cpu()

    def recipe(self) -> dict[str, Any]:
        return {**super().recipe(), "pooling": self.pooling, "num_heads": self.sizes["num_heads"]}


@register_backbone("uniemox", form="uniemox:PATH")
def load_uniemox(name: str, weights: str | None, compute: ComputeConfig) -> ViTBackbone:
    """``uniemox:PATH``: a transformer of UniEmoX, pretrained or fine-tuned.

    Args:
        weights: a run folder, or a ``.pth`` or ``.safetensors`` file in the published names.

    Raises:
        DataError: a folder that is no run, or whose training has not finished.
        WeightsError: missing, damaged, or not of such a transformer.
    """
    return _read("uniemox", str(weights), "class")


@register_backbone("mae", form="mae:PATH")
def load_mae(name: str, weights: str | None, compute: ComputeConfig) -> ViTBackbone:
    """``mae:PATH``: the same files as :func:`load_uniemox`, of a pretrained one the mean of the patches."""
    return _read("mae", str(weights), "mean")


def load_autoencoder(path: str | Path) -> tuple[MaskedAutoencoder, StoredViT]:
    """A pretrained encoder with its decoder, in evaluation mode on the CPU; ``uniemox:`` or ``mae:`` before is allowed.

    Raises:
        DataError, WeightsError: as :func:`load_uniemox`.
        ConfigError: fine-tuned weights, or an encoder alone: there is nothing to reconstruct with.
    """
    stored = read_stored(stored_path(str(path)))
    if not stored.has_decoder:
        what = "a fine-tuned model" if stored.fine_tuned else "an encoder alone"
        raise ConfigError(
            f"{path}: is {what}, which has no decoder to reconstruct with; name the pretraining run "
            "(or MAE's file with the decoder, *_visualize_*.pth)"
        )
    sizes: dict[str, Any] = {**stored.model, **_decoder(stored)}
    model = MaskedAutoencoder(**sizes)
    model.norm_pixel_loss = bool(_fact(stored.config, "norm_pixel_loss"))
    load_into(model, _only(stored.state, model), f"{stored.path} as a masked autoencoder")
    return model.eval(), stored


def read_stored(path: str | Path) -> StoredViT:
    """The tensors of a run folder, a file or published weights by name, and the architecture that they are of.

    Raises:
        DataError: a folder that is no run, or whose training has not finished.
        WeightsError: no such file, damaged, or not of a vision transformer; or its number of heads is not known.
    """
    path = Path(path).expanduser()
    config: dict[str, Any] = {}
    if path.is_dir():
        if not (path / CONFIG).exists():
            raise DataError(f"{path}: has no {CONFIG}, so it is no run folder, or its training did not finish")
        config, path = read_json(path / CONFIG), path / WEIGHTS
    path = weights_file(path)
    state = load_published(path)
    try:
        model = _architecture(state, config)
    except KeyError as error:
        raise WeightsError(
            f"{path}: has no tensor {error}, so it is no vision transformer of MAE or UniEmoX"
        ) from error
    except ValueError as error:
        raise WeightsError(f"{path}: {error}") from error
    stated = config.get("preprocess")
    preprocess = Preprocess.from_dict(stated) if stated else evaluation_preprocess(model["image_size"])
    return StoredViT(path, state, model, preprocess, config)


def _read(scheme: str, path: str, pretrained: Pooling) -> ViTBackbone:
    """A fine-tuned model has a token of its own; the scheme decides that of a ``pretrained`` one."""
    stored = read_stored(path)
    return ViTBackbone(f"{scheme}:{path}", stored, "fc_norm" if stored.fine_tuned else pretrained)


def evaluation_preprocess(image_size: int) -> Preprocess:
    """The evaluation crop of MAE and UniEmoX: the shorter side to size / 0.875, bicubic; then the centre."""
    resize = int(image_size / CROP_SHARE) if image_size <= 224 else image_size
    return Preprocess(
        resize=(resize, resize),
        crop=(image_size, image_size),
        mode="shortest",
        interpolation="bicubic",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
    )


def _architecture(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> dict[str, int]:
    """Every number of the encoder, from the shapes; the heads from the config, or by the published widths."""
    embed_dim, _, patch_size, _ = state["patch_embed.proj.weight"].shape
    return {
        "image_size": patch_size * _side(state["pos_embed"]),
        "patch_size": patch_size,
        "embed_dim": embed_dim,
        "depth": _depth(state, "blocks."),
        "num_heads": _heads(config, "num_heads", embed_dim),
    }


def _decoder(stored: StoredViT) -> dict[str, int]:
    width = len(stored.state["decoder_embed.weight"])
    try:
        heads = _heads(stored.config, "decoder_num_heads", width)
    except ValueError as error:
        raise WeightsError(f"{stored.path}: its decoder {error}") from error
    depth = _depth(stored.state, "decoder_blocks.")
    return {"decoder_embed_dim": width, "decoder_depth": depth, "decoder_num_heads": heads}


def _side(pos_embed_1LD: Tensor) -> int:
    """Patches along each side; the first position is the class token's."""
    patches = pos_embed_1LD.shape[1] - 1
    side = math.isqrt(max(patches, 0))
    if side * side != patches or side == 0:
        raise ValueError(f"{patches} positions are no square of patches")
    return side


def _depth(state: Mapping[str, Tensor], prefix: str) -> int:
    numbers = [int(name.removeprefix(prefix).split(".")[0]) for name in state if name.startswith(prefix)]
    return 1 + max(numbers, default=-1)


def _heads(config: Mapping[str, Any], name: str, width: int) -> int:
    stated = _fact(config, name)
    if stated is None and width not in HEADS:
        raise ValueError(
            f"is {width} wide, which is no published width ({', '.join(map(str, HEADS))}), and weights do not tell "
            f"their number of heads; name the run folder, whose {CONFIG} does"
        )
    return HEADS[width] if stated is None else int(stated)


def _fact(config: Mapping[str, Any], name: str) -> Any:
    """A field of the model's config, which a run keeps under "model", or in the "config" that it was asked for."""
    for part in (config.get("model"), (config.get("config") or {}).get("model")):
        if isinstance(part, Mapping) and part.get(name) is not None:
            return part[name]
    return None


def _only(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The tensors that the model has a place for: a checkpoint also holds what only training needed."""
    own = model.state_dict()
    return {name: value for name, value in state.items() if name in own}
