"""Colour of the whole picture, as affective image analysis describes it.

Legend: H, W height and width of the resized picture.
"""

import numpy as np
from numpy.typing import NDArray

from emolens.models.affective.planes import GREY_CHROMA, Plane, Planes, grid_means

HUE_BINS = 12  # Itten's wheel has twelve hues
EPSILON = 1e-6

# Names by hue (degrees, HSV) for what is saturated enough to have one: the basic colour terms of Berlin & Kay
# (1969), which Machajdik & Hanbury count after van de Weijer et al. (2007); fixed limits here instead of a
# learnt table.
_HUE_LIMITS = np.radians([15, 45, 70, 160, 200, 255, 290, 345])
_HUE_NAMES = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")


def colour_features(planes: Planes) -> dict[str, float]:
    """Statistics of colour, by name.

    Sources: brightness and saturation statistics, hue as a circular variable, colour names, Itten's contrasts
    (Machajdik & Hanbury 2010); pleasure = 0.69 Y + 0.22 S, arousal = -0.31 Y + 0.60 S, dominance = 0.76 Y +
    0.32 S (Valdez & Mehrabian 1994, here with the luma of BT.601); colourfulness (Hasler & Suesstrunk 2003,
    M3); skin by limits of Cb and Cr (Chai & Ngan 1999), the nearest thing here to Machajdik & Hanbury's faces
    and skin.
    """
    found = _statistics(planes)
    found.update(_hue(planes))
    found.update(_contrasts(planes))
    found.update(_names(planes))
    found.update(_skin(planes))
    return found


def _statistics(planes: Planes) -> dict[str, float]:
    found: dict[str, float] = {}
    statistics = {
        "saturation": planes.saturation_HW,
        "brightness": planes.value_HW,
        "lightness": planes.light_HW,
        "a": planes.a_HW,
        "b": planes.b_HW,
        "chroma": planes.chroma_HW,
    }
    for name, plane_HW in statistics.items():
        mean, deviation = float(plane_HW.mean()), float(plane_HW.std())
        found[f"{name}_mean"] = mean
        found[f"{name}_sd"] = deviation
        centred_HW = (plane_HW - mean) / (deviation + 1e-3)
        found[f"{name}_skew"] = float((centred_HW * centred_HW * centred_HW).mean())
    luma, saturation = float(planes.luma_cb_cr_HWC[..., 0].mean()) / 255, found["saturation_mean"]
    found["pleasure"] = 0.69 * luma + 0.22 * saturation
    found["arousal"] = -0.31 * luma + 0.60 * saturation
    found["dominance"] = 0.76 * luma + 0.32 * saturation
    red, green, blue = (planes.rgb_HWC[..., c] for c in range(3))
    red_green, yellow_blue = red - green, 0.5 * (red + green) - blue
    spread = float(np.hypot(red_green.std(), yellow_blue.std()))
    found["colourfulness"] = spread + 0.3 * float(np.hypot(red_green.mean(), yellow_blue.mean()))
    for percent, value in zip((5, 25, 50, 75, 95), _percentiles(planes.light_HW, (5, 25, 50, 75, 95)), strict=True):
        found[f"lightness_p{percent:02d}"] = value
    found.update(_histogram("lightness_share", planes.light_HW, 0, 100, 8))
    found.update(_histogram("chroma_share", planes.chroma_HW, 0, 80, 6))
    found.update(_histogram("saturation_share", planes.saturation_HW, 0, 1, 6))
    return found


