"""A suite of data sets in one call."""

import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emolens.compute import ComputeConfig
from emolens.errors import ConfigError, DataError, EmolensError
from emolens.evaluation.benchmark.cell import pool
from emolens.evaluation.benchmark.contestant import Contestant
from emolens.evaluation.benchmark.contestants import contestants
from emolens.evaluation.benchmark.folds import Part, Round, Source, divide, read_source
from emolens.evaluation.benchmark.result import BenchmarkResult
from emolens.evaluation.benchmark.row import Row, scores_of, with_best
from emolens.evaluation.benchmark.suite import Suite, SuiteData, read_suite
from emolens.evaluation.benchmark.work import Outcome, Work
from emolens.evaluation.candidate import Setting
from emolens.evaluation.report.write import make_folder, write_benchmark
from emolens.evaluation.reported import read_reported
from emolens.evaluation.resolve import embedding_cache
from emolens.evaluation.score.measure import measure
from emolens.inference.predictor import Predictor
from emolens.names import did_you_mean
from emolens.people.finder import PersonFinder
from emolens.progress import notice

Rounds = dict[str, list[Round]]
Sources = dict[str, Source]
Key = tuple[str, str, str | None, float]  # of a row: judged on, contestant, trained on, share
Cells = dict[Key, dict[tuple[int, int], Outcome]]  # (seed number, fold) -> what became of the cell


def benchmark(
    suite: str | os.PathLike[str] | Suite,
    data: str | os.PathLike[str],
    models: Sequence[Predictor | str] = (),
    out: str | os.PathLike[str] = "benchmark",
    *,
    sets: Sequence[str] | None = None,
    seeds: int | None = None,
    train_shares: Sequence[float] = (1.0,),
    fresh: bool = False,
    keep_runs: bool = False,
    batch_size: int = 32,
    bootstrap_seed: int = 0,
    compute: ComputeConfig | None = None,
    cache: str | os.PathLike[str] | None = None,
    people: PersonFinder | str | None = None,
    reported: str | os.PathLike[str] | None = None,
    command: str | None = None,
) -> BenchmarkResult:
    """Measure models on the data sets of a suite, by its protocols, and write one page with everything.

    What is not there, cannot be loaded or fails is a row that says why. Each cell (data set, model, fold, seed, share)
    is kept in ``out`` under a key of all that decides it, and is not computed again while that stays the same.

    Args:
        suite: a name of :func:`emolens.evaluation.benchmark.suite.list_suites`, the path of a TOML file, or a suite.
        data: folder with a folder for each data set, as the suite calls them.
        models: what is measured beside the majority baseline: predictors; specs as of :func:`emolens.load`;
            ``train:RECIPE[@BACKBONE]``, trained on each training split; ``grid:FILE.toml``, an ablation;
            ``frozen:FOLDER``, the frozen networks of the release of UniEmoX; or the name of a baseline.
        out: folder for ``report.html``, ``tables.tex``, ``results.csv``, ``metrics.json`` and the cells.
        sets: data sets of the suite, where not all are wanted.
        seeds: how many, from 0 on; the suite's number if not given.
        train_shares: shares of the training rows, in (0, 1]; see :func:`emolens.data.take_train_share`.
        fresh: compute anew what is in ``out``.
        keep_runs: leave the folders of trained runs in ``out``; else they go when their cells are done.
        batch_size: pictures, or frames, that go through a model together.
        bootstrap_seed: of the bootstrap.
        compute: where models run and are trained.
        cache: folder of the embeddings, None for the user's; models on one backbone embed once.
        people: finds the persons of data sets whose persons are judged and which come without boxes (``yolox:PATH``).
        reported: TOML file with numbers from publications, shown apart.
        command: how a reader can run this again; None for the equivalent command line.

    Raises:
        ConfigError: no such suite, data set, recipe or grid; a share or a number of seeds out of range.
        DataError: none of the data sets is there, or ``out`` cannot be written.
        KeyboardInterrupt: after Ctrl-C; finished cells stay.
    """
    begun, compute = time.monotonic(), compute or ComputeConfig()
    suite = suite if isinstance(suite, Suite) else read_suite(os.fspath(suite))
    numbers = read_reported(reported) if reported is not None else []
    shares = tuple(sorted(set(train_shares), reverse=True))
    count = suite.seeds if seeds is None else seeds
    _check(suite, sets, shares, count)
    folder, place = make_folder(out), Path(data)
    setting = Setting({}, (), (), compute, embedding_cache(cache), batch_size)
    rows_of_models = contestants(models, setting)
    entries = [one for one in suite.data if sets is None or one.name in sets]
    sources, rounds, absent = _prepare(entries, place, count, PersonFinder.of(people))
    if not rounds:
        raise DataError(f"none of the data sets is there; the first, {entries[0].name}: {absent[entries[0].name]}")
    work = Work(folder, bootstrap_seed, fresh, keep_runs)
    cells = _cells(work, rows_of_models, rounds, suite.transfer, shares)
    base = _command(suite, place, folder, count, shares)
    found = _rows(cells, {one.name: one for one in rows_of_models}, sources, rounds, base, work)
    result = BenchmarkResult(
        suite=suite,
        rows=tuple(with_best(found, bootstrap_seed)),
        absent=absent,
        reported=tuple(numbers),
        seed=bootstrap_seed,
        command=command or shlex.join([*base, "--models", *(m if isinstance(m, str) else m.name for m in models)]),
        seconds=time.monotonic() - begun,
        computed=work.computed,
        reused=work.reused,
    )
    write_benchmark(result, folder)
    return result


