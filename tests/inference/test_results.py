import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emolens.errors import ConfigError, DataError
from emolens.heads.answers import Answers
from emolens.inference.prediction import COLUMNS, Prediction, to_json
from emolens.inference.results import Predictions, by_input
from emolens.taxonomy import get_label_space

SPACE = get_label_space("polarity2")
GOOD = Prediction(
    "å b,\"c\".jpg", label="positive", score=0.75, scores={"negative": 0.25, "positive": 0.75}, valence=0.5,
    arousal=-0.25, polarity="positive", model="mini", label_space="polarity2",
)  # fmt: skip
BAD = Prediction("gone.jpg", model="mini", label_space="polarity2", status="error", error="gone.jpg: no such file")


@pytest.fixture
def predictions():
    return Predictions.from_rows([GOOD, BAD])


def test_pandas_has_the_documented_columns(predictions):
    frame = predictions.to_pandas()
    assert tuple(frame.columns) == COLUMNS
    assert frame.loc[0, "scores"] == {"negative": 0.25, "positive": 0.75}
    assert frame.loc[1, "status"] == "error"


def test_matrix_follows_the_space_and_errors_are_nan(predictions):
    score_NC = predictions.score_NC(SPACE)
    assert score_NC[0].tolist() == [0.25, 0.75]
    assert np.isnan(score_NC[1]).all()
    assert predictions.values("valence")[0] == 0.5
    assert math.isnan(predictions.values("valence")[1])


def test_json_lines_come_back(predictions, tmp_path):
    predictions.write(tmp_path / "t.jsonl")
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()
    assert [Prediction(**json.loads(line)) for line in lines] == [GOOD, BAD]
    assert lines == [to_json(GOOD), to_json(BAD)]


def test_rows_become_arrays_and_rows_again(predictions):
    assert list(predictions) == [GOOD, BAD]
    assert predictions[1] == BAD
    assert predictions[-1] == BAD
    assert list(predictions[[1, 0, 1]]) == [BAD, GOOD, BAD]
    assert predictions.label_space == SPACE


def test_rows_over_other_labels_are_refused():
    with pytest.raises(DataError, match=r"row 1 .*: its scores are not over polarity2"):
        Predictions.from_rows([GOOD, replace(GOOD, scores={"odd": 1.0})])
    with pytest.raises(DataError, match="scores over polarity2 are not scores over ekman6"):
        Predictions.from_rows([GOOD]).score_NC(get_label_space("ekman6"))


def test_tables_join_and_what_one_lacks_is_unknown():
    bare = Predictions.of(["x.png"], ["image"], Answers(SPACE), model="mini", status=["error"], error=["gone"])
    whole = Predictions.concatenate([bare, Predictions.from_rows([GOOD])])
    assert [row.status for row in whole] == ["error", "ok"]
    assert whole[1] == GOOD
    assert len(Predictions.concatenate([])) == 0


def test_csv_and_parquet(predictions, tmp_path):
    predictions.write(tmp_path / "t.csv")
    frame = pd.read_csv(tmp_path / "t.csv")
    assert frame.loc[0, "source"] == GOOD.source
    assert json.loads(frame.loc[0, "scores"]) == GOOD.scores
    predictions.write(tmp_path / "t.parquet")
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert dict(frame.loc[0, "scores"]) == GOOD.scores
    assert frame.loc[1, "error"] == BAD.error


def test_an_unknown_suffix_is_refused(predictions, tmp_path):
    with pytest.raises(ConfigError, match=r'must end in .jsonl, .csv, .parquet, not ".xlsx"'):
        predictions.write(tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_a_file_is_an_answer_and_an_error_is_none():
    assert [Prediction("a", status=s).answered for s in ("ok", "no_audio", "no_video", "partial", "error")] == [
        True, True, True, True, False,
    ]  # fmt: skip
    assert repr(Predictions.from_rows([replace(GOOD, status="partial"), BAD])) == "Predictions(2 rows, 1 with errors)"


def test_rows_by_source_know_wholes_and_windows():
    whole = Prediction("a.mp4", media="video", start_s=0.0, end_s=6.0)
    windows = [Prediction("a.mp4", media="video", start_s=2.0 * k, end_s=2.0 * k + 4) for k in range(2)]
    still, short = Prediction("b.png"), Prediction("c.mp4", media="video", start_s=0.0, end_s=3.0)
    rows = [whole, *windows, still, still, short, BAD]
    assert by_input(rows) == [[whole, *windows], [still], [still], [short], [BAD]]
    assert by_input(Predictions.from_rows(rows[:3])) == [[whole, *windows]]
    assert by_input([]) == []


def test_the_number_of_the_input_tells_a_repeated_video_from_a_window():
    whole = Prediction("a.mp4", media="video", start_s=0.0, end_s=6.0)
    assert by_input(Predictions.from_rows([whole, whole], inputs=[0, 1])) == [[whole], [whole]]


def test_slices_are_predictions(predictions):
    assert isinstance(predictions[:1], Predictions)
    assert repr(predictions) == "Predictions(2 rows, 1 with errors)"
