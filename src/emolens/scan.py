"""Files that register what is in them are found by looking into their folder."""

import importlib
import pkgutil
from functools import cache


@cache
def import_folder(package: str) -> None:
    """Import every file of a package, once in a process; packages inside it are left alone.

    Args:
        package: its full name, such as ``emolens.models.backbones``.
    """
    folder = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__):
        if not module.ispkg:
            importlib.import_module(f"{package}.{module.name}")
