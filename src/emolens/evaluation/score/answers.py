"""What a model answers for the rows of a split, in the targets' label space and as valence and arousal.

Legend: N rows, C classes.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from emolens.evaluation.score.targets import Targets
from emolens.inference.persons import without_persons
from emolens.inference.perturbation import Modality
from emolens.inference.predictor import Batch, Predictor, in_order
from emolens.inference.results import Predictions
from emolens.inference.timeline import Timeline
from emolens.people.crop import View
from emolens.progress import progress
from emolens.taxonomy import mapping_table, scores_from_valence_arousal

Floats = npt.NDArray[np.float64]
WHOLE = Timeline(wanted=False)


@dataclass(frozen=True)
class Answers:
    """A model's answers, aligned with the rows of :class:`~emolens.evaluation.score.targets.Targets`.

    Attributes:
        model: name, for tables.
        score_NC: probabilities in ``targets.space``, rows sum to 1, NaN rows where there is none; None without labels.
        valence_N, arousal_N: in [-1, 1], NaN where there is none; None where the targets do not ask.
        errors: row -> why it has no answer.
        limited: row -> status (no_audio, no_video, partial, no_person) and why, of an answer from something else than
            was asked about.
        mapping: "labels" and "valence_arousal" -> how the model's output became that:
            native, exact, text or valence_arousal (through the labels' valence-arousal points); or "coarsened": the
            answers are the model's own, and the labels of the data were taken to them.
        view: what of each row it was shown.
    """

    model: str
    score_NC: Floats | None
    valence_N: Floats | None
    arousal_N: Floats | None
    errors: dict[int, str] = field(default_factory=dict)
    limited: dict[int, tuple[str, str]] = field(default_factory=dict)
    mapping: dict[str, str] = field(default_factory=dict)
    view: View = "scene"

    def affect(self, name: str) -> Floats | None:
        """``valence_N`` or ``arousal_N`` by its name."""
        return {"valence": self.valence_N, "arousal": self.arousal_N}[name]


def describe_predictor(predictor: Predictor) -> str:
    """What a model is, in one line: kind, backbone, and what it was trained on."""
    config = predictor.config
    words = [config.recipe or predictor.kind, "on", predictor.backbone_spec]
    if config.data.dataset:
        words += ["trained on", config.data.dataset]
    return " ".join(words)


def fit_predictor(predictor: Predictor, targets: Targets) -> Predictor:
    """The predictor that answers in the targets' label space, or the same one where they have none.

    Raises:
        ConfigError: the model cannot answer in that label space.
    """
    if targets.space is None or not targets.has_labels:
        return predictor
    fitted = predictor.retarget(targets.space)
    if fitted.mapping == "valence_arousal":  # a label without a point raises here, not after an hour of embedding
        scores_from_valence_arousal([], [], targets.space)
        if fitted.own_label_space is not None and not fitted.gives_point:
            mapping_table(fitted.own_label_space, targets.space)
    return fitted


def ask(predictor: Predictor, targets: Targets, batch_size: int = 32, workers: int | None = None) -> Answers:
    """Predict every row of ``targets`` once.

    Args:
        predictor: as :func:`fit_predictor` returned it.
        targets: the rows; as :func:`emolens.evaluation.score.view.viewed` returned them where persons are asked about.
        batch_size: pictures, or frames, that go through the model together.
        workers: files decoded at once; None chooses.

    Raises:
        ConfigError: persons are asked about, and the model takes whole videos.
    """
    if targets.box_N is not None:
        predictor.check_sees_persons()
    with progress(f"{targets.data}: {predictor.name}", len(targets)) as advance:
        predictions = in_order(list(predictor.stream(targets.inputs, WHOLE, batch_size, workers, advance)))
    return _aligned(predictor, targets, predictions)


def ask_modalities(
    predictor: Predictor, targets: Targets, batch_size: int = 32, workers: int | None = None
) -> dict[Modality, Answers]:
    """As :func:`ask`, once for all of the predictor's modalities: each file is decoded once."""
    if targets.box_N is not None:
        predictor.check_sees_persons()
    found: dict[Modality, list[Batch]] = {}
    with progress(f"{targets.data}: {predictor.name}", len(targets)) as advance:
        for place_K, tables in predictor.predict_modalities(targets.inputs, batch_size, workers):
            for name, table in tables.items():
                found.setdefault(name, []).append((place_K, table))
            advance(len(place_K))
    return {name: _aligned(predictor, targets, in_order(batches)) for name, batches in found.items()}


def _aligned(predictor: Predictor, targets: Targets, predictions: Predictions) -> Answers:
    """A row for each of the targets, as what they are scored by."""
    if targets.box_N is not None:
        predictions = without_persons(predictions, np.array([box is None for box in targets.box_N]))
    mapping: dict[str, str] = {}
    score_NC = None
    if targets.has_labels and targets.space is not None:
        score_NC = predictions.score_NC(targets.space)
        mapping["labels"] = "coarsened" if targets.coarsened_from is not None else predictor.mapping
    valence_N = arousal_N = None
    if targets.has_affect:
        # "valence_arousal": the expected point over its labels, where the model gives no point itself.
        mapping["valence_arousal"] = "native" if predictor.gives_point else "valence_arousal"
        valence_N, arousal_N = predictions.values("valence"), predictions.values("arousal")
    said = {
        row: (status, error)
        for row, (status, error) in enumerate(zip(predictions.status_N, predictions.error_N, strict=True))
        if status != "ok"
    }
    return Answers(
        model=predictor.name,
        score_NC=score_NC,
        valence_N=valence_N,
        arousal_N=arousal_N,
        errors={row: error or "unreadable" for row, (status, error) in said.items() if status == "error"},
        limited={row: (status, error or "") for row, (status, error) in said.items() if status != "error"},
        mapping=mapping,
        view=targets.view,
    )
