"""Was the model trained on the rows it is measured on?"""

from emolens.evaluation.targets import Targets
from emolens.inference.predictor import Predictor

BUILT_IN = {"mini": "oasis"}  # kind of model -> the data set that the weights in the package were fitted on, all of it


def overlap_warning(predictor: Predictor, targets: Targets) -> str | None:
    """A sentence if a model has seen these rows in training, or may have; None if not, or if nothing is on record.

    A run keeps the sha256 of its splits' ids. The same data set split in another way puts training rows into the test.
    """
    where = f'{targets.data}, split "{targets.split}"'
    if targets.dataset and BUILT_IN.get(predictor.head.kind) == targets.dataset:
        return (
            f"{predictor.name} was fitted on all of {targets.dataset}, the rows of {where} among them: this is no test."
        )
    data = predictor.config.get("data") or {}
    known = {split.get("sha256"): name for name, split in (data.get("splits") or {}).items()}
    split = known.get(targets.ids_sha256)
    if split in ("train", "val"):
        return f"{predictor.name} was trained with the rows of {where} (its {split} split): this is no test."
    if known and split is None and data.get("dataset") == targets.dataset:
        return (
            f"{predictor.name} was trained on {targets.dataset} as it was split another way: rows of {where} may "
            "have been in its training, which makes these numbers too good."
        )
    return None
