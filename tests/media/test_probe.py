from fractions import Fraction

import av
import numpy as np
import pytest

from emolens.errors import MediaError
from emolens.media.video import probe


def test_what_a_file_is(video, tmp_path):
    info = probe(video(tmp_path / "a.mp4"))
    assert (info.width, info.height, info.fps, info.rotation) == (64, 48, 10.0, 0)
    assert (info.video_codec, info.audio_codec, info.audio_streams) == ("h264", "aac", 1)
    assert info.duration_s == pytest.approx(1.0, abs=0.05)
    assert info.has_video
    assert info.has_audio


def test_sound_alone(video, tmp_path):
    info = probe(video(tmp_path / "a.wav", pictures=False, sound_codec="pcm_s16le"))
    assert (info.has_video, info.has_audio, info.width, info.fps) == (False, True, 0, None)


def test_pictures_alone(video, tmp_path):
    info = probe(video(tmp_path / "a.mp4", sound=False))
    assert (info.has_video, info.has_audio, info.audio_codec) == (True, False, None)


def test_rotation_and_pixel_shape_are_in_the_size(video, tmp_path):
    turned = probe(video(tmp_path / "turned.mp4", prepare=lambda stream: stream.set_display_rotation(90)))
    assert (turned.width, turned.height, turned.rotation) == (48, 64, 90)

    def widen(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    assert probe(video(tmp_path / "wide.mp4", prepare=widen)).width == 128


def test_the_cover_of_a_song_is_no_video(tmp_path):
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        voice = container.add_stream("aac", rate=44100, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        sound.rate = 44100
        container.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(cover.encode())
        container.mux(voice.encode(sound))
        container.mux(voice.encode())
    assert not probe(path).has_video


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.mp4", b"", r"is empty \(0 bytes\)"),
        ("text.mp4", b"no video at all\n" * 50, "is not a video or a sound, whatever its name says"),
        ("list.mp4", b"ffconcat version 1.0\nfile other.mp4\n", "is a playlist or of an unusual format"),
        ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n", "is a playlist"),
    ],
)
def test_what_is_no_video_says_so(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=f"{name}: {message}"):
        probe(tmp_path / name)


def test_a_playlist_opens_no_other_file(video, tmp_path):
    video(tmp_path / "other.ts", sound=False)
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n")
    with av.open(str(playlist)) as container:  # FFmpeg by itself would
        assert container.streams.video
    with pytest.raises(MediaError, match="is a playlist"):
        probe(playlist)


def test_missing_folder_address_and_recording_without_end(video, tmp_path):
    with pytest.raises(MediaError, match=r"none\.mp4: no such file"):
        probe(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="is a folder"):
        probe(tmp_path)
    with pytest.raises(MediaError, match=r"http://127.0.0.1:9/a.mp4: no such file"):
        probe("http://127.0.0.1:9/a.mp4")
    path = video(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(MediaError, match=r"cut\.mp4: has no index \(moov\)"):
        probe(path)


def test_too_many_pixels_are_refused_by_the_header(video, tmp_path, monkeypatch):
    path = video(tmp_path / "a.mp4")
    monkeypatch.setattr("emolens.media.media_file.MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(MediaError, match="64 x 48 pixels are over the limit"):
        probe(path)
