"""What a reader needs to run the numbers again."""

import platform
from importlib.metadata import PackageNotFoundError, version

PARTS = (
    *("emolens", "torch", "torchvision", "open_clip_torch", "timm", "av"),
    *("numpy", "pandas", "scikit-learn", "pillow"),
)


def versions() -> dict[str, str]:
    """Name -> version of Python and of each installed package that numbers depend on."""
    found = {"python": platform.python_version()}
    for part in PARTS:
        try:
            found[part] = version(part)
        except PackageNotFoundError:
            continue
    return found
