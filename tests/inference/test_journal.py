import pytest

from emolens.errors import ConfigError
from emolens.inference.journal import Journal
from emolens.inference.results import Prediction, Predictions


def test_rows_survive_a_stop_and_the_table_has_the_order_of_the_inputs(tmp_path):
    table = tmp_path / "out" / "t.jsonl"

    def stopped() -> None:
        with Journal(table, resume=False).open() as journal:
            journal.add(Prediction("b"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not table.exists()
    with pytest.raises(ConfigError, match="go on with --resume"):
        Journal(table, resume=False)
    journal = Journal(table, resume=True)
    assert list(journal.done) == ["b"]
    with journal.open():
        journal.add(Prediction("a"))
    journal.finish(["a", "b"])
    assert [row.source for row in Predictions.read_jsonl(table)] == ["a", "b"]
    assert [path.name for path in table.parent.iterdir()] == ["t.jsonl"]
