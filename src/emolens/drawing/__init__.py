"""Everything that draws: predictions, pictures and videos in; PNG files and videos out."""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.drawing.labels import draw_labels as draw_labels
    from emolens.drawing.picture import draw_picture as draw_picture
    from emolens.drawing.plane import draw_plane as draw_plane
    from emolens.drawing.plots import write_plots as write_plots
    from emolens.drawing.reconstruction import draw_reconstruction as draw_reconstruction
    from emolens.drawing.render import render_all as render_all
    from emolens.drawing.render import render_targets as render_targets
    from emolens.drawing.timeline import draw_timeline as draw_timeline

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "draw_labels": "emolens.drawing.labels",
        "draw_picture": "emolens.drawing.picture",
        "draw_plane": "emolens.drawing.plane",
        "draw_reconstruction": "emolens.drawing.reconstruction",
        "draw_timeline": "emolens.drawing.timeline",
        "render_all": "emolens.drawing.render",
        "render_targets": "emolens.drawing.render",
        "write_plots": "emolens.drawing.plots",
    },
)
