"""Published weights of MAE and UniEmoX, by their own names, into our models.

Legend: L tokens, D width.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from emolens.errors import WeightsError
from emolens.models.loading.weights import State, read_state_dict
from emolens.models.mae import MaskedAutoencoder
from emolens.models.vit import EmotionViT
from emolens.models.vit_blocks import interpolate_position_embedding
from emolens.progress import notice

POSITIONS = ("pos_embed", "decoder_pos_embed")
SHOWN = 6  # lines of an error message


@dataclass(frozen=True)
class LoadReport:
    """What became of the tensors of a file.

    Attributes:
        source: where they came from.
        loaded: names that were copied.
        missing: names of the model that the file has not; they keep their fresh values.
        unexpected: names of the file that the model has not, such as the decoder of a pretraining file.
        dropped: names whose shape was another: a head of other classes.
        interpolated: position embeddings that were made for another number of patches.
    """

    source: str
    loaded: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    interpolated: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line, by parts: ``decoder`` for all of its tensors."""
        facts = (
            ("positions interpolated", self.interpolated),
            ("new: " + _parts(self.missing), self.missing),
            ("not used: " + _parts(self.unexpected), self.unexpected),
            ("left out, of another shape: " + _parts(self.dropped), self.dropped),
        )
        told = [f"{len(self.loaded)} tensors loaded", *(text for text, names in facts if names)]
        return f"{self.source}: {'; '.join(told)}"


def load_published(path: str | Path) -> State:
    """The tensors of a published file by name, from ``model`` or the top level.

    ``.pth`` is read with ``weights_only=True``; beside tensors, only the ``argparse.Namespace`` that MAE's training
    saves with them is let through, which holds options and runs nothing.

    Raises:
        WeightsError: missing, damaged, of another kind, or with values that are not finite.
    """
    with torch.serialization.safe_globals([argparse.Namespace]):
        state = read_state_dict(path)
    broken = [name for name, value in state.items() if value.is_floating_point() and not value.isfinite().all()]
    if broken:
        raise WeightsError(f"{path}: values that are not finite in {_some(broken)}; the file is damaged")
    return state


def load_into_vit(model: EmotionViT, state: State, source: str, show: bool = True) -> LoadReport:
    """Load a pretrained encoder, or a fine-tuned model, in place.

    Every tensor of the encoder must be there. ``fc_norm`` and ``head`` may be missing, as in pretraining files, and a
    head of other classes is dropped.

    Args:
        state: by published names, as :func:`load_published` gives.
        source: what messages call it, usually its path.
        show: print what was loaded, missing and unexpected to standard error.

    Raises:
        WeightsError: weights of another architecture; the model is left as it was.
    """
    return _load(model, state, source, show, optional=(("fc_norm.",), ("head.",)), droppable="head.")


def load_into_mae(model: MaskedAutoencoder, state: State, source: str, show: bool = True) -> LoadReport:
    """Load a pretraining file in place, whole or, as often published, without its decoder.

    Also takes a fine-tuned file, whose ``norm`` is missing. The decoder, and the fusion of a
    :class:`~emolens.models.uniemox.UniEmoX`, must be there whole or not at all. Arguments and error as for
    :func:`load_into_vit`.
    """
    return _load(model, state, source, show, optional=(("norm.",), ("decoder_", "mask_token"), ("fusion.",)))


def _load(
    model: nn.Module,
    state: State,
    source: str,
    show: bool,
    optional: tuple[tuple[str, ...], ...],
    droppable: str | None = None,
) -> LoadReport:
    """``optional``: groups, by the beginnings of their names, of which a file may hold all or nothing."""
    own = model.state_dict()
    given, interpolated = _fitted_positions(state, own, source)
    dropped = [
        name
        for name in given
        if droppable and name.startswith(droppable) and name in own and given[name].shape != own[name].shape
    ]
    if dropped:  # a bias of the right length beside a weight of another width is no head either
        dropped = [name for name in given if droppable and name.startswith(droppable)]
        given = {name: value for name, value in given.items() if name not in dropped}
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own and name not in dropped]
    absent = [group for group in optional if not any(name.startswith(group) for name in given)]
    excused = tuple(start for group in absent for start in group)

    problems = [f"{name} is missing" for name in missing if not name.startswith(excused)]
    problems += [
        f"{name} is {list(value.shape)}, not {list(own[name].shape)}"
        for name, value in given.items()
        if name in own and value.shape != own[name].shape
    ]
    own_parts = {name.split(".")[0] for name in own} - {"norm"}
    # A block or bias more than the model has: another depth or kind. Whole parts it has not are just not used.
    problems += [f"{name} has no place" for name in unexpected if name.split(".")[0] in own_parts]
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise WeightsError(f"{source}: weights of another architecture: {'; '.join(problems[:SHOWN])}{more}")

    used = {name: value for name, value in given.items() if name in own}
    model.load_state_dict(used, strict=False)
    report = LoadReport(source, *(tuple(names) for names in (used, missing, unexpected, dropped, interpolated)))
    if show:
        notice(str(report))
    return report


def _fitted_positions(state: State, own: State, source: str) -> tuple[State, list[str]]:
    """The state with its position embeddings brought to the model's number of patches, and which ones were."""
    given, interpolated = dict(state), []
    for name in POSITIONS:
        if name not in given or name not in own or given[name].shape == own[name].shape:
            continue
        if given[name].ndim == 3 and given[name].shape[-1] != own[name].shape[-1]:
            continue  # another width: reported with the other misfits
        grid = round((own[name].shape[1] - 1) ** 0.5)
        try:
            given[name] = interpolate_position_embedding(given[name], grid)
        except ValueError as error:
            raise WeightsError(f"{source}: weights of another architecture: {name}: {error}") from error
        interpolated.append(name)
    return given, interpolated


def _parts(names: Iterable[str]) -> str:
    """``decoder_norm.bias, mask_token, head.weight, head.bias`` -> ``decoder, head``."""
    starts = (name.split(".")[0] for name in names)
    return ", ".join(dict.fromkeys("decoder" if s.startswith(("decoder_", "mask_token")) else s for s in starts))


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
