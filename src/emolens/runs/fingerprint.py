"""What tells two models apart."""

import hashlib
import json

from emolens.models.tensor_hash import hash_tensors
from emolens.runs.models import AVModel, ImageModel


def model_fingerprint(model: ImageModel | AVModel) -> str:
    """SHA-256, in hexadecimal, of what a run folder of the model would hold: its config and its tensors.

    Raises:
        WeightsError: the file that the weights came from is gone.
    """
    config, tensors = model.to_save()
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True, default=str).encode())
    hash_tensors(digest, tensors)
    return digest.hexdigest()
