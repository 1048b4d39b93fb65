"""Trained models on the Hugging Face hub: a run folder goes up, a repository comes down."""

from pathlib import Path

from emolens import __version__
from emolens.errors import ConfigError, DataError, WeightsError
from emolens.models.loading.safetensors_file import WEIGHTS
from emolens.runs.folder import CARD, CONFIG


def push(folder: Path, repository: str, private: bool = False, token: str | None = None) -> str:
    """Upload a run folder's three files to USER/REPO on the hub and return its address.

    Raises:
        DataError: the hub refused or could not be reached.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    try:
        address = api.create_repo(repository, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=[CONFIG, WEIGHTS, CARD],
            commit_message=f"emolens {__version__}",
        )
    except Exception as error:  # no network, no right, no space: the client has a class of its own for each
        raise DataError(f"hub:{repository}: could not be uploaded ({error}); is `hf auth login` done?") from error
    return str(address)


def fetch(repository: str) -> Path:
    """Download USER/REPO, or find it in the local cache, and return its folder.

    Raises:
        ConfigError: not the name of a repository.
        WeightsError: neither on the hub nor in the cache.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(repository, allow_patterns=[CONFIG, WEIGHTS, CARD]))
    except HFValidationError as error:
        raise ConfigError(f"hub:{repository}: is no repository name; write hub:USER/REPO") from error
    except Exception as error:  # as above
        raise WeightsError(
            f"hub:{repository}: cannot be fetched and is not in the local cache; copy its files into a folder and "
            f"load run:FOLDER ({type(error).__name__})"
        ) from error
