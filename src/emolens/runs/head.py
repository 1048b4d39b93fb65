"""Trained heads on disk and on the Hugging Face hub: config.json, model.safetensors, README.md.

A run folder and a saved model are the same three files, so whatever loads one loads the other.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolens import __version__
from emolens.compute import ComputeConfig, Precision
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.files import write_json, write_text
from emolens.heads.heads import Head, build_head
from emolens.heads.vit import VIT
from emolens.models.backbones.base import Backbone
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.vit import ViTBackbone
from emolens.models.loading.safetensors_file import WEIGHTS, load_weights, save_weights
from emolens.runs.run_files import CARD, CONFIG, FORMAT, PRETRAINED, card, read_config
from emolens.runs.vit import read_vit, save_vit, vit_state
from emolens.specs import portable
from emolens.taxonomy import LabelSpace

if TYPE_CHECKING:
    from emolens.inference.image_predictor import ImagePredictor
    from emolens.inference.predictor import Predictor

SAVED = ("probe", "clip_e_cross_entropy", "clip_e_contrastive", "zeroshot")  # what read_pretrained builds again


def describe(head: Head, backbone: Backbone, targets: tuple[str, ...] = (), **facts: Any) -> dict[str, Any]:
    """The content of ``config.json``: what is needed to rebuild the model, and ``facts`` on where it is from."""
    space = head.space if head.kind == "zeroshot" else head.own_label_space
    return {
        "format": FORMAT,
        "emolens": __version__,
        "kind": head.kind,
        "backbone": {
            "spec": portable(backbone.spec),
            "embed_dim": backbone.embed_dim,
            "precision": backbone.precision,
            "fingerprint": backbone.fingerprint,
        },
        "label_space": None if space is None else space.as_dict(),
        "targets": list(targets),
        **facts,
    }


def save_pretrained(predictor: "ImagePredictor", directory: Path) -> None:
    """Write the three files; ``config.json`` last, since its presence says that the rest is there.

    Raises:
        ConfigError: the model has nothing of its own to save (``mini``).
    """
    if predictor.head.kind == "mini":
        raise ConfigError(f"{predictor.name} comes with emolens and has no weights to save; name it instead")
    if isinstance(predictor.backbone, ViTBackbone) and predictor.head.kind == VIT:
        save_vit(directory, vit_state(predictor.backbone), predictor.config)
        return
    if predictor.head.kind not in SAVED:
        raise ConfigError(f"{predictor.name} keeps no weights of its own to save")
    config = predictor.config or describe(predictor.head, predictor.backbone)  # zero-shot: from no training
    tensors = predictor.head.module.state_dict() if predictor.head.module is not None else {}
    save_weights(directory / WEIGHTS, tensors)
    write_text(directory / CARD, card(predictor.name, predictor.head.own_label_space, config))
    write_json(directory / CONFIG, config)


def read_pretrained(
    directory: Path, device: str = "auto", precision: Precision = "auto"
) -> tuple[dict[str, Any], Backbone, Head]:
    """Read a run folder or saved model.

    Raises:
        DataError: not such a folder, or one whose training has not finished.
        ConfigError: a pretrained encoder, without a head.
        WeightsError: the weights do not fit, or the backbone's are not those of the training.
    """
    config = read_config(directory)
    try:
        if config["kind"] == VIT:
            return read_vit(directory, config, device, precision)
        if config["kind"] == PRETRAINED:
            raise ConfigError(
                f"{directory}: is a pretrained encoder, which judges nothing yet; train a head on it (emolens train "
                f"uniemox_finetune --encoder {directory}, or probe --backbone uniemox:{directory}), or evaluate "
                f"knn:uniemox:{directory}"
            )
        stored, kind, embed_dim = config["backbone"], config["kind"], config["backbone"]["embed_dim"]
        space = None if config["label_space"] is None else LabelSpace.from_dict(config["label_space"])
        targets = tuple(config["targets"])
        spec, trained_precision, fingerprint = stored["spec"], stored["precision"], stored["fingerprint"]
    except (KeyError, TypeError) as error:
        raise DataError(f"{directory / CONFIG}: field {error} is missing or malformed; train again") from error
    backbone = load_backbone(spec, ComputeConfig(device, precision))
    if backbone.embed_dim != embed_dim:
        raise WeightsError(
            f"{directory}: was trained on embeddings of width {embed_dim}, {spec} gives {backbone.embed_dim}"
        )
    # In another precision the rounded weights, and so their fingerprint, are others.
    if backbone.precision == trained_precision and backbone.fingerprint != fingerprint:
        raise WeightsError(f"{directory}: the weights of {spec} are not those it was trained on; bring those back")
    head = build_head(kind, embed_dim, space, targets, backbone)
    if head.module is not None:
        load_weights(directory / WEIGHTS, head.module)
    return config, backbone, head


def push_to_hub(predictor: "Predictor", repository: str, private: bool = False, token: str | None = None) -> str:
    """Upload the three files to USER/REPO on the Hugging Face hub and return its address.

    Raises:
        DataError: the hub refused or could not be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with tempfile.TemporaryDirectory() as folder:
        predictor.save_pretrained(folder)
        try:
            address = api.create_repo(repository, private=private, exist_ok=True)
            api.upload_folder(repo_id=repository, folder_path=folder, commit_message=f"emolens {__version__}")
        except Exception as error:  # no network, no right, no space: the client has a class of its own for each
            raise DataError(f"hub:{repository}: could not be uploaded ({error}); is `hf auth login` done?") from error
    return str(address)


def from_hub(repository: str) -> Path:
    """Fetch USER/REPO (or find it in the local cache) and return its folder.

    Raises:
        WeightsError: neither on the hub nor in the cache.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(repository, allow_patterns=[CONFIG, WEIGHTS, CARD]))
    except HFValidationError as error:
        raise ConfigError(f"hub:{repository}: is no repository name; write hub:USER/REPO") from error
    except Exception as error:  # as above
        raise WeightsError(
            f"hub:{repository}: cannot be fetched and is not in the local cache; copy its files into a folder and "
            f"load run:FOLDER ({type(error).__name__})"
        ) from error
