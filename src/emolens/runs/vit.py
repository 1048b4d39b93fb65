"""Fine-tuned vision transformers on disk: run folders, and files as they are published.

A run folder holds ``model.safetensors`` in the published names (``patch_embed.proj.*``, ``blocks.N.*``, ``fc_norm.*``,
``head.*``) and ``config.json`` with

- ``kind``: "vit_finetuned";
- ``model``: image_size, patch_size, embed_dim, depth, num_heads of :class:`emolens.models.vit.EmotionViT`;
- ``preprocess``: :meth:`emolens.models.preprocess.Preprocess.to_dict`, the evaluation crop;
- ``label_space``: :meth:`emolens.taxonomy.LabelSpace.as_dict`, or null;
- ``targets``: names of the outputs of the head after those of the labels, of valence, arousal, dominance, in [-1, 1];
- ``multi_label``: whether labels are independent degrees, regressed to 0 or 1, instead of a softmax;

and the facts every run keeps (``recipe``, ``config``, ``data`` with dataset and splits, ``seed``, ``validation``).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from emolens import __version__
from emolens.compute import ComputeConfig, Precision
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.files import write_json, write_text
from emolens.heads.vit import VIT, VitClassifier, VitHead
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.vit import SIZES, ViTBackbone, evaluation_preprocess
from emolens.models.loading.published import load_published
from emolens.models.loading.safetensors_file import WEIGHTS, save_weights
from emolens.models.preprocess import Preprocess
from emolens.runs.run_files import CARD, CONFIG, FORMAT, card
from emolens.taxonomy import LabelSpace


def describe_vit(
    model: Mapping[str, int],
    space: LabelSpace | None,
    targets: tuple[str, ...] = (),
    multi_label: bool = False,
    preprocess: Preprocess | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """The content of ``config.json``.

    Args:
        model: image_size, patch_size, embed_dim, depth, num_heads; further keys are left out.
        space: of the labels; None for regression alone.
        targets: names of the continuous outputs.
        multi_label: see the module.
        preprocess: the evaluation crop; that of MAE for the image size if not given.
        facts: where the model is from.
    """
    return {
        "format": FORMAT,
        "emolens": __version__,
        "kind": VIT,
        "model": {name: int(model[name]) for name in SIZES},
        "preprocess": (preprocess or evaluation_preprocess(int(model["image_size"]))).to_dict(),
        "label_space": None if space is None else space.as_dict(),
        "targets": list(targets),
        "multi_label": multi_label,
        **facts,
    }


def save_vit(run: Path, state: Mapping[str, Tensor], config: dict[str, Any]) -> None:
    """Write weights, model card and, last, ``config.json``.

    Args:
        run: the folder.
        state: of an :class:`emolens.models.vit.EmotionViT`, in its names.
        config: from :func:`describe_vit`.
    """
    space = None if config["label_space"] is None else LabelSpace.from_dict(config["label_space"])
    save_weights(run / WEIGHTS, dict(state))
    write_text(run / CARD, card(f"run:{run.name}", space, config))
    write_json(run / CONFIG, config)


def read_vit(
    directory: Path, config: dict[str, Any], device: str, precision: Precision
) -> tuple[dict[str, Any], ViTBackbone, VitHead]:
    """The encoder and the head of a run folder.

    Raises:
        DataError: a field of the config is missing or malformed.
        WeightsError: the weights are not at hand, damaged, or do not fit the config.
    """
    try:
        space = None if config["label_space"] is None else LabelSpace.from_dict(config["label_space"])
        targets, multi_label = tuple(config["targets"]), bool(config.get("multi_label", False))
        stated = {name: int(config["model"][name]) for name in SIZES}
    except (KeyError, TypeError) as error:
        raise DataError(f"{directory}/config.json: field {error} is missing or malformed; train again") from error
    backbone = load_backbone(f"uniemox:{directory.resolve()}", ComputeConfig(device, precision))
    assert isinstance(backbone, ViTBackbone)
    if backbone.sizes != stated:
        raise WeightsError(f"{directory}: {WEIGHTS} is a ViT of {backbone.sizes}, config.json says {stated}")
    return config, backbone, _head(backbone, space, targets, multi_label, str(directory))


def read_published(
    path: str, space: LabelSpace | None, device: str, precision: Precision
) -> tuple[dict[str, Any], ViTBackbone, VitHead]:
    """A fine-tuned checkpoint as a model. Its file does not name its classes.

    Args:
        path: ``.pth`` or ``.safetensors``.
        space: what its classes are. They are taken in alphabetical order: the release trains on torchvision's
            ImageFolder, which sorts the class folders.

    Raises:
        ConfigError: no label space is given, or the weights are pretrained, without a classifier.
        WeightsError: not at hand, or the number of classes is not that of the space.
    """
    backbone = load_backbone(f"uniemox:{path}", ComputeConfig(device, precision))
    assert isinstance(backbone, ViTBackbone)
    if backbone.classifier is None:
        raise ConfigError(
            f"{path}: is a pretrained encoder without a classifier; train one on it (emolens train probe --backbone "
            f"uniemox:{path}, or emolens train uniemox_finetune), or evaluate knn:uniemox:{path}"
        )
    classes = len(backbone.classifier[1])
    if space is None:
        raise ConfigError(f"{path}: has {classes} classes without names; say --label-space (label_space=) of them")
    if classes != len(space):
        raise WeightsError(f"{path}: has {classes} classes, {space.name} has {len(space)} labels; name another space")
    weight_CD, bias_C = backbone.classifier
    folder_order = sorted(range(classes), key=lambda c: space.labels[c])
    place_C = [folder_order.index(c) for c in range(classes)]
    backbone.classifier = weight_CD[place_C], bias_C[place_C]
    config = describe_vit(backbone.sizes, space, preprocess=backbone.preprocess)
    return config, backbone, _head(backbone, space, (), False, path)


def _head(
    backbone: ViTBackbone, space: LabelSpace | None, targets: tuple[str, ...], multi_label: bool, where: str
) -> VitHead:
    if backbone.classifier is None:
        raise WeightsError(f"{where}: its weights have no head.weight, so it is not a fine-tuned model")
    if not space and not targets:
        raise DataError(f"{where}/config.json: neither a label space nor targets; train again")
    try:
        return VitHead(VitClassifier(*backbone.classifier, targets, multi_label), space)
    except WeightsError as error:
        raise WeightsError(f"{where}: {error}") from error


def vit_state(backbone: ViTBackbone) -> dict[str, Tensor]:
    """Encoder and classifier in the published names, to be saved again: read from where they came, not rounded.

    Raises:
        WeightsError: the file is gone.
    """
    assert backbone.classifier is not None
    stored = load_published(backbone.stored_at)
    state = {name: stored[name] for name in backbone.model.state_dict()}
    weight_CD, bias_C = backbone.classifier
    return state | {"head.weight": weight_CD, "head.bias": bias_C}
