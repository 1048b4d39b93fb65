"""The ground truth of a split."""

import numpy as np
import pytest

from emolens.errors import DataError
from emolens.evaluation.score.targets import read_targets
from emolens.taxonomy import get_label_space


def test_labels_ratings_and_groups_of_a_split(colours):
    manifest = colours(n=12, group=[f"g{i % 4}" if i % 3 == 0 else "t" for i in range(12)], domain=["a", None] * 6)
    targets = read_targets(manifest, "test")
    rows = manifest.frame[manifest.frame["split"] == "test"]
    assert targets.id_N == tuple(rows["id"])
    assert [get_label_space("polarity2").labels[c] for c in targets.label_N] == list(rows["label"])
    np.testing.assert_allclose(targets.valence_N, (rows["valence"] - 4) / 3)
    assert targets.ids_sha256 == manifest.metadata["splits"]["test"]["sha256"]
    same = np.array(rows["group"])[:, None] == np.array(rows["group"])
    np.testing.assert_array_equal(targets.group_N[:, None] == targets.group_N, same)
    assert set(targets.columns["domain"]) == {"a", "(none)"}
    assert not targets.has_videos


def test_a_row_without_a_group_is_its_own(colours):
    manifest = colours(n=12, group=["a", "t", None] * 4)
    group_N = read_targets(manifest, None).group_N
    assert len(set(group_N.tolist())) == 2 + 4


def test_rows_without_a_target(colours):
    manifest = colours(n=9, space=None, affect=False, labels=[["positive"], [], None] * 3, label_space="polarity2")
    assert read_targets(manifest, None).has_target_N.tolist() == [True, False, False] * 3
    manifest.frame["labels"] = None
    with pytest.raises(DataError, match="there is nothing to compare predictions with"):
        read_targets(manifest, None)