def _check(suite: Suite, sets: Sequence[str] | None, shares: Sequence[float], seeds: int) -> None:
    names = [one.name for one in suite.data]
    for name in sets or ():
        if name not in names:
            raise ConfigError(f'suite {suite.name} has no data set "{name}"; {did_you_mean(name, names)}')
    if sets is not None and not sets:
        raise ConfigError("sets: name at least one data set")
    if not shares or not all(0 < share <= 1 for share in shares):
        raise ConfigError(f"train shares {', '.join(f'{s:g}' for s in shares)}: must be above 0 and at most 1")
    if seeds < 1:
        raise ConfigError(f"seeds {seeds}: must be at least 1")


def _prepare(
    entries: Sequence[SuiteData], place: Path, seeds: int, finder: PersonFinder | None
) -> tuple[Sources, Rounds, dict[str, str]]:
    """Each data set under each seed, or why it is left out."""
    sources: Sources = {}
    rounds: Rounds = {}
    absent: dict[str, str] = {}
    for entry in entries:
        try:
            source = read_source(entry, place, finder)
            made = [divide(source, seed) for seed in range(seeds)]
            for part in (part for one in made for part in one.judged):
                part.data_set  # noqa: B018  # without targets it is left out, too
        except EmolensError as error:
            absent[entry.name] = str(error)
            notice(f"{entry.name}: left out: {error}")
        else:
            sources[entry.name], rounds[entry.name] = source, made
    return sources, rounds, absent


def _cells(
    work: Work, models: Sequence[Contestant], rounds: Rounds, transfer: Sequence[str], shares: Sequence[float]
) -> Cells:
    """Fit and ask everything; what is fitted once is asked everywhere before the next is fitted."""
    jobs = [job for model in models for data in rounds for job in _jobs(model, data, rounds, transfer, shares)]
    work.total = sum(len(targets) for *_, targets in jobs)
    cells: Cells = {}
    shared: dict[tuple[str, int, int, float], Part | str] = {}
    for model, part, share, targets in jobs:
        source, key = part.data if model.learns else None, (part.data, part.seed, part.number, share)
        if key not in shared:
            shared[key] = _shared(part, share)
        learnt = shared[key]
        fitted = None if isinstance(learnt, str) else work.fitted(model, learnt)
        for judged, place in targets:
            outcome = work.cell(fitted, judged) if fitted else work.skip(model.name, judged.data, str(learnt))
            cells.setdefault((judged.data, model.name, source, share), {})[place] = outcome
        if fitted is not None:
            fitted.close()
    return cells


