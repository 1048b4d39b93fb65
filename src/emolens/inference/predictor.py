"""What every model can do, whatever it looks at: answer for files, and follow a video through time.

Legend: C labels, N samples, W windows.
"""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from emolens.embedding.prefetch import FAILURES, reason
from emolens.inference.inputs import expand_inputs, media_of
from emolens.inference.perturbation import Perturbation
from emolens.inference.results import Prediction, Predictions
from emolens.inference.timeline import AUTOMATIC_S, Span, Timeline
from emolens.inference.verdicts import joined, rows_of
from emolens.models.verdict import Array, Verdict
from emolens.progress import Advance, progress
from emolens.runs.config import RunConfig
from emolens.runs.hub import push
from emolens.taxonomy import LabelSpace

Self = TypeVar("Self", bound="Predictor")


@dataclass(frozen=True)
class Answer:
    """What a model makes of a file, or of a window of it.

    Attributes:
        verdict: of one sample; None where there is no answer.
        status, remark: as ``status`` and ``error`` of :class:`~emolens.inference.results.Prediction`.
        span: start and end in seconds; None for pictures.
    """

    verdict: Verdict | None
    status: str = "ok"
    remark: str | None = None
    span: Span | None = None

    @classmethod
    def failed(cls, remark: str, span: Span | None = None) -> "Answer":
        """No answer, and why."""
        return cls(None, "error", remark, span)


