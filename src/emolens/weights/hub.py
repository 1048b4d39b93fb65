"""Files of Hugging Face repositories: from the local cache, or else fetched into it."""

from collections.abc import Sequence
from pathlib import Path

from emolens.downloads import PATIENCE_S
from emolens.errors import WeightsError, in_short


def cached_hub_file(repository: str, names: Sequence[str]) -> Path | None:
    """The first of ``names`` that the local Hugging Face cache holds; asks no network."""
    from huggingface_hub import constants, try_to_load_from_cache

    for name in names:
        found = try_to_load_from_cache(repository, name, cache_dir=constants.HF_HUB_CACHE)
        if isinstance(found, str):
            return Path(found)
    return None


def hub_file(repository: str, names: Sequence[str], spec_form: str) -> Path:
    """A file of a Hugging Face repository, from the cache or else downloaded into it.

    Args:
        repository: "user/name".
        names: file names in order of preference.
        spec_form: where to write a local path instead, for the message.

    Raises:
        WeightsError: in neither place; says which file is wanted and where it may be put.
    """
    if (found := cached_hub_file(repository, names)) is not None:
        return found
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    reason = _unreachable()
    for name in names if reason is None else ():
        try:
            return Path(hf_hub_download(repository, name, cache_dir=constants.HF_HUB_CACHE))
        except (
            LocalEntryNotFoundError
        ) as error:  # a kind of EntryNotFoundError, yet it means that the network went away
            reason = in_short(error)
            break
        except EntryNotFoundError:
            reason = "the hub has no such file"
        except Exception as error:  # a proxy, a gated repository, a full disk: each has its own class
            reason = in_short(error)
            break
    raise WeightsError(
        f"weights {names[0]} of huggingface.co/{repository} are not in {constants.HF_HUB_CACHE} "
        f"and cannot be fetched ({reason}).\n"
        f'Fetch it where there is a network: "hf download {repository} {names[0]}", copy that cache folder here '
        f"(or set HF_HUB_CACHE), or give the file's own path: {spec_form}"
    )


def _unreachable() -> str | None:
    """Why the hub does not answer, or None. One request: the client itself would try for most of a minute."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=PATIENCE_S)
    except Exception as error:
        return in_short(error)
    return None
