"""A model of coarser labels on finer data."""

from dataclasses import replace

import numpy as np
import pytest

from emolens.evaluation.evaluate import evaluate
from emolens.evaluation.score.coarser import coarsened
from emolens.evaluation.score.targets import read_targets

FINE = ("rage", "zest", "surprise", "gratitude")  # of parrott25: negative, positive, neutral, positive without a parent


@pytest.fixture
def webemo(colours):
    """The coloured pictures with labels of parrott25, in turn."""
    found = colours()
    labels = [FINE[row % 4] for row in range(len(found))]
    return replace(found, frame=found.frame.assign(label=labels, label_space="parrott25"))


def test_what_the_model_knows_is_measured_exactly(predictor, webemo, capsys):
    model = predictor(points=False)
    found = evaluate(model, webemo)
    rows = webemo.select("test")
    polarity = {"rage": "negative", "zest": "positive", "surprise": None, "gratitude": "positive"}
    expected = [polarity[label] for label in rows.frame["label"]]
    said = [row.label for row in model.predict(rows.paths())]
    right = [a == b for a, b in zip(said, expected, strict=True) if b is not None]
    assert found.metrics["accuracy"].value == pytest.approx(np.mean(right))
    assert found.metrics["accuracy"].n == len(right) < len(rows)
    facts = found.to_json()
    assert (facts["label_space"], facts["coarsened_from"]) == ("polarity2", "parrott25")
    assert facts["mapping"]["labels"] == "coarsened"
    assert facts["confusion"]["labels"] == ["negative", "positive"]
    lost = len(rows) - len(right)
    assert (
        f"labels of parrott25 were taken to polarity2, which colour knows; {lost} of {len(rows)} rows have none there "
        "(surprise)" in capsys.readouterr().err
    )


def test_the_report_says_so(predictor, webemo, tmp_path):
    evaluate(predictor(points=False), webemo, out=tmp_path / "out")
    assert "the labels of the data are finer" in (tmp_path / "out" / "report.html").read_text()


def test_several_labels(predictor, webemo):
    lists = [["rage", "zest"], ["surprise"], ["gratitude"], []] * (len(webemo) // 4)
    frame = webemo.frame.drop(columns="label").assign(labels=lists[: len(webemo)])
    after = coarsened(predictor(points=False), read_targets(replace(webemo, frame=frame), None))
    assert after.label_NC[:4].tolist() == [[True, True], [False, False], [False, True], [False, False]]


@pytest.mark.parametrize(
    ("space", "points"),
    [("parrott25", False), ("polarity3", False), ("polarity2", True), ("mikels8", False), (None, True)],
)
def test_else_nothing_changes(predictor, webemo, space, points):
    targets = read_targets(webemo, "test")
    after = coarsened(predictor(space, points), targets)
    assert (after is targets) == (space != "polarity3")
