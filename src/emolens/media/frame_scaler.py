"""A decoded frame -> an upright RGB array of the wanted size.

Legend: H height, W width, C colours.
"""

from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emolens.media.tone_map import tone_map

if TYPE_CHECKING:
    from av.filter.graph import Graph
    from av.video.frame import VideoFrame

Size: TypeAlias = tuple[int, int] | int | None  # (height, width); the side of a centred square; as it is

HDR: dict[int, Literal["pq", "hlg"]] = {16: "pq", 18: "hlg"}  # ITU-T H.273, transfer characteristics
BT2020 = 9  # H.273, matrix coefficients


class FrameScaler:
    """Scales frames as they come from the decoder, so that only small pictures are ever kept.

    The picture is as a player shows it: square pixels (by ``aspect``), turned by the rotation that the camera noted,
    limited or full range by the stream's own mark, HDR by :func:`emolens.media.tone_map.tone_map`, transparency on
    white as in :func:`emolens.media.image.read_image`. Of interlaced frames the top field is taken: half the lines,
    but of one moment, without combs. Colours of an unmarked stream are read as BT.601, as FFmpeg's tools do.

    Scaling is bilinear over all the pixels that fall into one (swscale's, equal to Pillow's within 2 levels of 255).
    """

    def __init__(self, size: Size, aspect: Fraction | None = None) -> None:
        """
        Args:
            size: (height, width) exactly; a number for a square of that side, cut from the middle after the shorter
                side was scaled to it; None for the size of the first frame.
            aspect: width of a pixel divided by its height.
        """
        from av.video.reformatter import VideoReformatter

        self.size = size
        self.aspect = float(aspect) if aspect and aspect > 0 else 1.0
        self._reformatter = VideoReformatter()
        self._field: tuple[tuple[int, int, str], Graph] | None = None

    def __call__(self, frame: "VideoFrame") -> NDArray[np.uint8]:
        """Scale one frame.

        Returns:
            uint8 RGB, shape (H, W, 3), C-contiguous.
        """
        turns = round(frame.rotation / 90) % 4  # counter-clockwise
        width, height = max(1, round(frame.width * self.aspect)), frame.height
        if self.size is None:
            self.size = (width, height) if turns % 2 else (height, width)
        if isinstance(self.size, int):
            scale = self.size / min(width, height)
            width, height = max(self.size, round(width * scale)), max(self.size, round(height * scale))
        else:
            height, width = reversed(self.size) if turns % 2 else self.size
        image_HWC = self._rgb(self._one_field(frame) if frame.interlaced_frame else frame, width, height)
        if isinstance(self.size, int):
            top, left = (height - self.size) // 2, (width - self.size) // 2
            image_HWC = image_HWC[top : top + self.size, left : left + self.size]
        return np.ascontiguousarray(np.rot90(image_HWC, turns))

    def _rgb(self, frame: "VideoFrame", width: int, height: int) -> NDArray[np.uint8]:
        transfer = HDR.get(frame.color_trc)
        if transfer:
            space = BT2020 if not frame.format.is_rgb else None
            deep = self._reformatter.reformat(
                frame, width, height, "rgb48le", src_colorspace=space, interpolation="BILINEAR", threads=1
            )
            return tone_map(deep.to_ndarray().astype(np.uint16, copy=False), transfer)
        if any(component.is_alpha for component in frame.format.components):
            rgba = self._reformatter.reformat(frame, width, height, "rgba", interpolation="BILINEAR", threads=1)
            rgba_HWC = rgba.to_ndarray().astype(np.uint32)
            alpha_HW1 = rgba_HWC[..., 3:]
            return ((rgba_HWC[..., :3] * alpha_HW1 + 255 * (255 - alpha_HW1) + 127) // 255).astype(np.uint8)
        # Scaling to planes and interleaving them after is a third cheaper than scaling to RGB triples.
        layout = "rgb24" if (width, height) == (frame.width, frame.height) else "gbrp"
        rgb = self._reformatter.reformat(frame, width, height, layout, interpolation="BILINEAR", threads=1)
        return rgb.to_ndarray().astype(np.uint8, copy=False)

    def _one_field(self, frame: "VideoFrame") -> "VideoFrame":
        """The top field of an interlaced frame, of half the height."""
        from av.filter.graph import Graph

        kind = (frame.width, frame.height, frame.format.name)
        if self._field is None or self._field[0] != kind:
            graph = Graph()
            source = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 25),
            )
            graph.link_nodes(source, graph.add("field", "type=top"), graph.add("buffersink")).configure()
            self._field = kind, graph
        self._field[1].vpush(frame)
        return self._field[1].vpull()
