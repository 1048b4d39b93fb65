"""Streams that FFmpeg finds and cannot name, or names too late."""

import struct

import numpy as np
import pytest

from emolens import load
from emolens.errors import MediaError
from emolens.media.audio import read_audio
from emolens.media.media_file import open_media, packets_of
from emolens.media.probe import probe


def wave(format_tag):
    """A second of sound whose header names another coding."""
    samples = (np.sin(np.arange(8000) / 3) * 9000).astype("<i2").tobytes()
    head = struct.pack("<HHIIHH", format_tag, 1, 8000, 16000, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_a_codec_that_nobody_knows_is_said_and_the_next_file_is_done(tmp_path, picture):
    path, good = tmp_path / "odd.wav", picture(tmp_path / "good.png")
    path.write_bytes(wave(0x7777))
    info = probe(path)
    assert (info.audio_codec, info.has_audio) == ("unknown", True)
    sound = read_audio(path)
    assert sound is not None
    assert sound.problems == ("the codec of its sound is unknown",)
    rows = load("mini").predict([path, good])
    assert [row.status for row in rows] == ["error", "ok"]


class Late:
    """A container in which a stream appears while it is read, as PyAV meets it."""

    def __init__(self, error):
        self.error = error

    def demux(self, *streams):
        yield "packet"
        raise self.error


@pytest.mark.parametrize("error", [IndexError("list index out of range"), AttributeError("no decode")])
def test_a_stream_that_appears_late_ends_the_reading_in_words(error):
    packets = packets_of(Late(error), "stream")
    assert next(packets) == "packet"
    with pytest.raises(MediaError, match="a stream appears that its header does not name"):
        next(packets)


def test_packets_are_those_of_pyav(tmp_path, video):
    path = video(tmp_path / "film.mp4", 0.5)
    with open_media(path) as container:
        expected = [(packet.pts, packet.size) for packet in container.demux(container.streams.video[0])]
    with open_media(path) as container:
        assert [(packet.pts, packet.size) for packet in packets_of(container, container.streams.video[0])] == expected