def _shared(part: Part, share: float) -> Part | str:
    """The part with a share of its training rows, or why there is none: too few for the labels."""
    try:
        return part.shared(share) if share < 1 else part
    except EmolensError as error:
        return str(error)


Target = tuple[Part, tuple[int, int]]


def _jobs(
    model: Contestant, data: str, rounds: Rounds, transfer: Sequence[str], shares: Sequence[float]
) -> list[tuple[Contestant, Part, float, list[Target]]]:
    """What a contestant is fitted to on one data set, and the rows that each fit is asked for."""
    found: list[tuple[Contestant, Part, float, list[Target]]] = []
    for number, one in enumerate(rounds[data]):
        if not model.learns:
            found += [(model, part, 1.0, [(part, (number, fold))]) for fold, part in enumerate(one.judged)]
            continue
        for share in shares:
            for fold, part in enumerate(one.folds):
                targets = [(part, (number, fold))]
                if data in transfer and fold == 0 and model.travels:
                    others = ((o, k) for o in rounds if o != data for k in range(len(rounds[o][number].judged)))
                    targets += [(rounds[other][number].judged[k], (number, k)) for other, k in others]
                found.append((model, part, share, targets))
    return found


def _rows(
    cells: Cells,
    models: dict[str, Contestant],
    sources: Sources,
    rounds: Rounds,
    base: Sequence[str],
    work: Work,
) -> list[Row]:
    made = []
    for (data, name, source, share), outcomes in cells.items():
        model = models[name]
        seeds = range(len(rounds[data]))
        row = Row(
            data=data,
            name=name,
            what=model.what,
            source=source,
            share=share,
            protocol=sources[data].rule,
            folds=len(rounds[data][0].folds),
            seeds=tuple(seeds),
            command=shlex.join([*base, "--sets", *dict.fromkeys((source or data, data)), "--models", model.spec]),
        )
        made.append(_filled(row, outcomes, rounds[data], work.seed))
    order = list(sources)
    return sorted(made, key=lambda row: order.index(row.data))  # stable: the models stay in their order


def _filled(row: Row, outcomes: dict[tuple[int, int], Outcome], rounds: Sequence[Round], seed: int) -> Row:
    """The row with its numbers, if every cell has them: over some of the folds they would be of other rows."""
    failed = {place: outcome for place, outcome in outcomes.items() if isinstance(outcome, str)}
    if failed:
        (number, fold), why = next(iter(failed.items()))
        where = "" if len(failed) == len(outcomes) else f"seed {number}, fold {fold + 1}: "
        return replace(row, not_run=f"{where}{why}")
    done = {place: outcome for place, outcome in outcomes.items() if not isinstance(outcome, str)}
    repeats = []
    for number, one in enumerate(rounds):
        mine = [(place, cell) for place, cell in done.items() if place[0] == number]
        if row.source == row.data and one.pooled:
            whole = one.judged[0].data_set.test
            parts = [(cell.answers, one.folds[place[1]].data_set.test) for place, cell in mine]
            repeats.append((measure(pool(parts, whole), whole, seed), whole))
        else:
            for place, cell in mine:
                targets = one.judged[place[1]].data_set.test
                repeats.append((measure(cell.answers, targets, seed), targets))
    first = next(iter(done.values()))
    return replace(
        row,
        scores=scores_of([measured for measured, _ in repeats]),
        warning=next((cell.warning for cell in done.values() if cell.warning is not None), None),
        mapping=first.answers.mapping,
        seconds=sum(cell.seconds for cell in done.values()),
        repeats=tuple(repeats),
    )


def _command(suite: Suite, data: Path, out: Path, seeds: int, shares: Sequence[float]) -> list[str]:
    words = ["emolens", "benchmark", suite.name, "--data", str(data), "--out", str(out), "--seeds", str(seeds)]
    return [*words, "--train-share", *(f"{share:g}" for share in sorted(shares))] if tuple(shares) != (1.0,) else words
