"""Batches of videos: by (seed, epoch, row) alone, with or without the cache, and past bad files."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

import emolens
from emolens.data.loaders.video_augment import VideoAugment
from emolens.data.loaders.video_cache import VideoCacheConfig, build_cache
from emolens.data.loaders.videos import VideoDataset
from emolens.data.manifest import Manifest
from emolens.data.shards import read_index, write_shards
from emolens.errors import DataError, MediaError
from emolens.media.video_sample import VideoConfig, read_video
from emolens.models.av_cpnet import AVCPNet

RUN = Path(__file__).resolve().parents[2] / "golden" / "runs" / "av_frames"
SMALL = VideoConfig(segments=2, frames=2, size=28, audio_frames=16)


@pytest.fixture(scope="session")
def originals(tmp_path_factory, video) -> Path:
    """Four videos, the third without sound, and a sound."""
    folder = tmp_path_factory.mktemp("videos")
    for k in range(4):
        video(folder / f"{k}.mp4", seconds=2, size=(72, 48), sound=k != 2, seed=k, tone_hz=300.0 + 200 * k)
    video(folder / "4.m4a", pictures=False)
    return folder


@pytest.fixture
def manifest(originals, tmp_path) -> Manifest:
    shutil.copytree(originals, tmp_path, dirs_exist_ok=True)
    names = [f"{k}.mp4" for k in range(4)] + ["4.m4a"]
    frame = pd.DataFrame({"id": [f"c{k}" for k in range(5)], "path": names, "media": ["video"] * 4 + ["audio"]})
    return Manifest(frame, {}, tmp_path)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_batch_of_validation(manifest):
    batch = VideoDataset(manifest, SMALL, train=False)[[3, 2, 4]]
    assert {name: tuple(value.shape) for name, value in batch.items()} == {
        "video": (3, 2, 2, 28, 28, 3), "audio": (3, 2, 16, 32), "has_video": (3,), "has_audio": (3,), "row": (3,),
    }  # fmt: skip
    assert batch["row"].tolist() == [3, 2, 4]
    assert batch["has_video"].tolist() == [True, True, False]
    assert batch["has_audio"].tolist() == [True, False, True]
    sample = read_video(manifest.paths()[3], SMALL)
    assert torch.equal(batch["video"][0], sample.video_STHWC)
    assert torch.equal(batch["audio"][0], sample.audio_SFM)
    assert not batch["audio"][1].any()
    assert not batch["video"][2].any()


def test_validation_sees_what_prediction_sees(manifest, monkeypatch):
    """Bit for bit: the tensors that a saved run's network is given of the same files."""
    fed = []
    forward = AVCPNet.forward

    def watched(net, *tensors):
        fed.append([tensor.clone() for tensor in tensors])
        return forward(net, *tensors)

    monkeypatch.setattr(AVCPNet, "forward", watched)
    rows = list(range(5))
    emolens.load(f"run:{RUN}", device="cpu", precision="fp32").predict(manifest.paths())
    config = VideoConfig.from_dict(json.loads((RUN / "config.json").read_text())["clip"])
    batch = VideoDataset(manifest, config, train=False)[rows]
    for place, name in enumerate(("video", "audio", "has_video", "has_audio")):
        assert torch.equal(torch.cat([tensors[place] for tensors in fed]), batch[name]), name


@pytest.mark.parametrize("augment", [None, VideoAugment(frame_mask=4)])
def test_a_row_is_decided_by_seed_epoch_and_row(manifest, augment):
    def batch(rows, seed=0, epoch=0):
        dataset = VideoDataset(manifest, SMALL, seed, augment=augment)
        dataset.set_epoch(epoch)
        return dataset[rows]

    first = batch([0, 1])
    assert same(first, batch([0, 1]))
    assert same({name: value[1:] for name, value in first.items()}, batch([1]))
    for other in ({"seed": 1}, {"epoch": 1}):
        assert not torch.equal(first["video"], batch([0, 1], **other)["video"])


def test_workers_give_the_same(manifest):
    dataset = VideoDataset(manifest, SMALL, augment=VideoAugment())
    dataset.set_epoch(3)
    loader = DataLoader(dataset, sampler=[[0, 1], [3, 4]], batch_size=None, num_workers=2)
    for rows, batch in zip([[0, 1], [3, 4]], loader, strict=True):
        assert same(batch, dataset[rows])


def test_the_cache_gives_the_same_but_for_its_jpeg(manifest, tmp_path):
    augment = VideoAugment(noise=0)
    sound_s = SMALL.sound_s
    build_cache(manifest, tmp_path / "c", VideoCacheConfig(size=augment.reading_side(28), sound_s=sound_s))
    direct = VideoDataset(manifest, SMALL, augment=augment)[[0, 1, 2, 4]]
    path = manifest.root / "0.mp4"
    path.rename(tmp_path / "elsewhere")  # so that it must come from the cache
    cached = VideoDataset(manifest, SMALL, augment=augment, cache=tmp_path / "c")[[0, 1, 2, 4]]
    for name in ("row", "has_video", "has_audio"):
        assert torch.equal(direct[name], cached[name])
    difference = (direct["video"].int() - cached["video"].int()).abs().float()
    assert 0 < difference.mean() < 4
    # The frames' numbers, dark and bright, differ by 150 from one frame to another: these are the same frames.
    assert difference.flatten(3).mean(-1).max() < 6
    torch.testing.assert_close(direct["audio"], cached["audio"], atol=1.0, rtol=0)


