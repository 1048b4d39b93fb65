"""Tables of a benchmark for a paper: LaTeX with booktabs."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emolens.evaluation.benchmark.result import BenchmarkResult
    from emolens.evaluation.benchmark.row import Row, Score

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{char: f"\\{char}" for char in "&%$#_"},
    **{char: f"\\text{name}{{}}" for char, name in {"<": "less", ">": "greater", "|": "bar"}.items()},
    "\n": " ",
}


def latex_tables(result: "BenchmarkResult") -> str:
    """A table for each metric; needs the packages booktabs and graphicx.

    A value is followed by its 95% bootstrap interval and, with several seeds, by the standard deviation over them in
    parentheses. Bold where the paired test says that it is better than every other row of its column.
    """
    head = f"% {_comment(result.command)}\n% \\usepackage{{booktabs, graphicx}}\n"
    return head + "\n".join(_table(result, metric) for metric in result.metrics())


def escape(text: str) -> str:
    """Text as LaTeX shows it; characters that no font of LaTeX may have are left to its input encoding."""
    return "".join(SPECIAL.get(char, char) for char in text)


def _table(result: "BenchmarkResult", metric: str) -> str:
    columns = result.columns(metric)
    titles = result.titles()
    means = {title: result.mean(title, metric) for title in titles}
    with_mean = any(mean is not None for mean in means.values())
    heads = [escape(data) for data in columns] + (["mean"] if with_mean else [])
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_caption(result, metric)}}}",
        r"\resizebox{\linewidth}{!}{%",
        rf"\begin{{tabular}}{{l{'c' * len(heads)}}}",
        r"\toprule",
        " & ".join(["", *heads]) + r" \\",
        r"\midrule",
    ]
    for title in titles:
        cells = [_cell(result.find(title, data), metric) for data in columns]
        if with_mean:
            mean = means[title]
            cells.append("--" if mean is None else f"{mean:.3f}")
        lines.append(" & ".join([escape(title), *cells]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}}", r"\end{table}", ""])


def _caption(result: "BenchmarkResult", metric: str) -> str:
    words = [f"{escape(result.suite.title)}: {escape(metric)}, with 95\\% bootstrap intervals."]
    rows = [row for row in result.rows if metric in row.scores]
    if any(math.isfinite(row.scores[metric].sd) for row in rows):
        words.append("In parentheses the standard deviation over seeds.")
    for data in result.columns(metric):
        mine = [row for row in rows if row.data == data]
        if mine:
            row, least = mine[0], min(one.scores[metric].n for one in mine)
            seeds = f"{len(row.seeds)} seed{'s' * (len(row.seeds) > 1)}"
            words.append(escape(f"{data}: {row.protocol}, n = {least}, {seeds}."))
    words.append("Bold: better than every other row of its column (paired bootstrap).")
    if any(result.mean(title, metric) is not None for title in result.titles()):
        words.append("Mean: over the data sets, each counting the same, where a row has them all.")
    return " ".join(words)


def _cell(row: "Row | None", metric: str) -> str:
    if row is None or metric not in row.scores or not math.isfinite(row.scores[metric].value):
        return "--"
    shown = _number(row.scores[metric])
    if row.warning is not None:
        return rf"({shown})\textsuperscript{{seen}}"
    return rf"\textbf{{{shown}}}" if metric in row.best else shown


def _number(score: "Score") -> str:
    spread = f" ({score.sd:.3f})" if math.isfinite(score.sd) else ""
    ends = rf" {{\scriptsize [{score.low:.3f}, {score.high:.3f}]}}" if math.isfinite(score.low) else ""
    return f"{_minus(f'{score.value:.3f}')}{spread}{_minus(ends)}"


def _minus(text: str) -> str:
    return text.replace("-", "$-$")


def _comment(text: str) -> str:
    """One line, however many it had: a line break would end the comment."""
    return " ".join(text.split())
