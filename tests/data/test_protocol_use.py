from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from emolens.cli.main import main
from emolens.data.adapter import import_dataset
from emolens.data.folds import group_folds
from emolens.data.manifest import Manifest
from emolens.data.protocol import Protocol, get_protocol
from emolens.data.protocol_use import apply_protocol, protocol_of
from emolens.data.split import split_manifest, split_within
from emolens.data.train_share import take_train_share
from emolens.errors import ConfigError, DataError


def table(lists: dict[str, int], **columns: object) -> Manifest:
    """Rows of two labels in turn, in splits of these sizes."""
    split = [name for name, n in lists.items() for _ in range(n)]
    frame = pd.DataFrame({"id": [f"{name}{i}" for i, name in enumerate(split)], "path": "a.jpg", "media": "image"})
    frame = frame.assign(label=["joy", "fear"] * (len(split) // 2), label_space="ekman6", split=split, **columns)
    return Manifest(frame, {"dataset": "some"}).freeze_splits()


def sizes(manifest: Manifest) -> dict[str, int]:
    return {name: int(n) for name, n in manifest.frame["split"].value_counts().items()}


def test_caer_s_cuts_the_test_list_and_leaves_train() -> None:
    before = table({"train": 40, "test": 100})
    after = apply_protocol(before, get_protocol("uniemox", "caer_s"))
    assert sizes(after) == {"train": 40, "val": 34, "test": 66}
    assert after.metadata["splits"]["train"] == before.metadata["splits"]["train"]


def test_emotions_takes_the_list_called_val_as_test_and_carves_val_out_of_train() -> None:
    before = table({"train": 100, "val": 40})
    after = apply_protocol(before, get_protocol("published", "emotions"))
    assert sizes(after) == {"train": 90, "val": 10, "test": 40}
    assert after.metadata["splits"]["test"] == before.metadata["splits"]["val"]
    assert set(after.frame.loc[after.frame["split"] == "val", "id"]) <= {f"train{i}" for i in range(100)}


def test_emoset_as_pretrained_by_the_release() -> None:
    before = table({"train": 20, "val": 10, "test": 6})
    assert sizes(apply_protocol(before, get_protocol("uniemox", "emoset"))) == {"train": 30, "test": 6}
    kept = apply_protocol(before, get_protocol("published", "emoset"))
    assert kept.metadata["splits"] == before.metadata["splits"]


def test_shares_of_all_rows_forget_the_lists_of_the_files() -> None:
    one = apply_protocol(table({"train": 100}), get_protocol("uniemox", "ube"))
    other = apply_protocol(replace(one, metadata={"dataset": "some"}), get_protocol("uniemox", "ube"))
    assert sizes(one) == {"train": 70, "val": 10, "test": 20}
    assert one.metadata["protocol"] == other.metadata["protocol"]


def test_actors_of_a_published_fold() -> None:
    actors = [str(1001 + i % 91) for i in range(910)]
    manifest = table({"x": 910}, group=actors)
    protocol = get_protocol("hicmae", "crema_d")
    tested = []
    for fold in range(1, 6):
        made = apply_protocol(manifest, protocol, fold)
        made.validate()
        rows = made.frame.groupby("split")["group"].unique()
        assert not set(rows["train"]) & set(rows["test"])
        assert not set(rows["train"]) & set(rows["val"])
        assert 6 <= len(rows["val"]) <= 8  # a tenth of 72 or 73 actors
        tested.append(set(rows["test"]))
    assert [len(actors) for actors in tested] == [18, 18, 18, 18, 19]
    assert set.union(*tested) == set(actors)
    strange = replace(manifest, frame=manifest.frame.assign(group="2000"))
    with pytest.raises(DataError, match='protocol hicmae: row 0: group "2000" is in none of its 5 folds'):
        apply_protocol(strange, protocol)
    with pytest.raises(ConfigError, match='no column "group" to tell the folds by'):
        apply_protocol(table({"x": 4}), protocol)


def test_groups_left_out_in_turn_are_those_of_data_folds() -> None:
    manifest = table({"x": 80}, group=[f"a{i % 8}" for i in range(80)])
    protocol = get_protocol("actors_out", "javanese")
    for fold, same in enumerate(group_folds(manifest, 4, 0, 0.125), start=1):
        assert apply_protocol(manifest, protocol, fold).metadata["splits"] == same.metadata["splits"]
    assert protocol_of(apply_protocol(manifest, protocol, 3)).fold == 3
    assert protocol_of(apply_protocol(manifest, protocol)).fold == 1
    with pytest.raises(ConfigError, match="no fold 5; it has 1 to 4"):
        apply_protocol(manifest, protocol, 5)
    with pytest.raises(ConfigError, match="has no folds, so there is no fold 1"):
        apply_protocol(manifest, get_protocol("uniemox", "ube"), 1)


def test_lists_that_the_protocol_does_not_know() -> None:
    with pytest.raises(DataError, match="it is of the lists train, test; the files have test, train, val"):
        apply_protocol(table({"train": 4, "val": 4, "test": 4}), get_protocol("published", "caer_s"))
    bare = table({"train": 4})
    with pytest.raises(DataError, match="the files have none"):
        apply_protocol(
            replace(bare, frame=bare.frame.drop(columns="split"), metadata={}), get_protocol("published", "caer_s")
        )


def test_what_a_manifest_says_of_its_protocol(tmp_path: Path) -> None:
    protocol = get_protocol("published", "caer_s")
    made = apply_protocol(table({"train": 100, "test": 40}), protocol)
    use = protocol_of(made)
    assert (use.name, use.dataset, use.sha256, use.changed) == ("published", "some", protocol.sha256, ())
    assert use.words() == f"published of some (sha256 {protocol.sha256[:12]})"
    assert use.to_json()["splits"] == made.metadata["splits"]
    for suffix in (".parquet", ".csv"):
        path = tmp_path / f"m{suffix}"
        made.write(path)
        assert protocol_of(Manifest.read(path)) == use
    assert protocol_of(table({"train": 4})) is None


def test_no_manifest_claims_what_it_no_longer_has() -> None:
    made = apply_protocol(table({"train": 100, "test": 40}), get_protocol("published", "caer_s"))
    assert protocol_of(split_manifest(made, {"train": 0.7, "val": 0.1, "test": 0.2}, 0)) is None
    assert "protocol" not in split_manifest(made, {"train": 0.7, "val": 0.1, "test": 0.2}, 0).metadata
    cut = protocol_of(split_within(made, "train", {"dev": 0.1}, 0))
    assert cut.changed == ("dev", "train")
    assert cut.words().endswith("; changed since: dev, train")
    assert protocol_of(take_train_share(made, 0.5)).changed == ("train", "val")
    frame = made.frame[made.frame["split"] != "val"].reset_index(drop=True)
    assert protocol_of(replace(made, frame=frame).freeze_splits()).changed == ("val",)


def test_damaged_metadata_are_found() -> None:
    made = apply_protocol(table({"train": 100, "test": 40}), get_protocol("published", "caer_s"))
    for damaged in ("published", {"name": "published"}, {**made.metadata["protocol"], "splits": 3}):
        with pytest.raises(DataError, match='metadata "protocol" is damaged'):
            replace(made, metadata={**made.metadata, "protocol": damaged}).validate()


def test_import_by_a_protocol(tmp_path: Path, picture: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(60):
        split = "train" if i < 20 else "test"
        picture(tmp_path / f"caer/{split}/{'Happy' if i % 2 else 'Fear'}/{i:02d}.png", seed=i)
    out = tmp_path / "m.parquet"
    words = ["data", "import", "caer_s", str(tmp_path / "caer"), "--out", str(out)]
    assert main([*words, "--protocol", "uniemox"]) == 0
    rule = get_protocol("uniemox", "caer_s").sha256
    assert f"uniemox of caer_s (sha256 {rule[:12]})" in capsys.readouterr().out
    manifest = Manifest.read(out)
    assert sizes(manifest) == {"train": 20, "val": 14, "test": 26}
    again = import_dataset("caer_s", tmp_path / "caer", protocol="uniemox")
    assert again.metadata["protocol"] == manifest.metadata["protocol"]
    assert main(["data", "info", str(out)]) == 0
    assert "uniemox of caer_s" in capsys.readouterr().out
    assert main(words) == 0
    assert "no protocol" in capsys.readouterr().out
    assert main([*words, "--protocol", "uniemoxx"]) == 2
    assert 'caer_s has no protocol "uniemoxx"' in capsys.readouterr().err
    assert main([*words, "--fold", "2"]) == 2
    assert "--fold 2 is of a protocol; name one with --protocol" in capsys.readouterr().err
    assert main(["data", "info", "caer_s"]) == 0
    assert "--protocol uniemox: train as published" in " ".join(capsys.readouterr().out.split())


def test_a_fold_of_published_lists(tmp_path: Path) -> None:
    classes = ("Anger", "Joy")
    (tmp_path / "classInd.txt").write_text("1 Anger\n2 Joy\n")
    names = [f"{classes[i % 2]}/v{i:02d}" for i in range(40)]
    for name in names:
        path = tmp_path / f"{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    for fold in (1, 2):
        tested = names[:12] if fold == 1 else names[12:24]
        (tmp_path / f"testlist0{fold}.txt").write_text("\n".join(tested))
        (tmp_path / f"trainlist0{fold}.txt").write_text("\n".join(set(names) - set(tested)))
    for fold, first in ((None, "v00"), (2, "v12")):
        made = import_dataset("videoemotion8", tmp_path, protocol="published", fold=fold)
        assert made.frame.loc[made.frame["split"] == "test", "id"].str.endswith(first).any()
        assert sizes(made) == {"train": 25, "val": 3, "test": 12}
        assert protocol_of(made).fold == (fold or 1)
    out = tmp_path / "m.parquet"
    words = ["data", "import", "videoemotion8", str(tmp_path), "--protocol", "published", "--out", str(out)]
    assert main([*words, "--fold", "2"]) == 0
    assert protocol_of(Manifest.read(out)).words().startswith("published of videoemotion8, fold 2 of 10 (sha256 ")
    with pytest.raises(ConfigError, match="the files were read as fold 2, not 1; import them again with --fold 1"):
        apply_protocol(Manifest.read(out), get_protocol("published", "videoemotion8"))


def test_ones_own_protocol_for_ones_own_files(tmp_path: Path, picture: Callable[..., Path]) -> None:
    for i in range(12):
        picture(tmp_path / f"photos/{'positive' if i % 2 else 'negative'}/{i}.png", seed=i)
    protocol = Protocol("halves", (), "halves", "ours", fractions={"train": 0.5, "test": 0.5})
    made = import_dataset("imagefolder", tmp_path / "photos", protocol=protocol)
    assert sizes(made) == {"train": 6, "test": 6}
    assert protocol_of(made).words().startswith("halves (sha256")
