"""What every model can do, whatever it looks at: predict files, and follow a video through time.

Legend: N rows, K places, W windows.
"""

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from emolens.errors import ConfigError
from emolens.heads.answers import Answers
from emolens.inference.inputs import Input, read_inputs
from emolens.inference.persons import SCENE, Persons, Who, choose_persons, without_persons
from emolens.inference.perturbation import Modality, Perturbation
from emolens.inference.results import Predictions
from emolens.inference.timeline import Span, Timeline
from emolens.people.finder import PersonFinder
from emolens.prefetch import reason
from emolens.progress import Advance, progress
from emolens.runs.config import RunConfig
from emolens.taxonomy import LabelSpace

CHUNK = 4  # batches of pictures whose persons are found before they are judged

Places = NDArray[np.int64]
Batch = tuple[Places, Predictions]


class Predictor(ABC):
    """A model that is ready to predict; :func:`emolens.load` makes one.

    Attributes:
        name: for tables and the ``model`` column.
        sees_persons: whether it can be asked about a person in a picture.
    """

    name: str
    sees_persons: ClassVar[bool] = False

    @property
    @abstractmethod
    def config(self) -> RunConfig:
        """What it is: kind, labels, preprocessing, and how it was trained."""

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

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of what the model is: equal ones give equal answers in one label space.

        Here of :attr:`config` alone; a predictor with weights adds them.

        Raises:
            WeightsError: the file that the weights came from is gone.
        """
        return hashlib.sha256(json.dumps(self.config.to_dict(), sort_keys=True, default=str).encode()).hexdigest()

    @abstractmethod
    def retarget(self, label_space: LabelSpace | str) -> Self:
        """The same model answering in another label space."""

    @abstractmethod
    def perturbed(self, perturbation: Perturbation) -> Self:
        """The same model on perturbed inputs.

        Raises:
            ConfigError: if the perturbation does not apply to this kind of model.
        """

    @abstractmethod
    def predict_batches(
        self, inputs: Sequence[Input], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[Batch]:
        """Yield (places in ``inputs``, a row each of the whole file) as they are done; each place once."""

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The answers that one look at a file gives: from all of it, and from sound or pictures by themselves."""
        return ("fused",)

    def predict_modalities(
        self, inputs: Sequence[Input], batch_size: int = 32, workers: int | None = None
    ) -> Iterator[tuple[Places, Mapping[Modality, Predictions]]]:
        """As :meth:`predict_batches`, with a table for each of :attr:`modalities`; each file is decoded once."""
        for place_K, table in self.predict_batches(inputs, batch_size, workers):
            yield place_K, {"fused": table}

    @abstractmethod
    def predict_windows(self, given: Input, spans: Sequence[Span], batch_size: int = 32) -> Iterator[Predictions]:
        """Yield a row for each window of a video or sound file, in order; no more memory for more windows."""

    def predict_persons(
        self, given: Input, finder: PersonFinder, timeline: Timeline, batch_size: int = 32
    ) -> Predictions:
        """The rows of each person in a video: of the whole, then of the windows in which the person is seen.

        Returns:
            No rows where nobody is found.

        Raises:
            ConfigError: as :meth:`check_sees_persons`.
        """
        self.check_sees_persons()
        return Predictions.concatenate([])

    def check_sees_persons(self) -> None:
        """See that it can be asked about a person.

        Raises:
            ConfigError: it takes whole videos, and no part of a picture.
        """
        if not self.sees_persons:
            raise ConfigError(
                f"{self.name} takes whole videos with their sound, and no persons in them; ask it with who scene, or "
                "ask a model of pictures (zeroshot:, or the run of a head or a fine-tuned transformer)"
            )

    @abstractmethod
    def save_pretrained(self, directory: str | os.PathLike[str]) -> None:
        """Write ``config.json``, ``model.safetensors`` and a model card; :func:`emolens.load` reads them."""

    def predict(
        self,
        inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        batch_size: int = 32,
        workers: int | None = None,
        *,
        who: Who | None = None,
        people: PersonFinder | str | None = None,
        timeline: bool | None = None,
        window_s: float = Timeline.window_s,
        hop_s: float = Timeline.hop_s,
        smooth_s: float = Timeline.smooth_s,
    ) -> Predictions:
        """Predict files, folders, patterns and lists of files; a progress bar shows on a terminal.

        Args:
            inputs: see :func:`emolens.inference.inputs.read_inputs`; one result an input, in order, also of duplicates.
            batch_size: pictures, or frames, that go through the model together.
            workers: threads that decode; None chooses.
            who: ``scene``, ``persons`` or ``both``; None asks a model that was trained on persons about both, any
                other about the scene. See :class:`emolens.inference.persons.Persons`.
            people: who finds the persons: ``yolox:PATH``, ``yolox:nano|tiny|s`` (the default is nano, fetched once), a
                :class:`emolens.people.PersonFinder`, or ``none``.
            timeline: whether rows of windows follow that of a video or sound file; None for those over 10 seconds.
            window_s, hop_s, smooth_s: see :class:`emolens.inference.timeline.Timeline`.

        Returns:
            A row a file, behind it the windows of its timeline, then the same of each person; a file that cannot be
            read has status ``error`` and says why.

        Raises:
            ConfigError: if a length of the timeline is not positive; persons without a detector, or asked of a model
                that takes whole videos.
            DataError: if a folder holds nothing to predict, or a pattern matches nothing.
            WeightsError: the detector's weights are missing.
        """
        lengths = Timeline(window_s, hop_s, smooth_s, timeline)
        given = read_inputs(inputs)
        persons = choose_persons(self.config.view, who, people)
        with progress(f"predict ({self.name})", rows_to_come(given, lengths, persons)) as advance:
            return in_order(list(self.stream(given, lengths, batch_size, workers, advance, persons)))

    def stream(
        self,
        inputs: Sequence[Input],
        timeline: Timeline,
        batch_size: int = 32,
        workers: int | None = None,
        advance: Advance = lambda steps=1: None,
        persons: Persons = SCENE,
    ) -> Iterator[Batch]:
        """Yield (place of each row's input, rows) as they are done, the rows of one input never apart.

        The row of the whole is the same with a timeline and without, with persons and without.

        Args:
            inputs: what to predict.
            timeline: which files get windows, and how these lie.
            batch_size, workers: as in :meth:`predict`.
            advance: called after each row, since a file may take an hour.
            persons: whom it is asked about.

        Raises:
            ConfigError: persons are asked about, and this model takes whole videos.
        """
        if persons.finder is None:
            yield from self._scenes(inputs, timeline, batch_size, workers, advance)
            return
        self.check_sees_persons()
        for start in range(0, len(inputs), CHUNK * batch_size):
            part = range(start, min(len(inputs), start + CHUNK * batch_size))
            pictures = np.array([place for place in part if inputs[place].media == "image"], dtype=np.int64)
            if len(pictures):
                asked = persons.ask([inputs[place] for place in pictures])
                rows = in_order(list(self._scenes(asked.inputs, timeline, batch_size, workers, advance)))
                yield pictures[asked.place_M], asked.told(rows)
            for place in part:
                if inputs[place].media != "image":
                    rows = self._scene_and_persons(inputs[place], timeline, batch_size, workers, advance, persons)
                    yield np.full(len(rows), place), rows

    def _scene_and_persons(
        self,
        given: Input,
        timeline: Timeline,
        batch_size: int,
        workers: int | None,
        advance: Advance,
        persons: Persons,
    ) -> Predictions:
        """The rows of one video."""
        assert persons.finder is not None
        found, failure = Predictions.concatenate([]), None
        try:
            found = self.predict_persons(given, persons.finder, timeline, batch_size)
        except Exception as error:
            failure = reason(given.path, error)
        advance(len(found))
        if len(found) and persons.who == "persons":
            return found
        scene = in_order(list(self._scenes([given], timeline, batch_size, workers, advance)))
        if len(found):
            return Predictions.concatenate([scene, found])
        nobody_N = np.full(len(scene), persons.who == "persons" and failure is None)
        return without_persons(scene, nobody_N, [failure] * len(scene))

    def _scenes(
        self,
        inputs: Sequence[Input],
        timeline: Timeline,
        batch_size: int,
        workers: int | None,
        advance: Advance,
    ) -> Iterator[Batch]:
        """What each input shows, whole, and the timelines of videos."""
        for place_K, table in self.predict_batches(inputs, batch_size, workers):
            advance(len(table))
            followed_K = table.answered_N & timeline.follows(table.values("end_s"))
            if not followed_K.any():
                yield place_K, table
                continue
            for row, place in enumerate(place_K):
                part = table[row : row + 1]
                if followed_K[row]:
                    part = self._follow(inputs[place], part, timeline, batch_size, advance)
                yield np.full(len(part), place), part

    def _follow(
        self, given: Input, whole: Predictions, timeline: Timeline, batch_size: int, advance: Advance
    ) -> Predictions:
        """The row of the whole, and the smoothed rows of its windows."""
        windows: list[Predictions] = []
        try:
            spans = timeline.windows(float(whole.values("end_s")[0]))
            for window in self.predict_windows(given, spans, batch_size):
                windows.append(window)
                advance(len(window))
        except Exception as error:  # it was there a moment ago
            why = reason(given.path, error)
            whole = replace(whole, status_N=np.array(["partial"], object), error_N=np.array([why], object))
        if not windows:
            return whole
        return Predictions.concatenate([whole, smoothed(Predictions.concatenate(windows), timeline)])

    def table(
        self,
        inputs: Sequence[Input],
        answers: Answers | None,
        *,
        status: Sequence[str] | None = None,
        error: Sequence[str | None] | None = None,
        spans: Sequence[Span | None] | None = None,
    ) -> Predictions:
        """Rows of these inputs; ``answers`` None where none of them has one.

        An answer that is no number is none: its row has status ``error``.
        """
        rows = Predictions.of(
            [one.source for one in inputs],
            [one.media for one in inputs],
            Answers(self.label_space) if answers is None else answers,
            model=self.name,
            status=status,
            error=error,
            spans=spans,
            persons=[one.person for one in inputs],
            boxes=[one.box for one in inputs],
            box_scores=[one.box_score for one in inputs],
        )
        finite_N = np.ones(len(rows), dtype=bool)
        for array in rows.answers.arrays().values():
            finite_N &= np.isfinite(array).reshape(len(rows), -1).all(axis=1)
        broken = np.flatnonzero(rows.answered_N & ~finite_N).tolist()
        if answers is None or not len(broken):
            return rows
        status_N, error_N = rows.status_N.copy(), rows.error_N.copy()
        status_N[broken] = "error"
        error_N[broken] = [
            f"{inputs[row].path}: the answer of {self.name} is no number; its weights are damaged, or overflow in this "
            "precision (try fp32)"
            for row in broken
        ]
        return replace(rows, status_N=status_N, error_N=error_N)

    def failed(self, given: Input, why: str, span: Span | None = None) -> Predictions:
        """The row of an input without a prediction."""
        return self.table([given], None, status=["error"], error=[why], spans=[span])

    def push_to_hub(self, repository: str, private: bool = False, token: str | None = None) -> str:
        """Upload to the Hugging Face hub as USER/REPO; returns its address.

        Raises:
            DataError: if the hub refuses or cannot be reached.
        """
        import tempfile

        from emolens.runs import hub

        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(Path(folder))
            return hub.push(Path(folder), repository, private=private, token=token)


