"""A Swin Transformer of pictures made into one of videos (Video Swin Transformer, arXiv 2106.13230, section 3.3).

Legend: T frames of a patch, d, h, w a window's sides, N heads.
"""

from collections.abc import Mapping

from torch import Tensor

from emolens.models.loading.weights import State


def inflate_swin(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> State:
    """Tensors of a 2-D Swin, by the names and in the shapes of torchvision's 3-D one.

    The kernel of the patch embedding is repeated over the T frames of a patch and divided by T, the table of relative
    position biases is repeated for each of the 2d - 1 offsets in time; all else is taken as it is. On a video whose
    frames are all alike the inflated network gives what the 2-D one gives on the frame.

    Args:
        state: by the names of torchvision (``swin_t``), timm or Microsoft. A name that is not understood stays as it
            is, for the loader to complain about.
        own: the 3-D network's tensors, for their shapes and its index of relative positions. A classifier in ``state``
            is left out.
    """
    timm = "patch_embed.proj.weight" in state
    # timm has moved the patch merging from the end of a stage to the beginning of the next
    late = any(name.startswith("layers.0.downsample.") for name in state)
    found: State = {name: value for name, value in own.items() if name.endswith(".relative_position_index")}
    for name, value in state.items():
        new = _from_timm(name, late) if timm else _from_torchvision(name)
        if new.startswith("head.") or new.endswith((".relative_position_index", ".attn_mask")):
            continue
        if new == "patch_embed.proj.weight" and value.ndim == 4 and new in own:
            frames = own[new].shape[2]
            value = value[:, :, None].repeat(1, 1, frames, 1, 1) / frames
        elif new.endswith(".relative_position_bias_table") and new in own:
            value = value.repeat(max(1, len(own[new]) // len(value)), 1)
        found[new] = value
    return found


def _from_torchvision(name: str) -> str:
    parts = name.split(".")
    if parts[0] != "features" or len(parts) < 3:
        return name
    if parts[1] == "0":  # a convolution, a permutation, a norm
        return ".".join(["patch_embed", {"0": "proj", "2": "norm"}.get(parts[2], parts[2]), *parts[3:]])
    return ".".join(["features", str(int(parts[1]) - 1), *parts[2:]])


def _from_timm(name: str, late: bool) -> str:
    parts = name.split(".")
    if parts[0] != "layers" or len(parts) < 4:
        return name
    stage = int(parts[1])
    if parts[2] == "downsample":
        return ".".join(["features", str(2 * stage + (1 if late else -1)), *parts[3:]])
    rest = ".".join(parts[3:]).replace("mlp.fc1", "mlp.0").replace("mlp.fc2", "mlp.3")
    return f"features.{2 * stage}.{rest}"
