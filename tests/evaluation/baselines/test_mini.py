"""mini as a baseline."""

from emolens.compute import ComputeConfig
from emolens.evaluation.baselines.mini import mini
from emolens.evaluation.candidate import Setting


def test_it_is_there_unless_it_was_given(tmp_path):
    def names(*models):
        return [one.name for one in mini(Setting({}, models, (), ComputeConfig(), tmp_path))]

    assert names("run:a") == ["mini"]
    assert names("run:a", "mini") == []
