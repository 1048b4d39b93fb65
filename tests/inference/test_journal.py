import json

import pytest

from emolens.errors import ConfigError
from emolens.inference.journal import Journal
from emolens.inference.prediction import Prediction
from emolens.inference.results import by_input


def test_rows_survive_a_stop_and_the_table_has_the_order_of_the_inputs(tmp_path):
    table = tmp_path / "out" / "t.jsonl"

    def stopped() -> None:
        with Journal(table, resume=False).open() as journal:
            journal.add([Prediction("b")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not table.exists()
    with pytest.raises(ConfigError, match="continue it with --resume"):
        Journal(table, resume=False)
    journal = Journal(table, resume=True)
    assert list(journal.done) == ["b"]
    with journal.open():
        journal.add([Prediction("a")])
    journal.finish(["a", "b"])
    assert [row["source"] for row in map(json.loads, table.read_text().splitlines())] == ["a", "b"]
    assert [path.name for path in table.parent.iterdir()] == ["t.jsonl"]


def film(name: str, windows: int) -> list[Prediction]:
    whole = Prediction(name, media="video", start_s=0.0, end_s=12.0)
    return [whole, *(Prediction(name, media="video", start_s=2.0 * k, end_s=2.0 * k + 4) for k in range(windows))]


def test_a_video_is_done_when_all_its_windows_are(tmp_path):
    table = tmp_path / "t.jsonl"

    def stopped() -> None:
        with Journal(table, resume=False).open() as journal:
            journal.add(film("a", 5))
            journal.add(film("b", 5))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    partial = tmp_path / ".t.jsonl.partial.jsonl"
    partial.write_text(partial.read_text()[:-40])  # as a power cut leaves it, in the windows of b
    journal = Journal(table, resume=True)
    assert journal.done == {"a": film("a", 5)}
    with journal.open():
        journal.add([Prediction("picture")])
        journal.add(film("b", 2))
    written = journal.finish(["b", "picture", "a"])
    assert list(written) == [*film("b", 2), Prediction("picture"), *film("a", 5)], "the whole first, then its windows"
    assert [Prediction(**json.loads(line)) for line in table.read_text().splitlines()] == list(written)


def test_an_input_that_is_given_twice_has_its_rows_twice(tmp_path):
    journal = Journal(tmp_path / "t.csv", resume=False)
    with journal.open():
        journal.add(film("a", 2))
    assert by_input(journal.finish(["a", "a"])) == [film("a", 2), film("a", 2)]


ASKED = {"model": "mini", "who": "both", "people": "yolox:nano from 0.3"}


def test_what_was_asked_is_kept_and_must_be_asked_again(tmp_path):
    table = tmp_path / "t.jsonl"
    journal = Journal(table, resume=False)
    journal.check_asked(ASKED)
    with journal.open():
        journal.add([Prediction("a"), Prediction("a", person=1)])
    Journal(table, resume=True).check_asked(ASKED)
    for name, other in (("model", "lite"), ("who", "scene"), ("people", "yolox:nano from 0.5")):
        with pytest.raises(ConfigError, match=f"was of {name} {ASKED[name]}, this one is of {name} {other}; continue"):
            Journal(table, resume=True).check_asked({**ASKED, name: other})
    again = Journal(table, resume=True)
    again.check_asked(ASKED)
    with again.open():
        again.add([Prediction("b")])
    assert [row.person for row in again.finish(["b", "a"])] == [None, None, 1]


def test_what_was_asked_does_not_matter_where_nothing_was_done(tmp_path):
    (tmp_path / ".t.jsonl.partial.jsonl").write_text('{"model": "mini"}\n[{"source": "a", "me')
    journal = Journal(tmp_path / "t.jsonl", resume=True)
    journal.check_asked({"model": "lite"})
    assert journal.done == {}
