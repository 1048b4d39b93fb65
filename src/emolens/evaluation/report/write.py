"""The files of a result in one folder: ``report.html``, ``metrics.json``, and what it was made of."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from emolens.errors import DataError
from emolens.evaluation.comparison import Comparison
from emolens.evaluation.evaluation import Evaluation
from emolens.evaluation.report.benchmark_page import benchmark_page
from emolens.evaluation.report.comparison_page import comparison_page
from emolens.evaluation.report.evaluation_page import evaluation_page
from emolens.evaluation.report.latex import latex_tables
from emolens.evaluation.report.predictions_table import write_predictions
from emolens.files import write_error, write_json, write_text

if TYPE_CHECKING:
    from emolens.evaluation.benchmark.result import BenchmarkResult


def write_evaluation(evaluation: Evaluation, out: str | os.PathLike[str]) -> None:
    """Write the three files into the folder ``out``, made if needed; ``metrics.json`` comes last.

    Raises:
        DataError: ``out`` is a file, or cannot be written.
    """
    folder = make_folder(out)
    write_predictions(evaluation.to_pandas(), folder / "predictions.parquet")
    write_text(folder / "report.html", evaluation_page(evaluation))
    write_json(folder / "metrics.json", evaluation.to_json())


def write_comparison(comparison: Comparison, out: str | os.PathLike[str]) -> None:
    """The same three files, of a comparison; see :func:`write_evaluation`."""
    folder = make_folder(out)
    write_predictions(comparison.to_pandas(), folder / "predictions.parquet")
    write_text(folder / "report.html", comparison_page(comparison))
    write_json(folder / "metrics.json", comparison.to_json())


def write_benchmark(result: "BenchmarkResult", out: str | os.PathLike[str]) -> None:
    """``report.html``, ``tables.tex``, ``results.csv`` and, last, ``metrics.json``; see :func:`write_evaluation`."""
    folder = make_folder(out)
    write_text(folder / "report.html", benchmark_page(result))
    write_text(folder / "tables.tex", latex_tables(result))
    write_text(folder / "results.csv", result.to_pandas().to_csv(index=False, lineterminator="\n"))
    write_json(folder / "metrics.json", result.to_json())


def make_folder(out: str | os.PathLike[str]) -> Path:
    """The folder, made if needed.

    Raises:
        DataError: a file has that name, or the place cannot be written.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise DataError(f"{folder}: is a file; --out names a folder") from error
    except OSError as error:
        raise write_error(folder, error) from error
    return folder
