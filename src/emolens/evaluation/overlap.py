"""Was the model trained on the rows it is measured on?"""

from emolens.evaluation.targets import Targets
from emolens.inference.predictor import Predictor


def overlap_warning(predictor: Predictor, targets: Targets) -> str | None:
    """A sentence if a trained run has seen these rows, or may have; None if not, or if its training is not on record.

    A run keeps the sha256 of its splits' ids. The same data set split in another way puts training rows into the test.
    """
    data = predictor.config.get("data") or {}
    splits = data.get("splits") or {}
    known = {name: split.get("sha256") for name, split in splits.items()}
    where = f'{targets.data}, split "{targets.split}"'
    if targets.ids_sha256 in (known.get("train"), known.get("val")):
        seen = "train" if targets.ids_sha256 == known.get("train") else "val"
        return f"{predictor.name} was trained with the rows of {where} (its {seen} split): this is no test."
    if data.get("dataset") == targets.dataset and known and targets.ids_sha256 not in known.values():
        return (
            f"{predictor.name} was trained on {targets.dataset} as it was split another way: rows of {where} may "
            "have been in its training, which makes these numbers too good."
        )
    return None
