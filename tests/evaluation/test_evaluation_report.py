"""The report of one evaluation."""

import re
from html.parser import HTMLParser

import pytest

from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.report.evaluation_page import evaluation_page
from emolens.evaluation.report.page import number, signed

VOID = {"meta", "img", "br"}


class Outline(HTMLParser):
    """Tags that open and close, and every address."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    assert parser.open == []
    return parser


def test_is_whole_loads_nothing_and_runs_nothing(predictor, colours):
    html = evaluation_page(evaluate(predictor(), colours(domain=["a", "b"] * 12)))
    found = outline(html)
    assert "script" not in found.tags
    assert found.addresses
    assert all(address.startswith("data:image/jpeg;base64,") for address in found.addresses)
    assert not re.search(r"url\(|@import", html)


def test_shows_the_numbers_of_the_evaluation(predictor, colours):
    evaluation = evaluate(predictor(), colours(), command="emolens evaluate x --seed 0")
    html = evaluation_page(evaluation)
    for m in evaluation.metrics.values():
        assert number(m.value) in html
        assert f"[{number(m.low)}, {number(m.high)}]" in html
    assert evaluation.targets.ids_sha256 in html
    assert "emolens evaluate x --seed 0" in html


@pytest.mark.parametrize(
    "name", ["<img src=x onerror=alert(1)>.png", '"><script>alert(1)</script>.png', "{{ 7 * 7 }}.png"]
)
def test_a_hostile_name_is_only_text(predictor, colours, picture, tmp_path, name):
    manifest = colours(n=6)
    path = manifest.root / name.replace("/", "_")
    picture(path)
    manifest.frame.loc[0, ["path", "id"]] = [path.name, name]
    (manifest.root / manifest.frame.loc[3, "path"]).write_bytes(b"")
    manifest.frame.loc[3, "id"] = "b" + name
    html = evaluation_page(evaluate(predictor(name=name), manifest))
    assert "<script" not in html
    assert "<img src=x" not in html
    assert ">49" not in html
    outline(html)


@pytest.mark.parametrize(
    ("space", "affect", "points"), [("mikels8", False, False), (None, True, True), ("emotic26", False, False)]
)
def test_parts_without_data_are_left_out(predictor, colours, space, affect, points):
    html = evaluation_page(evaluate(predictor(space=space, points=points), colours(space=space, affect=affect)))
    assert ("Which label is taken for which" in html) == (space is not None)
    assert ("predicted valence" in html) == affect
    outline(html)


def test_one_row_makes_a_report(predictor, colours):
    html = evaluation_page(evaluate(predictor(), colours(n=3)))
    assert "1 rows" in html
    outline(html)


def test_numbers_are_written_alike_everywhere():
    assert (number(0.12345), number(-0.5), number(float("nan"))) == ("0.123", "−0.500", "–")
    assert (signed(0.1), signed(-0.1), signed(-1e-9)) == ("+0.100", "−0.100", "+0.000")


def test_colours_are_those_of_the_plots(predictor, colours):
    from emolens.drawing.style import POLARITY_COLOURS

    html = evaluation_page(evaluate(predictor(), colours(n=6)))
    for polarity, colour in POLARITY_COLOURS.items():
        assert f"--{polarity}: {colour};" in html
