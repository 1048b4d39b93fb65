"""Suites are facts; what is wrong in one is said with its place."""

import pytest

from emolens.data.adapter import get_adapter, plan_import
from emolens.data.protocol import get_protocol
from emolens.errors import ConfigError
from emolens.evaluation.benchmark.suite import list_suites, read_suite
from emolens.taxonomy import get_label_space, mapping_kind

ONE = 'title = "One"\n[[data]]\nname = "a"\nadapter = "fi"\n'


@pytest.mark.parametrize("name", list_suites())
def test_every_suite_names_data_sets_and_options_that_exist(name):
    suite = read_suite(name)
    assert suite.name == name
    assert suite.source
    for entry in suite.data:
        assert get_adapter(entry.adapter)
        importer, preset = plan_import(entry.adapter)
        importer.fill({**preset, **entry.options})
        if entry.label_space:
            own = get_label_space(get_adapter(entry.adapter).label_space)
            assert mapping_kind(own, get_label_space(entry.label_space)) == "exact"
        if entry.protocol:
            assert get_protocol(entry.protocol, get_adapter(entry.adapter).name).source


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(ONE + "folds = 4\nval = 1\n")
    suite = read_suite(str(path))
    assert (suite.name, suite.seeds, suite.data[0].folds, suite.shown("a")) == ("mine", 1, 4, ("accuracy", "uar"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", r"mine\.toml: is not TOML"),
        ('title = "x"', r"mine\.toml: has no \[\[data\]\] tables"),
        ("data = []\n" + 'title = "x"', r"mine\.toml: suite: has no \[\[data\]\]"),
        (ONE + "fold = 3\n", r'\[\[data\]\] 1: no field "fold"; did you mean "folds"'),
        (ONE + 'folds = "ten"\n', "data set \"a\": folds is 'ten'; it must be a whole number"),
        (ONE + "folds = true\n", "folds is True; it must be a whole number"),
        (ONE + "metrics = [1]\n", r"metrics is \(1,\); it must be a list, each a text"),
        (ONE + 'view = "sky"\n', "view is 'sky'; it must be one of scene, person"),
        (ONE + 'manifest = "a.parquet"\n', "give either adapter or manifest"),
        (ONE + "folds = 3\nratios = { train = 1.0 }\n", "give one of protocol, ratios and folds"),
        (ONE + '[[data]]\nname = "a"\nadapter = "fi"\n', 'two data sets are called "a"'),
        ('transfer = ["b"]\n' + ONE, 'transfer names "b", which is no data set'),
        ("seeds = 0\n" + ONE, "seeds 0: must be at least 1"),
        ("colour = 1\n" + ONE, 'suite: no field "colour"'),
        ('[[data]]\nname = "a"\nadapter = "fi"\n', "missing 1 required .*'title'"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_suite(str(path))


def test_an_unknown_suite_names_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match='unknown suite "shard"; did you mean "shared"'):
        read_suite("shard")
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read \(No such file"):
        read_suite(str(tmp_path / "nowhere.toml"))
