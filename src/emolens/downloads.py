"""Published weights, fetched once."""

import sys
from pathlib import Path

from emolens.errors import WeightsError


def download(url: str, path: Path, what: str, instead: str, sha256: str | None = None) -> None:
    """Fetch a file; it lies at ``path`` whole and of the right content, or not at all.

    Args:
        url: its address.
        path: where to; folders are made, a file that is there is replaced.
        what: what the message calls it.
        instead: how to do without, for the message, after "or".
        sha256: hexadecimal, or the first digits of it; None is not checked.

    Raises:
        WeightsError: no network, a full disk, other bytes; says where the file can be had and where it may be put.
    """
    import torch.hub

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), sha256, progress=sys.stderr.isatty())
    except Exception as error:  # no network, a proxy, a full disk, another hash: each has its own class
        raise WeightsError(
            f"{what} cannot be fetched ({error}).\nFetch {url} where there is a network, and put it at {path} or "
            f"{instead}"
        ) from error
