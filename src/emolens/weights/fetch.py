"""A published checkpoint as a file on this machine."""

from pathlib import Path

from emolens.downloads import download, has_digest
from emolens.errors import WeightsError
from emolens.names import did_you_mean
from emolens.specs import is_path
from emolens.weights.hub import hub_file
from emolens.weights.table import weights_entry, weights_table


def weights_file(name_or_path: str | Path) -> Path:
    """A local file of weights, by the path of a file or by the name of published weights.

    A file that exists counts before a name. Weights that are not on this machine are fetched once; a digest that is
    known is compared each time.

    Raises:
        WeightsError: neither such a file nor such a name, or the weights cannot be had here; says how to get them.
    """
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return path
    if str(name_or_path) in weights_table():
        return fetch_weights(str(name_or_path))
    known = "" if is_path(str(name_or_path)) else f"{did_you_mean(str(name_or_path), weights_table())} "
    raise WeightsError(
        f"{name_or_path}: no such weights file; {known}give a path, or a name that emolens weights list shows"
    )


def fetch_weights(name: str) -> Path:
    """The file of published weights: from this machine, else fetched, whole and of the right content.

    Raises:
        ConfigError: there are none of that name.
        WeightsError: they cannot be fetched; says by whom and where they are to be put.
    """
    entry = weights_entry(name)
    found = entry.local()
    if found is not None and (entry.digest is None or has_digest(found, entry.digest)):
        return found
    if entry.hub is not None:
        return hub_file(entry.hub, (entry.file, *entry.also), "in place of the name")
    if entry.url is None:
        damaged = "" if found is None else f"{found} has another content than published ({entry.digest}). "
        raise WeightsError(
            f"weights {name} must be fetched by a person. {damaged}{entry.by_hand}\nPut the file at {entry.path}, or "
            "give its path instead of the name"
        )
    download(entry.url, entry.path, f"weights {name}", "give another copy's path instead", entry.digest, entry.size)
    return entry.path
