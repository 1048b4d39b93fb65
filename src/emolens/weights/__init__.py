"""Published weights by name: in goes a name; out come its facts (licence, address, digest), or its file, fetched once.

The facts are TOML, one file a family, and the only place of each: the detector of persons and the recipes read them
here. No torch.
"""

from typing import TYPE_CHECKING

from emolens.lazy import attach

if TYPE_CHECKING:
    from emolens.weights.entry import WeightsEntry as WeightsEntry
    from emolens.weights.fetch import fetch_weights as fetch_weights
    from emolens.weights.fetch import weights_file as weights_file
    from emolens.weights.table import list_weights as list_weights
    from emolens.weights.table import weights_entry as weights_entry

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "WeightsEntry": "emolens.weights.entry",
        "fetch_weights": "emolens.weights.fetch",
        "list_weights": "emolens.weights.table",
        "weights_entry": "emolens.weights.table",
        "weights_file": "emolens.weights.fetch",
    },
)
