import numpy as np
import pytest

from emolens.media.tone_map import tone_map


def pq(nits):
    """ITU-R BT.2100-2, table 4: the inverse of the EOTF."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    y = (nits / 10000) ** m1
    return ((c1 + c2 * y) / (1 + c3 * y)) ** m2


def grey(signal):
    return np.full((1, 1, 3), round(signal * 65535), dtype=np.uint16)


def srgb(linear):
    return 255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("nits", [0.0, 1.0, 10.0, 50.0, 100.0])
def test_what_is_darker_than_the_knee_looks_as_in_an_ordinary_video(nits):
    assert np.abs(tone_map(grey(pq(nits)), "pq").astype(float) - srgb(nits / 203)).max() < 1.1


def test_white_keeps_room_for_highlights_and_the_peak_is_white():
    white, peak, beyond = (int(tone_map(grey(pq(nits)), "pq")[0, 0, 1]) for nits in (203, 1000, 10000))
    assert abs(white - srgb(0.75)) < 2
    assert peak >= 254
    assert beyond == 255


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_grey_stays_grey_and_brighter_stays_brighter(transfer):
    ramp = np.linspace(0, 65535, 200).round().astype(np.uint16)[None, :, None].repeat(3, 2)
    shown = tone_map(ramp, transfer).astype(int)
    assert np.abs(shown - shown[..., :1]).max() <= 1
    assert (np.diff(shown[0, :, 1]) >= 0).all()
    assert shown[0, 0, 0] == 0
    assert shown[0, -1, 0] == 255


def test_hlg_reference_white_is_where_the_standard_puts_it():
    # ITU-R BT.2408-7, table 1: diffuse white is 75% HLG and 58% PQ, both 203 cd/m2.
    assert np.abs(tone_map(grey(0.75), "hlg").astype(int) - tone_map(grey(0.58), "pq")).max() <= 2


def test_a_colour_keeps_its_hue():
    red = tone_map(np.array([[[40000, 15000, 15000]]], dtype=np.uint16), "pq")[0, 0]
    assert red[0] > red[1]
    assert red[0] > red[2]
