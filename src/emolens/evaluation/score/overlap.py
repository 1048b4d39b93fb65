"""Was the model trained on the rows it is measured on?"""

from emolens.evaluation.score.targets import Targets
from emolens.inference.predictor import Predictor


def overlap_warning(predictor: Predictor, targets: Targets) -> str | None:
    """A sentence if a model was, or may have been, trained on these rows; None if not, or if its training is unknown.

    A run keeps the sha256 of its splits' ids. The same data set split in another way puts training rows into the test.
    """
    where = f'{targets.data}, split "{targets.split}"'
    data = predictor.config.data
    same = targets.dataset != "" and data.dataset == targets.dataset
    if same and not data.splits:
        return (
            f"{predictor.name} was fitted on all of {targets.dataset}, the rows of {where} among them: this is no test."
        )
    known = {split.get("sha256"): name for name, split in data.splits.items()}
    split = known.get(targets.ids_sha256)
    if split in ("train", "val"):
        return f"{predictor.name} was trained with the rows of {where} (its {split} split): this is no test."
    if same and split is None:
        return (
            f"{predictor.name} was trained on {targets.dataset} as it was split another way: rows of {where} may "
            "have been in its training, which makes these numbers too good."
        )
    return None


def is_home(predictor: Predictor, targets: Targets) -> bool:
    """Whether the model was trained on another split of the same data: by its name, or by the sha256 of this split."""
    data = predictor.config.data
    if targets.dataset != "" and data.dataset == targets.dataset:
        return True
    return targets.ids_sha256 in {split.get("sha256") for split in data.splits.values()}
