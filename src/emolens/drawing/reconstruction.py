"""What a masked autoencoder makes of a picture that it sees little of.

Legend: C channels, H, W height and width of the model's input, L patches, P values of a patch.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emolens.drawing.style import FAINT, new_figure, save_figure, write
from emolens.media.image import read_image
from emolens.models.mae import MaskedAutoencoder
from emolens.models.preprocess import Preprocess

PANEL = 336  # px, each of the three pictures
GAP = 18  # px
CAPTION = 58  # px
HIDDEN = 0.84  # grey of a patch that is hidden


@dataclass(frozen=True)
class Reconstruction:
    """One picture, three times; uint8 RGB, shape (H, W, 3).

    Attributes:
        original: what the model would see with nothing hidden.
        masked: what it sees, the rest grey.
        drawn: what it sees, the rest as it draws it.
        error: mean squared error over the hidden patches, of values as they are normalised for the model.
    """

    original: NDArray[np.uint8]
    masked: NDArray[np.uint8]
    drawn: NDArray[np.uint8]
    error: float


@torch.inference_mode()
def reconstruct(
    model: MaskedAutoencoder, preprocess: Preprocess, image_HWC: NDArray[np.uint8], mask_ratio: float, noise_L: Tensor
) -> Reconstruction:
    """Hide, encode, draw.

    A patch that is seen is shown as it is: no loss teaches the decoder to draw it. A model that learned to draw patches
    normalised by their own mean and deviation is given back those of the original; it never draws them itself.

    Args:
        model: in evaluation mode, on the CPU.
        preprocess: of its pictures.
        image_HWC: uint8 RGB, of any size.
        mask_ratio: share of hidden patches, in [0, 1).
        noise_L: (L,) in [0, 1); the smallest are seen.

    Raises:
        ConfigError: a ratio that leaves nothing to see.
    """
    input_1CHW = preprocess(image_HWC)[None]
    output = model(input_1CHW, mask_ratio, noise_L[None])
    patch_1LP, drawn_1LP = model.patchify(input_1CHW), output.prediction
    if model.norm_pixel_loss:
        mean, variance = patch_1LP.mean(-1, keepdim=True), patch_1LP.var(-1, keepdim=True)
        drawn_1LP = drawn_1LP * (variance + 1e-6).sqrt() + mean
    hidden_1L1 = output.mask[..., None].bool()
    colour_C11 = [torch.tensor(values).view(3, 1, 1) for values in (preprocess.std, preprocess.mean)]

    def picture(patches: Tensor) -> Tensor:
        return model.unpatchify(patches)[0] * colour_C11[0] + colour_C11[1]

    original_CHW = picture(patch_1LP)
    hidden_CHW = model.unpatchify(hidden_1L1.expand_as(patch_1LP))[0]
    return Reconstruction(
        original=_bytes(original_CHW),
        masked=_bytes(torch.where(hidden_CHW, HIDDEN, original_CHW)),
        drawn=_bytes(picture(torch.where(hidden_1L1, drawn_1LP, patch_1LP))),
        error=float(output.loss),
    )


def draw_reconstruction(
    source: str | Path,
    model: MaskedAutoencoder,
    preprocess: Preprocess,
    path: Path,
    mask_ratio: float = 0.75,
    seed: int = 0,
) -> Reconstruction:
    """Original, masked and reconstruction of a file side by side in one PNG.

    Args:
        source: the picture.
        model, preprocess: see :func:`reconstruct`.
        path: of the PNG.
        mask_ratio: share of hidden patches.
        seed: which ones; the same for every picture, so that rows of pictures compare.

    Raises:
        MediaError: the picture cannot be read.
        DataError: the PNG cannot be written.
    """
    image_HWC = read_image(source, min_side=preprocess.min_side)
    patches = model.patch_embed.num_patches
    noise_L = torch.rand(patches, generator=torch.Generator().manual_seed(seed))
    found = reconstruct(model, preprocess, image_HWC, mask_ratio, noise_L)
    width, height = 3 * PANEL + 4 * GAP, PANEL + GAP + CAPTION
    figure = new_figure(width, height)
    seen = model.visible_patches(mask_ratio)
    captions = (
        ("original", f"{Path(source).name[:44]}"),
        ("masked", f"{seen} of {patches} patches seen"),
        ("reconstruction", f"of hidden patches; squared error {found.error:.3f}"),
    )
    pictures = found.original, found.masked, found.drawn
    for place, (pixels, (title, detail)) in enumerate(zip(pictures, captions, strict=True)):
        left = GAP + place * (PANEL + GAP)
        axes = figure.add_axes((left / width, CAPTION / height, PANEL / width, PANEL / height))
        axes.imshow(pixels, interpolation="nearest")
        axes.set_axis_off()
        write(figure, left / width, 40 / height, title, 9, va="center", fontweight="bold")
        write(figure, left / width, 18 / height, detail, 7, color=FAINT, va="center")
    save_figure(figure, path)
    return found


def _bytes(image_CHW: Tensor) -> NDArray[np.uint8]:
    pixel_HWC: NDArray[np.uint8] = (image_CHW.permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return pixel_HWC
