"""Decoded sound: the right wave at the right time, from any codec, and what is said of damaged files."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emolens.errors import MediaError
from emolens.media.audio import AUDIO_SUFFIXES, Sound, read_audio

RATE = 44100


def write_sound(path: Path, *streams: np.ndarray, codec: str = "pcm_s16le", rate: int = RATE, at: float = 0.0) -> Path:
    """Waves (channels, T) as the streams of a file, beginning at ``at`` seconds; lossless by default."""
    with av.open(str(path), "w") as container:
        layouts = ["stereo" if len(wave_CT) == 2 else "mono" for wave_CT in streams]
        added = [container.add_stream(codec, rate=rate, layout=layout) for layout in layouts]
        for stream, wave_CT, layout in zip(added, streams, layouts, strict=True):
            for begin in range(0, wave_CT.shape[1], 1024):
                part_CT = np.ascontiguousarray(wave_CT[:, begin : begin + 1024], dtype=np.float32)
                frame = av.AudioFrame.from_ndarray(part_CT, format="fltp", layout=layout)
                frame.rate, frame.pts, frame.time_base = rate, round(at * rate) + begin, Fraction(1, rate)
                made = av.AudioResampler(stream.format.name, layout, rate).resample(frame)
                container.mux([packet for f in made for packet in stream.encode(f)])
            container.mux(stream.encode())
    return path


def sine(seconds: float = 1.0, hertz: float = 440.0, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def heard(path: Path, **window: float) -> Sound:
    sound = read_audio(path, **window)
    assert sound is not None
    assert sound.wave_T.dtype == np.float32
    assert np.abs(sound.wave_T).max(initial=0) <= 1
    return sound


@pytest.mark.parametrize(
    ("name", "codec", "rate", "tolerance"),
    [
        ("a.wav", "pcm_u8", 8000, 0.02),
        ("a.wav", "pcm_s16le", 22050, 1e-3),
        ("a.wav", "pcm_s32le", 48000, 1e-3),
        ("a.wav", "pcm_f32le", 96000, 1e-3),
        ("a.aiff", "pcm_s16be", 44100, 1e-3),
        ("a.flac", "flac", 44100, 1e-3),
        ("a.m4a", "aac", 44100, 0.06),
        ("a.mp3", "libmp3lame", 44100, 0.06),
        ("a.opus", "libopus", 48000, 0.06),
    ],
)
def test_any_codec_and_rate(tmp_path, name, codec, rate, tolerance):
    path = write_sound(tmp_path / name, sine(rate=rate)[None], codec=codec, rate=rate)
    assert path.suffix in AUDIO_SUFFIXES
    sound = heard(path)
    assert sound.rate == RATE
    assert sound.problems == ()
    assert len(sound.wave_T) == pytest.approx(RATE, abs=0.06 * RATE)
    middle = slice(RATE // 10, RATE * 9 // 10)
    assert np.abs(sound.wave_T[middle] - sine()[middle]).max() < tolerance


def test_channels_become_their_mean_and_full_scale_is_kept(tmp_path):
    left, right = sine(level=0.9), sine(hertz=1000, level=0.5)
    both = heard(write_sound(tmp_path / "a.wav", np.stack([left, right]))).wave_T
    np.testing.assert_allclose(both, (left + right) / 2, atol=1e-4)
    loud = heard(write_sound(tmp_path / "b.wav", np.stack([sine(level=1.0)] * 2))).wave_T
    assert loud.max() == pytest.approx(1, abs=1e-3)


def test_floats_beyond_full_scale_are_clipped_and_nan_is_silence(tmp_path):
    loud = sine(level=3.0)
    loud[500] = np.nan
    found = heard(write_sound(tmp_path / "a.wav", loud[None], codec="pcm_f32le")).wave_T
    expected = np.clip(np.nan_to_num(loud), -1, 1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_part_is_cut_out_of_the_whole_to_the_sample(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, RATE * 3)
    path = write_sound(tmp_path / "a.flac", noise[None], codec="flac")
    whole = heard(path).wave_T
    for start, end in ((0.0, 0.5), (0.1, 0.2), (1.5, 2.25), (2.9, None), (2.5, 99.0)):
        part = heard(path, start_s=start, end_s=end)
        assert part.start_s == start
        stop = None if end is None else round(end * RATE)
        np.testing.assert_array_equal(part.wave_T, whole[round(start * RATE) : stop])
    beyond = heard(path, start_s=50.0, end_s=60.0)
    assert len(beyond.wave_T) == 0
    assert beyond.problems == ("no sound in this part",)


def test_a_part_of_a_compressed_sound_is_that_of_the_whole(tmp_path, video):
    path = video(tmp_path / "a.mp4", seconds=4)
    part, whole = heard(path, start_s=2.0, end_s=3.0).wave_T, heard(path).wave_T
    assert len(part) == RATE
    np.testing.assert_allclose(part, whole[2 * RATE : 3 * RATE], atol=1e-3)


def test_time_is_that_of_the_pictures(tmp_path):
    def write(path: Path, sound_at: float, pictures_at: float, hole: bool = False) -> Path:
        with av.open(str(path), "w") as container:
            pictures, voice = (
                container.add_stream("mpeg4", rate=10),
                container.add_stream("pcm_s16le", RATE, layout="mono"),
            )
            pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
            tone = (sine(1.0) * 32767).astype(np.int16)
            for k in range(10):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), k * 20, np.uint8), format="rgb24")
                frame.pts, frame.time_base = k + round(pictures_at * 10), Fraction(1, 10)
                container.mux(pictures.encode(frame))
                if hole and 3 <= k < 6:
                    continue
                frame = av.AudioFrame.from_ndarray(tone[None, k * 4410 : (k + 1) * 4410], format="s16", layout="mono")
                frame.rate, frame.pts, frame.time_base = RATE, k * 4410 + round(sound_at * RATE), Fraction(1, RATE)
                container.mux(voice.encode(frame))
            container.mux(pictures.encode())
            container.mux(voice.encode())
        return path

    late = heard(write(tmp_path / "late.mkv", 0.5, 0.0)).wave_T
    assert not late[: RATE // 2 - 50].any()
    np.testing.assert_allclose(late[RATE // 2 + 100 : RATE], sine()[100 : RATE // 2], atol=0.05)
    early = heard(write(tmp_path / "early.mkv", 0.0, 0.5)).wave_T
    assert len(early) == pytest.approx(RATE / 2, abs=50)
    np.testing.assert_allclose(early, sine()[RATE // 2 :][: len(early)], atol=0.05)
    holed = heard(write(tmp_path / "hole.mkv", 0.0, 0.0, hole=True)).wave_T
    assert len(holed) == pytest.approx(RATE, abs=50)
    assert not holed[round(0.31 * RATE) : round(0.59 * RATE)].any()
    np.testing.assert_allclose(holed[round(0.61 * RATE) : -50], sine()[round(0.61 * RATE) : RATE - 50], atol=0.05)


def test_silence_and_one_sample(tmp_path):
    assert not heard(write_sound(tmp_path / "a.wav", np.zeros((1, RATE)))).wave_T.any()
    assert heard(write_sound(tmp_path / "b.wav", np.full((1, 1), 0.5))).wave_T == pytest.approx([0.5], abs=1e-4)


def test_several_streams(tmp_path):
    path = write_sound(tmp_path / "a.mkv", sine()[None], sine(hertz=1000)[None])
    sound = heard(path)
    assert sound.problems == ("2 streams of sound; number 1 was taken",)
    np.testing.assert_allclose(sound.wave_T[100:-100], sine()[100:-100], atol=1e-3)


@pytest.mark.parametrize("channels", [3, 6, 10])
def test_many_channels(tmp_path, channels):
    wave_CT = np.repeat((sine() * 32767).astype("<i2")[None], channels, axis=0)
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(wave_CT.T.tobytes())
    np.testing.assert_allclose(heard(tmp_path / "a.wav").wave_T, sine(), atol=1e-3)


def test_no_stream_of_sound(tmp_path, video):
    assert read_audio(video(tmp_path / "a.mp4", sound=False)) is None


def test_a_sound_that_is_cut_off_is_used_as_far_as_it_goes(tmp_path):
    path = write_sound(tmp_path / "a.wav", sine(3.0)[None])
    path.write_bytes(path.read_bytes()[: RATE * 2])
    sound = heard(path)
    assert len(sound.wave_T) == pytest.approx(RATE, abs=100)
    np.testing.assert_allclose(sound.wave_T, sine(3.0)[: len(sound.wave_T)], atol=1e-3)


def test_corrupt_packets_leave_the_rest(tmp_path, video):
    path = video(tmp_path / "a.mkv", seconds=3, pictures=False)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(len(content) // 3, len(content) * 2 // 3, 400):
        content[place] = rng.integers(256)
    path.write_bytes(content)
    sound = heard(path)
    assert sound.problems
    assert len(sound.wave_T) > RATE * 0.8
    np.testing.assert_allclose(sound.wave_T[5000:30000], sine()[5000:30000], atol=0.06)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"these are words, not waves\n" * 200, "is not a video or a sound"), (None, "no such file")],
)
def test_what_is_no_media(tmp_path, content, message):
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=message) as caught:
        read_audio(path)
    assert str(caught.value).startswith(str(path))
    with pytest.raises(MediaError, match="folder"):
        read_audio(tmp_path)


def test_a_playlist_does_not_open_other_files(tmp_path):
    write_sound(tmp_path / "a.wav", sine()[None])
    for name, text in (
        ("a.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path / 'a.wav'}\n#EXT-X-ENDLIST\n"),
        ("b.mp4", f"ffconcat version 1.0\nfile {tmp_path / 'a.wav'}\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(MediaError, match="playlist"):
            read_audio(tmp_path / name)


@pytest.mark.parametrize("window", [{"start_s": -1.0}, {"start_s": 2.0, "end_s": 2.0}, {"rate": 0}])
def test_impossible_windows(tmp_path, window):
    with pytest.raises(ValueError):
        read_audio(write_sound(tmp_path / "a.wav", sine()[None]), **window)


@pytest.mark.shared
def test_javanese_is_what_its_frames_hold(shared):
    path = shared / "data/javanese/01-01-01_01.mp4"
    with av.open(str(path)) as container:
        expected = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1).mean(0)
    np.testing.assert_allclose(heard(path).wave_T, expected, atol=1e-6)
