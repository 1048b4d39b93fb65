"""Predictions of many files in one call: to a table, or to a file that survives a stop."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emolens.compute import ComputeConfig
from emolens.inference.inputs import Input, read_inputs
from emolens.inference.journal import Journal
from emolens.inference.load import load
from emolens.inference.persons import SCENE, Persons, Who, choose_persons
from emolens.inference.predictor import Predictor, in_order, rows_to_come
from emolens.inference.results import Predictions, check_suffix
from emolens.inference.timeline import Timeline
from emolens.people.finder import PersonFinder
from emolens.progress import progress
from emolens.taxonomy import LabelSpace


def predict(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    model: str | Predictor = "auto",
    label_space: LabelSpace | str | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    who: Who | None = None,
    people: PersonFinder | str | None = None,
    timeline: Timeline | None = None,
    batch_size: int = 32,
    compute: ComputeConfig | None = None,
) -> Predictions:
    """Predict files, folders, patterns and lists of files.

    Args:
        inputs: see :func:`emolens.inference.inputs.read_inputs`; one result an input, in order, duplicates included.
        model: a spec as in :func:`emolens.load`, or a model that is loaded.
        label_space: of the answers; the model's own, or mikels8, if not given.
        out: table to write: .jsonl, .csv or .parquet. Rows are kept beside it as they are done, so that an interrupted
            run can be continued.
        resume: continue an interrupted run of the same ``out``.
        who, people: whom the model is asked about, and who finds them; see :meth:`Predictor.predict`.
        timeline: which videos get rows for their windows; by default those over 10 seconds.
        batch_size: pictures, or frames, that go through the model together.
        compute: where the model runs; the best device if not given.

    Returns:
        A row a file, behind it the windows of its timeline, then the same of each person; a file that cannot be read
        has status ``error``.

    Raises:
        ConfigError: if the model, the label space or the format of ``out`` is not known; if ``out`` has an interrupted
            run and ``resume`` is False; persons without a detector, or asked of a model that takes whole videos.
        DataError: if a folder holds nothing to predict, a pattern matches nothing, or ``out`` cannot be written.
        WeightsError: if weights are missing or do not fit, those of the detector too.

    Examples:
        >>> table = predict("photo.jpg", model="mini", label_space="polarity2")
        >>> len(table), table[0].status
        (1, 'ok')
    """
    compute = compute or ComputeConfig()
    given = read_inputs(inputs)  # before the model: a wrong path should not cost the loading of weights
    if out is not None:
        check_suffix(out)
    ready = model if isinstance(model, Predictor) else load(model, label_space, compute.device, compute.precision)
    if label_space is not None and isinstance(model, Predictor):
        ready = model.retarget(label_space)
    lengths = timeline or Timeline()
    persons = choose_persons(ready.config.view, who, people)
    if out is not None:
        return predict_to_file(ready, given, out, resume, lengths, batch_size, compute.workers, persons)
    with progress(f"predict ({ready.name})", rows_to_come(given, lengths, persons)) as advance:
        return in_order(list(ready.stream(given, lengths, batch_size, compute.workers, advance, persons)))


def predict_to_file(
    predictor: Predictor,
    inputs: Sequence[Input],
    out: str | os.PathLike[str],
    resume: bool = False,
    timeline: Timeline | None = None,
    batch_size: int = 32,
    workers: int | None = None,
    persons: Persons = SCENE,
) -> Predictions:
    """Predict, keeping each row as it is done, and write the table at the end; arguments and errors as :func:`predict`.

    An input that is given twice is predicted once, and has its rows twice.
    """
    check_suffix(out)
    lengths = timeline or Timeline()
    journal = Journal(Path(out), resume)
    space = predictor.label_space.name if predictor.label_space is not None else "none"
    journal.check_asked({"model": predictor.name, "label_space": space, **persons.told, "timeline": lengths.told})
    sources = [one.source for one in inputs]
    first = {source: one for source, one in zip(reversed(sources), reversed(inputs), strict=True)}
    todo = [first[source] for source in dict.fromkeys(sources) if source not in journal.done]
    with journal.open(), progress(f"predict ({predictor.name})", rows_to_come(todo, lengths, persons)) as advance:
        for place_K, table in predictor.stream(todo, lengths, batch_size, workers, advance, persons):
            for place in np.unique(place_K):
                journal.add(list(table[np.flatnonzero(place_K == place)]))
    return journal.finish(sources, predictor.label_space)