class Predictor(ABC):
    """A model that is ready.

    Attributes:
        name: for tables and the ``model`` column.
        config: what is written beside the weights, and what the training left there.
    """

    name: str
    config: RunConfig

    @property
    @abstractmethod
    def kind(self) -> str:
        """What it is, as ``config.json`` has it."""

    @property
    @abstractmethod
    def backbone_spec(self) -> str:
        """What it looks through, for tables."""

    @property
    @abstractmethod
    def label_space(self) -> LabelSpace | None:
        """The space the scores are in; None for a model of valence and arousal that was given none."""

    @property
    @abstractmethod
    def own_label_space(self) -> LabelSpace | None:
        """The space it was made for; None for regression alone and for models that ask by words."""

    @property
    @abstractmethod
    def mapping(self) -> str:
        """How scores reach ``label_space``: native, exact, text or valence_arousal."""

    @property
    @abstractmethod
    def gives_point(self) -> bool:
        """Whether valence and arousal are the model's own, not expected from its scores."""

    @abstractmethod
    def retarget(self: Self, label_space: LabelSpace | str) -> Self:
        """The same model answering in another label space."""

    @abstractmethod
    def perturbed(self: Self, perturbation: Perturbation) -> Self:
        """The same model under a condition.

        Raises:
            ConfigError: the condition means nothing to this kind of model.
        """

    @abstractmethod
    def predict_batches(
        self, paths: Sequence[Path], batch_size: int, workers: int | None
    ) -> Iterator[tuple[int, Answer]]:
        """Yield (number of the path, what the model makes of the whole file) as they are done; each path once."""

    @abstractmethod
    def predict_windows(self, path: Path, spans: Sequence[Span], batch_size: int) -> Iterator[Answer]:
        """What the model makes of each window of a video or sound file, in order; no more memory for more windows."""

    @abstractmethod
    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        """Write ``config.json``, ``model.safetensors`` and a model card; :func:`emolens.load` reads them."""

    def predict(
        self,
        inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        batch_size: int = 32,
        workers: int | None = None,
        *,
        timeline: bool | None = None,
        window_s: float = Timeline.window_s,
        hop_s: float = Timeline.hop_s,
        smooth_s: float = Timeline.smooth_s,
    ) -> Predictions:
        """Predict files, folders, patterns and lists of files; a progress bar shows on a terminal.

        Args:
            inputs: see :func:`emolens.inference.inputs.expand_inputs`; a list of files gives their rows in order.
            batch_size: pictures, or frames, that go through the model together.
            workers: threads that decode; None chooses.
            timeline: whether rows of windows follow that of a video or sound file; None for those over 10 seconds.
            window_s, hop_s, smooth_s: see :class:`emolens.inference.timeline.Timeline`.

        Returns:
            A row a file, and behind it the windows of its timeline; a file that cannot be read has status ``error``
            and says why.

        Raises:
            ConfigError: lengths of the timeline that cannot be.
            DataError: a folder without anything to predict, or a pattern without matches.
        """
        lengths = Timeline(window_s, hop_s, smooth_s)
        given = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
        paths = expand_inputs(os.fspath(one) for one in given)
        rows: list[list[Prediction]] = [[] for _ in paths]
        with progress(f"predict ({self.name})", rows_to_come(paths, timeline)) as advance:
            for index, found in self.follow(paths, lengths, timeline, batch_size, workers, advance):
                rows[index] = found
        return Predictions([row for found in rows for row in found])

    def iterate(
        self, paths: Sequence[Path], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[tuple[int, Prediction]]:
        """Yield (number of the path, row of the whole file) as they are done; each path once."""
        for index, answer in self.predict_batches(paths, batch_size, workers):
            yield index, self.row(paths[index], answer)

    def follow(
        self,
        paths: Sequence[Path],
        timeline: Timeline,
        wanted: bool | None = None,
        batch_size: int = 32,
        workers: int | None = None,
        advance: Advance | None = None,
    ) -> Iterator[tuple[int, list[Prediction]]]:
        """Yield (number of the path, row of the whole file and rows of its windows) as they are done.

        The row of the whole is the same with a timeline and without.

        Args:
            wanted: whether there are windows; None where a file is longer than 10 seconds.
            advance: told of each row, since a file may take an hour.
        """
        for index, whole in self.iterate(paths, batch_size, workers):
            advance = advance or (lambda steps=1: None)
            advance()
            rows, path, end_s = [whole], paths[index], whole.end_s
            if whole.answered and end_s is not None and (end_s > AUTOMATIC_S if wanted is None else wanted):
                windows = []
                try:
                    for answer in self.predict_windows(path, timeline.windows(end_s), batch_size):
                        windows.append(answer)
                        advance()
                except FAILURES as error:  # it was there a moment ago
                    rows = [replace(whole, status="partial", error=reason(path, error))]
                rows += [self.row(path, answer) for answer in smoothed(windows, timeline)]
            yield index, rows

    def row(self, path: Path, answer: Answer) -> Prediction:
        """The row of a file or a window."""
        start_s, end_s = (round(edge, 6) for edge in answer.span) if answer.span else (None, None)
        row = Prediction(
            self.source_of(path),
            media=media_of(path),
            start_s=start_s,
            end_s=end_s,
            model=self.name,
            label_space=self.label_space.name if self.label_space else None,
            status=answer.status,
            error=answer.remark,
        )
        verdict = answer.verdict
        if verdict is None:
            return row
        space, score_NC = verdict.label_space, verdict.score_NC
        if space is not None and score_NC is not None:
            best = int(score_NC[0].argmax())
            row = replace(
                row,
                label=space.labels[best],
                score=float(score_NC[0, best]),
                scores=dict(zip(space.labels, score_NC[0].tolist(), strict=True)),
                polarity=space.polarity[best],
            )
        valence = None if verdict.valence_N is None else float(verdict.valence_N[0])
        arousal = None if verdict.arousal_N is None else float(verdict.arousal_N[0])
        return replace(row, valence=valence, arousal=arousal)

    @staticmethod
    def source_of(path: Path) -> str:
        """The ``source`` of the row of a path: a file name may hold bytes that are no text, a row may not."""
        return os.fsencode(path).decode("utf-8", "backslashreplace")

    @classmethod
    def from_pretrained(cls, name: str, **options: Any) -> "Predictor":
        """Load a folder, or a repository of the Hugging Face hub; ``options`` as of :func:`emolens.load`."""
        from emolens.inference.load import load

        return load(f"run:{name}" if Path(name).is_dir() else f"hub:{name}", **options)

    def push_to_hub(self, repository: str, private: bool = False, token: str | None = None) -> str:
        """Upload to the Hugging Face hub as USER/REPO; returns its address."""
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return push(Path(folder), repository, private, token)


def rows_to_come(paths: Sequence[Path], wanted: bool | None) -> int | None:
    """How many rows there will be; None where the lengths of videos decide."""
    return len(paths) if wanted is False or all(media_of(path) == "image" for path in paths) else None


def smoothed(windows: Sequence[Answer], timeline: Timeline) -> list[Answer]:
    """The windows with smoothed verdicts; those without an answer stay as they are, and count for nothing."""
    known = [(answer.verdict, answer.span) for answer in windows if answer.verdict is not None and answer.span]
    if not known:
        return list(windows)
    spans = [span for _, span in known]
    together = joined([verdict for verdict, _ in known])

    def smooth(value_WX: Array | None) -> Array | None:
        return None if value_WX is None else timeline.smoothed(value_WX.reshape(len(spans), -1), spans)

    score_WC, valence_W1, arousal_W1 = (smooth(v) for v in (together.score_NC, together.valence_N, together.arousal_N))
    together = Verdict(
        together.label_space,
        score_WC,
        None if valence_W1 is None else valence_W1[:, 0],
        None if arousal_W1 is None else arousal_W1[:, 0],
    )
    row = iter(range(len(known)))
    return [
        answer if answer.verdict is None else replace(answer, verdict=rows_of(together, [next(row)]))
        for answer in windows
    ]
