"""A file as the input of the network: which frames and which sound, and what is said of what is missing."""

import json

import numpy as np
import pytest
import torch

from emolens.errors import ConfigError, MediaError
from emolens.media.audio import read_audio
from emolens.media.audio_config import AudioConfig
from emolens.media.log_mel import log_mel
from emolens.media.mfcc import mfcc, segmented
from emolens.media.segments import sample_segments
from emolens.media.video_sample import VideoConfig, read_video

SMALL = VideoConfig(segments=4, frames=2, size=48, audio_frames=8)


def damaged(path, share=(0.4, 0.9), count=400):
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(int(len(content) * share[0]), int(len(content) * share[1]), count):
        content[place] = rng.integers(256)
    path.write_bytes(content)
    return path


def test_the_frames_of_the_segments_and_the_sound(tmp_path, video, frame_number):
    path = video(tmp_path / "a.mp4", seconds=2, size=(96, 64))
    sample = read_video(path, SMALL)
    assert (sample.problems, sample.start_s) == ((), 0)
    assert sample.duration_s == sample.end_s == pytest.approx(2, abs=0.05)
    assert sample.video_STHWC.shape == (4, 2, 48, 48, 3)
    assert sample.video_STHWC.dtype == torch.uint8
    numbers = [[frame_number(image.numpy()) for image in segment] for segment in sample.video_STHWC]
    assert numbers == sample_segments(20, 4, 2, None).tolist()
    assert sample.audio_SFM.shape == (4, 8, 32)
    wave = torch.from_numpy(read_audio(path, end_s=SMALL.sound_s).wave_T)[None]
    torch.testing.assert_close(sample.audio_SFM, segmented(mfcc(wave, SMALL.audio)[0], 4, 8))


def test_training_draws_the_place(tmp_path, video, frame_number):
    path = video(tmp_path / "a.mp4", seconds=4)
    read = [read_video(path, SMALL, rng=np.random.default_rng(seed), audio=False) for seed in (0, 0, 1)]
    assert torch.equal(read[0].video_STHWC, read[1].video_STHWC)
    numbers = [[frame_number(image.numpy()) for image in sample.video_STHWC[:, 0]] for sample in read]
    assert numbers[0] == sample_segments(40, 4, 2, np.random.default_rng(0))[:, 0].tolist()
    assert numbers[0] != numbers[2]


def test_a_part_restricts_both(tmp_path, video, frame_number):
    path = video(tmp_path / "a.mp4", seconds=4)
    sample = read_video(path, SMALL, start_s=2.0, end_s=3.0)
    assert (sample.start_s, sample.end_s) == (2, 3)
    assert sample.duration_s == pytest.approx(4, abs=0.05)
    numbers = {frame_number(image.numpy()) for image in sample.video_STHWC.flatten(0, 1)}
    assert numbers == set((20 + sample_segments(10, 4, 2, None)).flatten().tolist())
    wave = torch.from_numpy(read_audio(path, start_s=2.0, end_s=3.0).wave_T)[None]
    torch.testing.assert_close(sample.audio_SFM, segmented(mfcc(wave, SMALL.audio)[0], 4, 8), atol=0.5, rtol=0)
    short = read_video(path, SMALL, start_s=2.01, end_s=2.05)  # between two frames: the one that is shown
    assert {frame_number(image.numpy()) for image in short.video_STHWC.flatten(0, 1)} == {20}
    with pytest.raises(MediaError, match="no pictures in this part; no sound in this part"):
        read_video(path, SMALL, start_s=60.0)
    with pytest.raises(ValueError):
        read_video(path, SMALL, start_s=2.0, end_s=1.0)


def test_log_mel_instead(tmp_path, video):
    config = VideoConfig(segments=2, frames=1, size=32, audio_frames=8, audio=AudioConfig("log_mel", n_mels=40))
    path = video(tmp_path / "a.mp4")
    wave = torch.from_numpy(read_audio(path, end_s=config.sound_s).wave_T)[None]
    found = read_video(path, config, video=False)
    assert found.video_STHWC is None
    torch.testing.assert_close(found.audio_SFM, segmented(log_mel(wave, config.audio)[0], 2, 8))


