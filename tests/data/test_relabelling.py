"""Labels in another label space: what becomes of each, what is lost, and what stays."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.data import Manifest, Relabelling, relabel
from emolens.data.split import split_manifest
from emolens.errors import ConfigError, DataError
from emolens.taxonomy import LabelSpace, get_label_space, map_scores

WEBEMO = get_label_space("parrott25")


def table(labels=None, space="parrott25", **columns):
    count = len(labels if labels is not None else next(iter(columns.values())))
    frame = pd.DataFrame({"id": [f"i{row}" for row in range(count)], "path": "a.jpg", "media": "image"})
    if labels is not None:
        frame["label"] = pd.Series(labels, dtype="str")
    frame["label_space"] = space
    return Manifest(frame.assign(**columns))


def lists_of(lists):
    manifest = table([None] * len(lists))
    return replace(manifest, frame=manifest.frame.drop(columns="label").assign(labels=pd.Series(lists, dtype=object)))


def labels_of(manifest):
    return [label if isinstance(label, str) else None for label in manifest.frame["label"]]


def obvious(label, space):
    """Where a label of parrott25 goes, by hand."""
    if space == "polarity2":
        polarity = WEBEMO.polarity[WEBEMO.index(label)]
        return polarity if polarity != "neutral" else None
    return WEBEMO.parents[WEBEMO.index(label)]


@settings(max_examples=25)
@given(st.lists(st.sampled_from([*WEBEMO.labels, None]), min_size=1, max_size=60), st.sampled_from([6, 2]))
def test_every_label_goes_to_its_group_and_what_is_lost_is_counted(labels, size):
    if not any(labels):
        labels = [*labels, "rage"]
    space = {6: "parrott6", 2: "polarity2"}[size]
    before = table(labels)
    after = relabel(before, space)
    after.validate()
    expected = [label and obvious(label, space) for label in labels]
    assert labels_of(after) == expected
    (step,) = Relabelling.of(after)
    assert (step.source, step.target, step.how) == ("parrott25", space, "exact")
    assert step.counts == {label: labels.count(label) for label in WEBEMO.labels}
    assert step.counts_after == {label: expected.count(label) for label in get_label_space(space).labels}
    assert step.unlabelled["label"] == sum(a is not None and b is None for a, b in zip(labels, expected, strict=True))
    assert set(step.empty) == set(get_label_space(space).labels) - set(expected)
    for bits, values in zip(step.bits, (labels, expected), strict=True):
        counts = Counter(value for value in values if value is not None)
        total = sum(counts.values())
        naive = -sum(n / total * math.log2(n / total) for n in counts.values())
        assert bits == pytest.approx(naive, abs=1e-12)


def test_rows_ids_splits_and_other_columns_stay():
    before = split_manifest(table(list(WEBEMO.labels) * 8, valence_note="kept"), {"train": 0.5, "test": 0.5}, 0)
    after = relabel(before, "parrott6")
    others = [name for name in before.frame if name not in ("label", "label_space")]
    pd.testing.assert_frame_equal(after.frame[others], before.frame[others])
    assert after.metadata["splits"] == before.metadata["splits"]
    assert labels_of(before) == list(WEBEMO.labels) * 8, "the original is not changed"
    assert Relabelling.of(after)[0].dropped == {"confusion": 8, "gratitude": 8}
    assert str(Relabelling.of(after)[0]) == (
        "25 labels of parrott25 become 6 of parrott6 (exact); 4.64 bits a label become 2.32; "
        "rows left without a label: 16 (confusion, gratitude)"
    )


def test_in_two_steps_and_on_disk(tmp_path):
    for path in (tmp_path / "m.parquet", tmp_path / "m.csv"):
        relabel(relabel(table(["rage", "zest", "surprise", "gratitude"]), "parrott6"), "polarity2").write(path)
        read = Manifest.read(path)
        assert labels_of(read) == ["negative", "positive", None, None]
        assert read.space().name == "polarity2"
        first, second = Relabelling.of(read)
        assert (first.target, second.source) == ("parrott6", "parrott6")
        assert second.dropped == {"surprise": 1}


def test_files_misspellings_are_understood():
    after = relabel(table(["cheerfullness", "Irritabilty"]), "parrott6")
    assert labels_of(after) == ["joy", "anger"]
    assert Relabelling.of(after)[0].counts["cheerfulness"] == 1


def test_several_labels_fall_together_and_lists_may_shrink():
    lists = [["rage", "envy", "zest"], ["gratitude", "rage"], ["gratitude", "confusion"], [], None]
    after = relabel(lists_of(lists), "parrott6")
    after.validate()
    assert [None if found is None else list(found) for found in after.frame["labels"]] == [
        ["anger", "joy"],
        ["anger"],
        None,
        [],
        None,
    ]
    (step,) = Relabelling.of(after)
    assert (step.unlabelled, step.thinned) == ({"labels": 1}, {"labels": 1})
    assert step.counts["rage"] == 2


def test_distributions_are_summed_as_scores_are_mapped(rng):
    share_NS = rng.dirichlet(np.ones(25), size=8)
    share_NS[-1] = 0
    share_NS[-1, WEBEMO.index("gratitude")] = 1  # has no parent
    rows = [*share_NS.tolist(), None]
    after = relabel(table(None, distribution=rows), "parrott6")
    after.validate()
    found = after.frame["distribution"]
    np.testing.assert_allclose(np.stack(found[:7]), map_scores(share_NS[:7], "parrott25", "parrott6"), atol=1e-12)
    assert found[7] is None
    assert found[8] is None
    (step,) = Relabelling.of(after)
    assert (step.unlabelled, step.thinned) == ({"distribution": 1}, {"distribution": 7})
    assert sum(step.counts.values()) == pytest.approx(8, abs=1e-4)


def test_rows_of_several_spaces_become_one():
    both = table(["rage", "amusement", "zest", None], space=["parrott25", "mikels8", "parrott25", "mikels8"])
    after = relabel(both, "polarity3")
    assert labels_of(after) == ["negative", "positive", "positive", None]
    assert after.space().name == "polarity3"
    assert [step.source for step in Relabelling.of(after)] == ["mikels8", "parrott25"]


def test_the_same_space_is_no_step():
    before = table(["rage"])
    assert relabel(before, "parrott25").metadata == before.metadata
    assert Relabelling.of(before) == []


def test_a_space_of_ones_own_travels_along(tmp_path):
    (tmp_path / "arousal.toml").write_text(
        'labels = [{name = "calm", polarity = "positive", valence_arousal = [0.5, -0.5]}, '
        '{name = "excited", polarity = "positive", valence_arousal = [0.5, 0.5]}, '
        '{name = "tense", polarity = "negative", valence_arousal = [-0.5, 0.5]}]'
    )
    after = relabel(table(["zest", "rage", "contentment"]), str(tmp_path / "arousal.toml"), "valence_arousal")
    assert labels_of(after) == ["excited", "tense", "calm"]
    after.write(tmp_path / "m.parquet")
    assert Manifest.read(tmp_path / "m.parquet").space().labels == ("calm", "excited", "tense")
    assert relabel(table(["rage"]), LabelSpace.of("two", ["rage", "zest"]), "valence_arousal").space().name == "two"


def test_by_text_it_is_the_nearest_words(tiny_clip):
    from emolens.models.backbones.load import load_backbone
    from emolens.models.zero_shot import label_embeddings

    clip = load_backbone(tiny_clip)
    source, target = get_label_space("mikels8"), get_label_space("ekman6")
    after = relabel(table(list(source.labels), "mikels8"), "ekman6", "text", clip)
    cosine_ST = label_embeddings(clip, source).double() @ label_embeddings(clip, target).double().T
    for label, found, cosine_T in zip(source.labels, labels_of(after), cosine_ST.tolist(), strict=True):
        nearest = target.labels[max(range(6), key=cosine_T.__getitem__)]
        assert found == (label if label in target.labels else nearest)
    assert Relabelling.of(after)[0].backbone == tiny_clip


def test_mistakes():
    with pytest.raises(ConfigError) as error:
        relabel(table(["rage"]), "mikels8")
    assert str(error.value) == (
        "there is no exact table from parrott25 to mikels8, whose labels are no groups of those. Other ways guess: "
        "--how valence_arousal (each label to the nearest point of its polarity; 25 labels become 7, 1 of mikels8 stay "
        "empty), or text (--how text --backbone ViT-B-32/openai: each label to the nearest words)"
    )
    with pytest.raises(ConfigError, match='unknown way "exakt" to relabel; did you mean "exact"'):
        relabel(table(["rage"]), "parrott6", "exakt")
    with pytest.raises(ConfigError, match="needs a CLIP that reads the words"):
        relabel(table(["rage"]), "mikels8", "text")
    with pytest.raises(ConfigError, match='unknown label space "parrot6"'):
        relabel(table(["rage"]), "parrot6")
    with pytest.raises(DataError, match="the manifest has no labels"):
        relabel(table([None]), "parrott6")
    strange = replace(table(["a"], "own"), metadata={"label_spaces": {"own": LabelSpace.of("own", ["a"]).as_dict()}})
    with pytest.raises(ConfigError, match="by valence and arousal there is none: own: no valence-arousal point"):
        relabel(strange, "mikels8")


def test_by_text_needs_a_backbone_that_reads():
    from emolens.models.backbones.load import load_backbone

    with pytest.raises(ConfigError, match='backbone "mini" reads no text'):
        relabel(table(["rage"]), "mikels8", "text", load_backbone("mini"))