def in_order(batches: Sequence[Batch]) -> Predictions:
    """The rows of all batches in the order of their inputs; ``input_N`` says which."""
    if not batches:
        return Predictions.concatenate([])
    place_N = np.concatenate([place_K for place_K, _ in batches])
    whole = replace(Predictions.concatenate([table for _, table in batches]), input_N=place_N)
    return whole[np.argsort(place_N, kind="stable")]


def rows_to_come(inputs: Sequence[Input], timeline: Timeline, persons: Persons = SCENE) -> int | None:
    """How many rows there will be; None where the lengths of videos, or the persons in pictures, decide."""
    fixed = timeline.wanted is False or all(one.media == "image" for one in inputs)
    return len(inputs) if fixed and persons.finder is None else None


def smoothed(windows: Predictions, timeline: Timeline) -> Predictions:
    """The windows with smoothed answers; those without an answer stay as they are, and count for nothing."""
    known = np.flatnonzero(windows.answered_N)
    if not len(known):
        return windows
    spans = [(float(start), float(end)) for start, end in windows.span_N2[known]]
    part = windows.answers[known]
    smooth = {
        name: timeline.smoothed(array.reshape(len(known), -1), spans).reshape(array.shape)
        for name, array in part.arrays().items()
    }
    return replace(windows, answers=Answers(part.label_space, **smooth).spread(known, len(windows)))
