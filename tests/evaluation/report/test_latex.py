"""Tables for a paper: escaped, and bold only where it is earned."""

from dataclasses import replace

import emolens
from emolens.evaluation.report.latex import escape, latex_tables


def test_characters_of_latex_are_escaped():
    assert escape(r"50% of a_b & c{d} \x") == r"50\% of a\_b \& c\{d\} \textbackslash{}x"
    assert escape("a<b>c|d~e^f") == (r"a\textless{}b\textgreater{}c\textbar{}d\textasciitilde{}e\textasciicircum{}f")
    assert escape("two\nlines") == "two lines"


def test_tables_of_a_benchmark(colours, predictor, tmp_path):
    made = colours(36)
    made.write(tmp_path / "m.parquet")
    (tmp_path / "s.toml").write_text(
        'title = "100% colours"\nmetrics = ["accuracy"]\n[[data]]\nname = "a_b"\nmanifest = "m.parquet"\n'
    )
    result = emolens.benchmark(tmp_path / "s.toml", tmp_path, [predictor(name="red_1")], tmp_path / "out")
    text = (tmp_path / "out" / "tables.tex").read_text()
    score = result.find("red_1", "a_b").scores["accuracy"]
    assert r"\caption{100\% colours: accuracy, with 95\% bootstrap intervals. a\_b: as in the manifest, n = 12" in text
    assert rf"red\_1 & \textbf{{{score.value:.3f}" in text or rf"red\_1 & {score.value:.3f}" in text
    assert rf"{{\scriptsize [{score.low:.3f}, {score.high:.3f}]}}" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1

    worst = replace(result, command="a\nb", rows=tuple(replace(row, warning="seen") for row in result.rows))
    shown = latex_tables(worst)
    assert shown.startswith("% a b\n")  # a line break would end the comment
    assert shown.count(r"\textsuperscript{seen}") == 2