def test_what_is_missing_is_said(tmp_path, video, picture):
    silent = read_video(video(tmp_path / "a.mp4", sound=False), SMALL)
    assert (silent.problems, silent.has_audio) == (("no sound",), False)
    blind = read_video(video(tmp_path / "a.m4a", pictures=False, seconds=2), SMALL)
    assert (blind.problems, blind.has_video) == (("no pictures",), False)
    assert blind.duration_s == pytest.approx(2, abs=0.06)
    still = read_video(picture(tmp_path / "a.png", size=(96, 64)), SMALL)
    assert (still.has_audio, still.duration_s) == (False, 0)
    assert still.video_STHWC.shape == (4, 2, 48, 48, 3)
    assert (still.video_STHWC == still.video_STHWC[0, 0]).all()


@pytest.mark.parametrize(("seconds", "sound_seconds"), [(1, 3), (3, 1), (0.1, 1), (1, 0.1), (0.1, 0.1)])
def test_sound_and_pictures_of_different_length(tmp_path, video, seconds, sound_seconds):
    sample = read_video(video(tmp_path / "a.mp4", seconds=seconds, sound_seconds=sound_seconds), SMALL)
    assert sample.problems == ()
    assert sample.duration_s == pytest.approx(max(seconds, sound_seconds), abs=0.06)


def test_a_clip_that_is_cut_off_gives_what_is_there(tmp_path, video):
    path = video(tmp_path / "a.mkv", seconds=4)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    sample = read_video(path, VideoConfig(segments=4, frames=2, size=48))
    assert sample.has_video
    assert sample.has_audio
    assert any("of 4.0 s" in problem for problem in sample.problems)


def test_corrupt_packets_make_it_partial(tmp_path, video):
    sample = read_video(damaged(video(tmp_path / "a.mp4", seconds=4, size=(96, 64))), SMALL)
    assert sample.problems


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), (b"", "is empty"), (b"words\n" * 500, "is not a video or a sound")]
)
def test_what_is_no_media(tmp_path, content, message):
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=message) as caught:
        read_video(path, SMALL)
    assert str(caught.value).startswith(str(path))


def test_config_goes_there_and_back_and_refuses():
    config = VideoConfig(segments=4, audio=AudioConfig("log_mel", rate=8000, n_mels=16))
    assert VideoConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    flat = {"segments": 4, "feature": "log_mel", "rate": 8000, "n_mels": 16}  # as runs of format 1 have it
    assert VideoConfig.from_dict(flat) == config
    assert VideoConfig().sound_s == pytest.approx(47.57, abs=0.01)
    for values, message in (
        ({"size": 0}, "size = 0"),
        ({"frames": 1.5}, "frames = 1.5"),
        ({"feature": "chroma"}, 'audio.feature "chroma"'),
        ({"coefficients": 200}, "audio.coefficients 200: must be at most audio.n_mels 128"),
        ({"fps": 3}, "unknown field fps"),
        ({"audio": {"rate": 0}}, "audio.rate 0: must be"),
        ({"audio": {"loud": 1}}, "unknown field loud"),
    ):
        with pytest.raises(ConfigError, match=message):
            VideoConfig.from_dict(values)


@pytest.mark.shared
def test_javanese(shared):
    sample = read_video(shared / "data/javanese/01-01-01_01.mp4")
    assert sample.video_STHWC.shape == (16, 8, 112, 112, 3)
    assert sample.audio_SFM.shape == (16, 256, 32)
    assert sample.problems == ()
    assert sample.duration_s == pytest.approx(3.79, abs=0.01)


@pytest.mark.parametrize("sound", [True, False])
def test_a_picture_stream_without_a_frame(tmp_path, sound):
    import av

    path = tmp_path / ("empty.mkv" if sound else "empty.avi")
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        if sound:
            voice = container.add_stream("aac", rate=44100, layout="mono")
            wave_1T = 0.3 * np.sin(np.arange(44100) * 0.05)[None].astype(np.float32)
            tone = av.AudioFrame.from_ndarray(wave_1T, "fltp", "mono")
            tone.sample_rate = 44100
            container.mux(voice.encode(tone))
            container.mux(voice.encode(None))
        container.start_encoding()
    if not sound:
        with pytest.raises(MediaError, match=r"empty\.avi: nothing of it can be used \(its picture stream"):
            read_video(path)
        return
    sample = read_video(path)
    assert (sample.has_video, sample.has_audio) == (False, True)
    assert sample.problems == ("its picture stream holds no frame",)
