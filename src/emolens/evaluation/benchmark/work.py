"""The work of a benchmark: each cell is read if it is there, computed if not, and its failure is a sentence.

Cells lie in ``OUT/cells/DATA/MODEL/KEY``; the key is the SHA-256 of everything that decides the answers, so a changed
input is another cell.
"""

import re
import shutil
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emolens import __version__
from emolens.errors import EmolensError, in_short
from emolens.evaluation.benchmark.cell import FORMAT, Cell, read_cell, write_cell
from emolens.evaluation.benchmark.content import digest
from emolens.evaluation.benchmark.contestant import Ask, Contestant, once
from emolens.evaluation.benchmark.folds import Part
from emolens.files import write_text
from emolens.progress import notice

Outcome = Cell | str
"""What became of a cell: the answers, or why there are none."""


@dataclass
class Work:
    """What is shared by all cells.

    Attributes:
        out: folder of the benchmark.
        seed: of the bootstrap.
        fresh: compute cells anew that were there before this benchmark began.
        keep_runs: leave the folders of trained runs.
        total: cells to come, for the progress lines.
    """

    out: Path
    seed: int = 0
    fresh: bool = False
    keep_runs: bool = False
    total: int = 0
    computed: int = 0
    reused: int = 0
    _done: int = 0
    _ours: set[Path] = field(default_factory=set)

    def fitted(self, contestant: Contestant, part: Part) -> "Fitted":
        """A contestant and the rows that it learns from; nothing is fitted before a cell needs it."""
        return Fitted(contestant, part, self)

    def cell(self, fitted: "Fitted", judged: Part) -> Outcome:
        """The answers of a fitted contestant on the rows of ``judged``; a failure never ends the benchmark."""
        contestant, trained_on = fitted.contestant, fitted.part
        where = [judged.data]
        if contestant.learns:
            where += [f"seed {trained_on.seed}", f"fold {trained_on.number}"]
            where += [f"share {trained_on.share:g}"] if trained_on.share < 1 else []
            where += [f"from {trained_on.data}"] if trained_on.data != judged.data else []
        begun, known = time.monotonic(), False
        try:
            folder = self._folder(contestant, fitted, judged)
            targets = judged.data_set.test
            found = None if self.fresh and folder not in self._ours else read_cell(folder, targets, contestant.name)
            known = found is not None
            if found is None:
                answers, warning = fitted.ask()(judged.data_set)
                found = Cell(answers, warning, time.monotonic() - begun)
                write_cell(folder, found, targets, _facts(contestant, fitted, judged), self.seed)
            self._ours.add(folder)
        except Exception as error:
            outcome: Outcome = self._reason(error, contestant, judged)
        else:
            outcome = found
        self._tell(contestant, where, outcome, known, time.monotonic() - begun)
        return outcome

    def skip(self, name: str, data: str, why: str) -> Outcome:
        """Count a cell that cannot be computed."""
        self._done += 1
        notice(f"[{self._done}/{self.total}] {data}: {name}: not run: {why}")
        return why

    def _folder(self, contestant: Contestant, fitted: "Fitted", judged: Part) -> Path:
        targets = judged.data_set.test
        key = {
            "format": FORMAT,
            "emolens": __version__,
            "learnt": fitted.key if contestant.learns else contestant.identity(fitted.part),
            "judged": judged.digest,
            "space": targets.space.as_dict() if targets.space is not None else None,
        }
        return self.out / "cells" / slug(judged.data) / slug(contestant.name) / digest(key)[:16]

    def _reason(self, error: Exception, contestant: Contestant, judged: Part) -> str:
        """One or two lines; of a mistake in the program, where its traceback is."""
        if isinstance(error, EmolensError):
            return str(error)
        path = self.out / "errors" / f"{slug(judged.data)}-{slug(contestant.name)}.txt"
        write_text(path, "".join(traceback.format_exception(error)))
        return f"{type(error).__name__}: {in_short(error)} (see {path})"

    def _tell(self, contestant: Contestant, where: list[str], outcome: Outcome, known: bool, seconds: float) -> None:
        self._done += 1
        self.computed += not known and not isinstance(outcome, str)
        self.reused += known
        end = f"not run: {outcome}" if isinstance(outcome, str) else "was there" if known else f"{seconds:.1f} s"
        notice(f"[{self._done}/{self.total}] {', '.join(where)}: {contestant.name}: {end}")


class Fitted:
    """A contestant on the training rows of one part; fitted when it is first asked.

    Attributes:
        contestant, part: which, and on what.
    """

    def __init__(self, contestant: Contestant, part: Part, work: Work) -> None:
        self.contestant, self.part, self._work = contestant, part, work
        self._folder: Path | None = None
        self.ask: Callable[[], Ask] = once(self._fit)

    @property
    def key(self) -> str:
        """SHA-256 of what was learned and from what."""
        return digest([self.contestant.identity(self.part), self.part.digest, __version__])

    def _fit(self) -> Ask:
        if not self.contestant.learns:
            return self.contestant.fit(self.part, self._work.out)
        self._folder = self._work.out / "runs" / slug(f"{self.part.data}-{self.contestant.name}") / self.key[:16]
        if self._work.fresh:
            shutil.rmtree(self._folder, ignore_errors=True)
        return self.contestant.fit(self.part, self._folder)

    def close(self) -> None:
        """Remove what was only needed to answer."""
        if self._folder is not None and not self._work.keep_runs:
            shutil.rmtree(self._folder, ignore_errors=True)
            for parent in (self._folder.parent, self._folder.parent.parent):
                with suppress(OSError):  # not empty: another run
                    parent.rmdir()


def slug(name: str) -> str:
    """A name as a part of a path: letters, digits, ".", "_" and "-"; two names that become one are told apart."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "x"
    return plain if plain == name else f"{plain}-{digest(name)[:6]}"


def _facts(contestant: Contestant, fitted: Fitted, judged: Part) -> dict[str, Any]:
    part = fitted.part
    learnt = {"trained on": part.data, "seed": part.seed, "fold": part.number, "share": part.share}
    return {
        "model": contestant.name,
        "what": contestant.what,
        "data": judged.data,
        **(learnt if contestant.learns else {}),
        "ids_sha256": judged.data_set.test.ids_sha256,
    }
