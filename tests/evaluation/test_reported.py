"""Numbers from publications."""

import pytest

from emolens.errors import DataError
from emolens.evaluation.reported import ReportedNumber, read_reported

GOOD = """
[[reported]]
name = "CLIP-E"
metric = "accuracy"
value = 0.5
source = "arXiv 2310.12062, table 2"
split = "their random 80/20"
"""


def test_reads_what_is_needed(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(GOOD)
    assert read_reported(path) == [
        ReportedNumber("CLIP-E", "accuracy", 0.5, "arXiv 2310.12062, table 2", "their random 80/20")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1", r"no \[\[reported\]\] tables"),
        ("[[reported]", "not readable TOML"),
        (GOOD.replace('split = "their random 80/20"', ""), 'number 1: needs the text "split"'),
        (GOOD.replace("0.5", '"half"'), 'number 1: needs the number "value"'),
        (GOOD.replace("metric", "metrik"), 'unknown field "metrik"; did you mean "metric"'),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "r.toml"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_reported(path)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_reported(tmp_path / "r.toml")