def test_a_cache_that_is_too_small_or_incomplete_is_no_harm(manifest, tmp_path):
    build_cache(manifest, tmp_path / "c", VideoCacheConfig(size=16, sound_s=0.1))
    direct, cached = (VideoDataset(manifest, SMALL, cache=cache)[[0, 4]] for cache in (None, tmp_path / "c"))
    assert same(direct, cached)
    assert same(direct, VideoDataset(manifest, SMALL, cache=tmp_path / "none")[[0, 4]])


def test_a_file_that_vanishes_between_epochs(manifest, capsys):
    dataset = VideoDataset(manifest, SMALL, augment=VideoAugment())
    assert dataset[[1, 2]]["row"].tolist() == [1, 2]
    (manifest.root / "1.mp4").unlink()
    for epoch in (1, 2):
        dataset.set_epoch(epoch)
        assert dataset[[1, 3]]["row"].tolist() == [2, 3]
    said = capsys.readouterr().err
    assert said.count('row 1 (id "c1")') == 1
    assert "no such file; the next video is taken instead" in said
    with pytest.raises(MediaError, match=r'row 1 \(id "c1"\): .*no such file'):
        VideoDataset(manifest, SMALL, train=False)[[1]]


@pytest.mark.parametrize("content", [b"words\n" * 300, b"", None])
def test_broken_files_are_passed_over(manifest, content):
    path: Path = manifest.root / "0.mp4"
    path.write_bytes(path.read_bytes()[:700] if content is None else content)
    assert VideoDataset(manifest, SMALL)[[0]]["row"].tolist() == [1]


def test_nothing_but_broken_files_is_an_error(tmp_path):
    frame = pd.DataFrame({"id": list("abcdefghij"), "path": [f"{k}.mp4" for k in range(10)], "media": "video"})
    with pytest.raises(
        DataError, match=r'row 4 \(id "e"\) and the 7 rows after it cannot be read; are the videos still'
    ):
        VideoDataset(Manifest(frame, {}, tmp_path), SMALL)[[4]]


def test_one_frame_and_a_picture(tmp_path, video, picture):
    video(tmp_path / "a.mp4", seconds=0.1, fps=10)
    picture(tmp_path / "b.png")
    frame = pd.DataFrame({"id": ["a", "b"], "path": ["a.mp4", "b.png"], "media": ["video", "image"]})
    for augment in (None, VideoAugment()):
        batch = VideoDataset(Manifest(frame, {}, tmp_path), SMALL, augment=augment)[[0, 1]]
        assert batch["has_video"].all()
        assert batch["has_audio"].tolist() == [True, False]
        assert (batch["video"] == batch["video"][:, :1, :1]).all()


def test_a_modality_that_is_not_wanted_is_not_there(manifest):
    heard = VideoDataset(manifest, SMALL, train=False, video=False)[[0, 2]]
    assert not heard["has_video"].any()
    assert heard["has_audio"].tolist() == [True, False]
    both = VideoDataset(manifest, SMALL, train=False)[[0]]
    assert torch.equal(heard["audio"][0], both["audio"][0])
    assert VideoDataset(manifest, SMALL, train=False, audio=False)[[0, 4]]["has_video"].tolist() == [True, False]


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("augment", [None, VideoAugment()])
def test_out_of_shards_come_the_same_batches(manifest, tmp_path, remote, augment):
    """Videos with sound and without, a sound, and a picture."""
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8)).save(tmp_path / "5.png")
    picture = pd.DataFrame({"id": ["c5"], "path": ["5.png"], "media": ["image"]})
    files = replace(manifest, frame=pd.concat([manifest.frame, picture], ignore_index=True))
    write_shards(files, tmp_path / "shards", 0.02)
    place = tmp_path / "shards"
    index = read_index(place.as_uri() if remote else place)
    assert index.frame["shard"].nunique() > 1
    for train in (True, False):
        one, other = (VideoDataset(part, SMALL, 3, train, augment) for part in (files, index))
        other.expect([4, 0])
        for rows in ([4, 0], [5, 2, 1, 3]):
            assert same(one[rows], other[rows])


def test_a_damaged_shard_costs_its_rows(manifest, tmp_path, capsys):
    index = write_shards(manifest, tmp_path / "shards", 100)
    with open(tmp_path / "shards/shard-00000.tar", "r+b") as stream:
        stream.seek(int(index.frame["offset"].iloc[1]) + 40)
        stream.write(b"damage")
    assert VideoDataset(index, SMALL)[[0, 1, 3]]["row"].tolist() == [0, 2, 3]
    assert "is damaged at byte" in capsys.readouterr().err


def test_videos_in_shards_are_decoded_once_too(manifest, tmp_path):
    write_shards(manifest, tmp_path / "shards")
    index = read_index(tmp_path / "shards")
    built = build_cache(index, tmp_path / "c", VideoCacheConfig(size=28))
    assert (built.made, built.failed) == (5, {})
    assert build_cache(index, tmp_path / "c", VideoCacheConfig(size=28)).known == 5
    by_files = build_cache(manifest, tmp_path / "d", VideoCacheConfig(size=28))
    assert by_files.made == 5
    one, other = (VideoDataset(part, SMALL, cache=tmp_path / c)[[0, 3]] for part, c in ((index, "c"), (manifest, "d")))
    assert same(one, other)


@pytest.mark.shared
def test_javanese(shared):
    names = ["01-01-01_01.mp4", "02-02-06_01.mp4"]
    frame = pd.DataFrame({"id": names, "path": names, "media": "video"})
    manifest = Manifest(frame, {}, shared / "data/javanese")
    batch = VideoDataset(manifest, VideoConfig(), augment=VideoAugment())[[0, 1]]
    assert batch["video"].shape == (2, 16, 8, 112, 112, 3)
    assert batch["audio"].shape == (2, 16, 256, 32)
    assert np.isfinite(batch["audio"].numpy()).all()