def _percentiles(plane_HW: Plane, percents: tuple[int, ...]) -> list[float]:
    ordered = np.sort(plane_HW, axis=None)
    return [float(ordered[min(len(ordered) - 1, p * len(ordered) // 100)]) for p in percents]


def _histogram(name: str, plane_HW: Plane, low: float, high: float, bins: int) -> dict[str, float]:
    index_HW = ((plane_HW - low) * (bins / (high - low))).astype(np.int64).clip(0, bins - 1)
    share = np.bincount(index_HW.ravel(), minlength=bins) / plane_HW.size
    return {f"{name}_{i}": float(v) for i, v in enumerate(share)}


def _hue(planes: Planes) -> dict[str, float]:
    """Hue weighted by chroma: the colour of a nearly grey pixel is noise (Hanbury 2003, circular statistics of hue)."""
    weight_HW = np.maximum(planes.chroma_HW - GREY_CHROMA, 0)
    total = float(weight_HW.sum()) + EPSILON
    found: dict[str, float] = {}
    for name, weights_HW in (("hue", weight_HW), ("hue_unweighted", np.ones_like(weight_HW))):
        amount = float(weights_HW.sum()) + EPSILON
        cosine = float((np.cos(planes.hue_HW) * weights_HW).sum()) / amount
        sine = float((np.sin(planes.hue_HW) * weights_HW).sum()) / amount
        found[f"{name}_cos"], found[f"{name}_sin"] = cosine, sine
        found[f"{name}_concentration"] = float(np.hypot(cosine, sine))
    bin_HW = (planes.hue_HW * (HUE_BINS / (2 * np.pi))).astype(np.int64).clip(0, HUE_BINS - 1)
    share = np.bincount(bin_HW.ravel(), weights=weight_HW.ravel(), minlength=HUE_BINS) / total
    coloured_HW = weight_HW > 0
    share_of_all = np.bincount(bin_HW[coloured_HW], minlength=HUE_BINS) / bin_HW.size
    found.update({f"hue_share_{i:02d}": float(v) for i, v in enumerate(share)})
    found["hue_count"] = float((share_of_all > 0.05).sum())  # hues that cover over a twentieth of the picture
    found["hue_entropy"] = float(-(share * np.log(share + EPSILON)).sum())
    opposite = np.roll(share, HUE_BINS // 2)
    found["complementary_contrast"] = float(np.sqrt(share * opposite).sum())
    return found


def _contrasts(planes: Planes) -> dict[str, float]:
    """Itten's contrasts between the regions of a 8 x 8 grid (a regular grid stands for the paper's segmentation)."""
    light, chroma = grid_means(planes.light_HW, 8, 8), grid_means(planes.chroma_HW, 8, 8)
    a, b = grid_means(planes.a_HW, 8, 8), grid_means(planes.b_HW, 8, 8)
    warm_HW = planes.a_HW * np.float32(0.5) + planes.b_HW * np.float32(0.866)  # towards orange: 60 degrees
    warm = grid_means(warm_HW, 8, 8)
    return {
        "contrast_light_dark": float(light.std()),
        "contrast_saturation": float(chroma.std()),
        "contrast_hue": float(np.hypot(a.std(), b.std())),
        "contrast_warm_cold": float(warm.std()),
        "warmth": float(warm.mean()),
        "warm_share": float((warm_HW > GREY_CHROMA).mean()),
        "cold_share": float((warm_HW < -GREY_CHROMA).mean()),
        "contrast_extension": float(np.ptp(light)),
    }


def _names(planes: Planes) -> dict[str, float]:
    hue_HW, lightness_HW = planes.hue_HW, planes.light_HW
    coloured_HW = planes.chroma_HW > GREY_CHROMA
    dark_HW = lightness_HW < 15
    grey_HW = ~coloured_HW & ~dark_HW
    index_HW = np.searchsorted(_HUE_LIMITS, hue_HW) % len(_HUE_NAMES)  # past the last limit it is red again
    brown_HW = coloured_HW & (index_HW <= 2) & (lightness_HW < 45) & ~dark_HW
    named_HW = coloured_HW & ~brown_HW & ~dark_HW
    counts = np.bincount(index_HW[named_HW], minlength=len(_HUE_NAMES)) / hue_HW.size
    found = {f"colour_{name}": float(v) for name, v in zip(_HUE_NAMES, counts, strict=True)}
    found["colour_brown"] = float(brown_HW.mean())
    found["colour_black"] = float(dark_HW.mean())
    found["colour_white"] = float((grey_HW & (lightness_HW > 85)).mean())
    found["colour_grey"] = float((grey_HW & (lightness_HW <= 85)).mean())
    return found


def _skin(planes: Planes) -> dict[str, float]:
    cb_HW, cr_HW = planes.luma_cb_cr_HWC[..., 1], planes.luma_cb_cr_HWC[..., 2]
    skin_HW: NDArray[np.bool_] = (cb_HW >= 77) & (cb_HW <= 127) & (cr_HW >= 133) & (cr_HW <= 173)
    cells = grid_means(skin_HW.astype(np.float32), 3, 3)
    across = np.abs(np.diff(planes.light_HW, axis=1, append=planes.light_HW[:, -1:]))
    smooth_HW = skin_HW & (across < 4)  # wood and sand share the colour of skin, not its smoothness
    return {
        "skin_share": float(skin_HW.mean()),
        "skin_centre": float(cells[1, 1]),
        "skin_upper_centre": float(cells[:2, 1].mean()),
        "skin_smooth": float(smooth_HW.mean()),
    }
