"""Decoded videos on disk: what comes back, when a file is trusted, and what a bad video does."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emolens.data.loaders.video_cache import VideoCacheConfig, build_cache, cached_place, cached_video
from emolens.data.manifest import Manifest
from emolens.data.stored_files import StoredFiles
from emolens.errors import ConfigError, MediaError
from emolens.media.video_sample import VideoConfig
from emolens.media.video_source import open_source

SMALL = VideoCacheConfig(size=32, sound_s=1.5)


@pytest.fixture(scope="session")
def sources(tmp_path_factory, video) -> Path:
    """Two videos, a silent one, a sound."""
    folder = tmp_path_factory.mktemp("sources")
    video(folder / "0.mp4", seconds=2, size=(96, 64))
    video(folder / "1.mp4", seconds=1, seed=1)
    video(folder / "2.mp4", sound=False)
    video(folder / "3.m4a", pictures=False)
    return folder


@pytest.fixture
def manifest(sources, tmp_path, picture) -> Manifest:
    shutil.copytree(sources, tmp_path, dirs_exist_ok=True)
    picture(tmp_path / "4.png")
    names = ["0.mp4", "1.mp4", "2.mp4", "3.m4a", "4.png"]
    media = ["video", "video", "video", "audio", "image"]
    return Manifest(pd.DataFrame({"id": [f"c{k}" for k in range(5)], "path": names, "media": media}), {}, tmp_path)


def known(manifest: Manifest, out: Path, name="0.mp4", side=32, rate=44100, sound_s=1.5):
    row = manifest.frame["path"].tolist().index(name)
    return cached_video(out, StoredFiles(manifest), row, side, rate, sound_s)


def test_what_comes_back_is_the_clip(manifest, tmp_path, frame_number):
    built = build_cache(manifest, tmp_path / "c", SMALL, workers=2)
    assert (built.made, built.known, built.failed) == (5, 0, {})
    assert built.bytes == sum(path.stat().st_size for path in (tmp_path / "c").rglob("*.safetensors"))
    for name in manifest.frame["path"]:
        source, decoded = open_source(manifest.root / name), known(manifest, tmp_path / "c", name)
        assert (decoded.has_video, decoded.has_audio) == (source.has_video, source.has_audio)
        assert decoded.duration_s == source.duration_s
        if source.has_video:
            np.testing.assert_array_equal(decoded.times(), source.times())
            wanted = np.unique(np.array([0, len(source.times()) - 1]))
            for square in (False, True):
                found, expected = (s.frames(wanted, 32, square).image_KHWC for s in (decoded, source))
                assert found.shape == expected.shape
                assert np.abs(found.astype(int) - expected).mean() < 6
        if source.has_audio:
            found, expected = (s.sound(44100, 0.25, 1.25) for s in (decoded, source))
            np.testing.assert_allclose(found.wave_T, expected.wave_T, atol=1 / 32767)
        else:
            assert decoded.sound(44100, 0.0, None) is None
    numbers = [
        frame_number(image) for image in known(manifest, tmp_path / "c").frames(np.arange(20), 32, True).image_KHWC
    ]
    assert numbers == list(range(20))


def test_only_what_training_looks_at_is_kept(manifest, tmp_path):
    build_cache(manifest, tmp_path / "c", SMALL)
    assert len(known(manifest, tmp_path / "c").sound(44100, 0.0, None).wave_T) == round(1.5 * 44100)


def test_it_goes_on_where_it_was(manifest, tmp_path):
    out = tmp_path / "c"
    build_cache(manifest, out, SMALL)
    cached_place(out, "1.mp4").unlink()
    cached_place(out, "2.mp4").write_bytes(b"torn")
    again = build_cache(manifest, out, SMALL)
    assert (again.made, again.known) == (2, 3)
    assert build_cache(manifest, out, VideoCacheConfig(size=40, sound_s=1.5)).made == 5


def test_a_changed_source_and_other_settings_are_noticed(manifest, tmp_path, video):
    out = tmp_path / "c"
    build_cache(manifest, out, SMALL)
    assert known(manifest, out, side=24) is not None
    for other in ({"side": 33}, {"rate": 22050}, {"sound_s": 2.0}):
        assert known(manifest, out, **other) is None
    path = manifest.root / "0.mp4"
    video(path, seconds=2, size=(96, 64), seed=9)
    os.utime(path, ns=(1, 1))
    assert known(manifest, out) is None
    assert build_cache(manifest, out, SMALL).made == 1
    assert known(manifest, out) is not None
    path.unlink()
    assert known(manifest, out) is not None  # what was made of it is all there is


def test_bad_files_are_named_and_do_not_stop_it(manifest, tmp_path):
    (manifest.root / "0.mp4").write_text("words\n" * 500)
    (manifest.root / "1.mp4").unlink()
    (manifest.root / "4.png").write_bytes(b"")
    built = build_cache(manifest, tmp_path / "c", SMALL, workers=2)
    assert (built.made, list(built.failed)) == (2, ["c0", "c1", "c4"])
    assert "is not a video or a sound" in built.failed["c0"]
    assert "1.mp4: no such file" in built.failed["c1"]
    assert "is empty" in built.failed["c4"]


def test_a_damaged_file_of_the_cache_is_a_media_error(manifest, tmp_path):
    build_cache(manifest, tmp_path / "c", SMALL)
    place = cached_place(tmp_path / "c", "0.mp4")
    content = bytearray(place.read_bytes())
    content[content.index(b"\xff\xd8\xff") :] = b"\0" * (len(content) - content.index(b"\xff\xd8\xff"))
    place.write_bytes(content)
    with pytest.raises(MediaError, match="is damaged"):
        known(manifest, tmp_path / "c").frames(np.arange(3), 32, True)


def test_defaults_hold_what_the_default_clip_reads():
    assert VideoCacheConfig().rate == VideoConfig().audio.rate
    assert VideoCacheConfig().sound_s == VideoConfig().sound_s
    with pytest.raises(ConfigError, match="size 2 must be at least 8"):
        VideoCacheConfig(size=2)
