from dataclasses import replace
from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image

from emolens.cli.main import main
from emolens.drawing.render import render, render_all, render_targets
from emolens.drawing.strip import draw_strip, strip_height
from emolens.errors import ConfigError, DataError, MediaError
from emolens.inference.prediction import Prediction
from emolens.media.audio import read_audio
from emolens.media.video import index_frames, probe, read_frames

POLARITY = {"joy": "positive", "fear": "negative", "neutral": "neutral"}


def row(source, label="joy", start=0.0, end=2.0, **more) -> Prediction:
    scores = {name: 0.8 if name == label else 0.1 for name in POLARITY}
    return Prediction(
        str(source), "video", start, end, label=label, score=0.8, scores=scores, polarity=POLARITY[label],
        label_space="mine", **more,
    )  # fmt: skip


def audio_packets(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        return stream.codec_context.name, [(float(p.pts * p.time_base), bytes(p)) for p in packets]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_frames_keep_their_times_and_sound_is_copied(tmp_path, video, suffix):
    path = video(tmp_path / "in.mp4", 2, fps=12.5, size=(96, 64))
    assert render(path, [row(path)], [], tmp_path / f"out{suffix}") == []
    before, after = index_frames(path), index_frames(tmp_path / f"out{suffix}")
    np.testing.assert_allclose(after.time_N, before.time_N, atol=1e-3)  # Matroska counts milliseconds
    assert after.duration_s == pytest.approx(before.duration_s, abs=2e-3)
    (codec, old), (new_codec, new) = audio_packets(path), audio_packets(tmp_path / f"out{suffix}")
    assert codec == new_codec == "aac"
    assert [content for _, content in old] == [content for _, content in new], "copied, not encoded again"
    start = [before.start_s, after.start_s]
    for (old_s, _), (new_s, _) in zip(old, new, strict=True):
        assert old_s - start[0] == pytest.approx(new_s - start[1], abs=2e-3)
    info = probe(tmp_path / f"out{suffix}")
    assert (info.width, info.height, info.video_codec) == (96, 64, "h264")


def test_uneven_times_are_kept(tmp_path, video):
    times = [0, 0.04, 0.2, 0.25, 1.0, 1.01, 1.5]
    path = video(tmp_path / "in.mp4", times=times, size=(64, 48), sound=False)
    render(path, [row(path)], [], tmp_path / "out.mp4")
    np.testing.assert_allclose(index_frames(tmp_path / "out.mp4").time_N, times, atol=1e-3)


def test_the_film_is_as_it_was_above_the_strip(tmp_path, video, frame_number):
    path = video(tmp_path / "in.mp4", 1, size=(96, 128), sound=False)
    render(path, [row(path)], [], tmp_path / "out.mp4")
    old, new = (read_frames(p, np.arange(10)).image_KHWC.astype(int) for p in (path, tmp_path / "out.mp4"))
    above = slice(0, 128 - strip_height(96, 128) - 2)
    assert np.abs(old[:, above] - new[:, above]).mean() < 4
    assert new[:, -8:, 50:].mean() < old[:, -8:, 50:].mean() - 30, "the strip is dark"


def test_the_strip_follows_the_nearest_window(tmp_path, video):
    path = video(tmp_path / "in.mp4", 6, fps=5, size=(160, 120), sound=False)
    windows = [row(path, "joy", 0, 2), row(path, "fear", 2, 4), row(path, "neutral", 4, 6)]
    render(path, [row(path, "joy", 0, 6), *windows], [], tmp_path / "out.mp4")
    frames = read_frames(tmp_path / "out.mp4", np.arange(30)).image_KHWC.astype(int)
    mark_K3 = frames[:, -strip_height(160, 120) + 2 :, :1].mean(axis=(1, 2))  # the bar in the colour of the polarity
    for moment, mark_3 in enumerate(mark_K3):
        red, _, blue = mark_3
        seconds = moment / 5
        if seconds < 1.99:
            assert red > blue + 40, "vermilion"
        elif seconds < 3.99:
            assert blue > red + 40, "blue"
        else:
            assert abs(red - blue) < 40, "grey"


def test_the_rotation_of_the_camera_is_applied(tmp_path, video):
    path = video(tmp_path / "in.mp4", 0.5, size=(96, 64), prepare=lambda stream: stream.set_display_rotation(90))
    render(path, [row(path)], [], tmp_path / "out.mp4")
    info = probe(tmp_path / "out.mp4")
    assert (info.width, info.height, info.rotation) == (64, 96, 0)
    old, new = (read_frames(p, np.arange(5)).image_KHWC.astype(int)[:, :70] for p in (path, tmp_path / "out.mp4"))
    assert np.abs(old - new).mean() < 4


def test_sides_become_even(tmp_path, video):
    path = video(tmp_path / "in.mp4", 0.5, size=(66, 50), pixels="yuv444p", sound=False)
    odd = tmp_path / "odd.mkv"
    with av.open(str(path)) as source, av.open(str(odd), "w") as sink:
        stream = sink.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 65, 49, "yuv444p"
        for frame in source.decode(video=0):
            sink.mux(stream.encode(frame.reformat(65, 49, "yuv444p")))
        sink.mux(stream.encode())
    render(odd, [row(odd)], [], tmp_path / "out.mp4")
    assert (probe(tmp_path / "out.mp4").width, probe(tmp_path / "out.mp4").height) == (64, 48)


def test_sound_that_does_not_fit_is_encoded(tmp_path, video):
    path = video(tmp_path / "in.avi", 1, size=(64, 48), sound_codec="adpcm_ms", tone_hz=500)
    problems = render(path, [row(path)], [], tmp_path / "out.mp4")
    assert problems == ["its sound (adpcm_ms) does not fit into this container and was encoded as AAC"]
    assert probe(tmp_path / "out.mp4").audio_codec == "aac"
    wave = read_audio(tmp_path / "out.mp4", 8000).wave_T[1000:5000]
    assert np.abs(np.fft.rfft(wave)).argmax() * 8000 / 4000 == pytest.approx(500, abs=4)


def test_a_broken_off_video_is_rendered_as_far_as_it_goes(tmp_path, video):
    path = video(tmp_path / "in.mkv", 4, size=(64, 48))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    render(path, [row(path)], [], tmp_path / "out.mp4")
    assert 5 < len(index_frames(tmp_path / "out.mp4")) < 40


def test_nothing_is_left_behind_where_it_cannot_be(tmp_path, video):
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(MediaError, match="is not a video"):
        render(text, [row(text)], [], tmp_path / "out.mp4")
    path = video(tmp_path / "in.mp4", 0.3, size=(64, 48))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        render(path, [row(path)], [], tmp_path / "file" / "out.mp4")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "in.mp4", "text.mp4"]


def test_targets(tmp_path, picture, video):
    still, one, two = tmp_path / "a.png", tmp_path / "b c.mp4", tmp_path / "d.mov"
    assert render_targets([still, one], tmp_path / "out.mp4") == {one: tmp_path / "out.mp4"}
    assert render_targets([one, still, two], tmp_path / "out") == {
        one: tmp_path / "out" / "0001_b_c.mp4", two: tmp_path / "out" / "0002_d.mp4",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="there is none among the inputs"):
        render_targets([still], tmp_path / "out.mp4")
    with pytest.raises(ConfigError, match="is one file for 2 videos; name a folder"):
        render_targets([one, two], tmp_path / "out.mp4")
    with pytest.raises(ConfigError, match=r"ending in .mp4, .mov, .mkv, or a folder"):
        render_targets([one], tmp_path / "out.avi")
    video(one, 0.2)
    with pytest.raises(ConfigError, match="is the input itself"):
        render_targets([one], one)


def test_one_bad_video_does_not_stop_the_others(tmp_path, video, capsys):
    good, bad = video(tmp_path / "good.mp4", 0.3), tmp_path / "bad.mp4"
    rows = [row(good), Prediction(str(bad), "video", status="error", error="gone")]
    targets = {bad: tmp_path / "1.mp4", good: tmp_path / "2.mp4"}
    render_all(targets, rows)
    assert "bad.mp4: has no prediction to draw" in capsys.readouterr().err
    assert not (tmp_path / "1.mp4").exists()
    assert probe(tmp_path / "2.mp4").has_audio
    with pytest.raises(MediaError, match="not one of the videos could be rendered"):
        render_all({bad: tmp_path / "1.mp4"}, rows)


@pytest.mark.parametrize("size", [(2, 2), (16, 12), (360, 54), (1080, 194)])
def test_a_strip_of_any_size(size):
    for one in (
        row("a"),
        replace(row("a"), label="a label that is very long indeed and longer", valence=-0.5, arousal=0.25),
        Prediction("a", valence=0.5),
        Prediction("a", status="error", error="x"),
    ):
        strip = draw_strip(one, POLARITY, *size)
        assert strip.shape == (size[1], size[0], 4)
    assert Image.fromarray(strip).mode == "RGBA"
    assert all(a <= b for a, b in pairwise(strip_height(w, w) for w in range(2, 400, 2)))


def test_the_command_line_renders(tmp_path, video, picture, capsys):
    path = video(tmp_path / "in" / "clip.mp4", 1, size=(64, 48))
    picture(tmp_path / "in" / "still.png")
    out, target = tmp_path / "t.jsonl", tmp_path / "out.mp4"
    assert main(["predict", str(tmp_path / "in"), "-m", "mini", "-o", str(out), "--render", str(target)]) == 0
    assert probe(target).duration_s == pytest.approx(1, abs=0.1)
    assert main(["predict", str(path), "-m", "mini", "-o", str(out), "--render", str(path)]) == 2
    assert "is the input itself" in capsys.readouterr().err


def persons_of(path, *boxes):
    """Somebody's whole, and windows of two seconds with these boxes."""
    windows = [
        replace(row(path, "fear", 2.0 * k, 2.0 * k + 2), person=1, x0=x0, y0=y0, x1=x1, y1=y1)
        for k, (x0, y0, x1, y1) in enumerate(boxes)
    ]
    return [replace(windows[0], end_s=windows[-1].end_s), *windows]


def test_a_person_has_a_box_that_moves_with_the_windows(tmp_path, video):
    path = video(tmp_path / "in.mp4", 6, fps=5, size=(320, 240), sound=False)
    person = persons_of(path, (20, 80, 100, 200), (120, 80, 200, 200), (220, 80, 300, 200))
    render(path, None, [person], tmp_path / "out.mp4")
    old, new = (read_frames(p, np.arange(30)).image_KHWC.astype(int) for p in (path, tmp_path / "out.mp4"))
    changed_KW = np.abs(old[:, 110:190] - new[:, 110:190]).sum(axis=3).mean(axis=1)
    for frame, left in ((0, 20), (5, 20), (10, 70), (15, 120), (20, 170), (25, 220)):
        edges = np.sort(np.argsort(changed_KW[frame])[-4:])
        assert abs(edges[0] - left) <= 3, frame
        assert abs(edges[-1] - (left + 80)) <= 3, frame
    assert np.abs(old[:, 215:] - new[:, 215:]).mean() < 4, "no strip where nothing was asked of the scene"


def test_a_person_who_is_not_seen_has_no_box(tmp_path, video):
    path = video(tmp_path / "in.mp4", 6, fps=5, size=(320, 240), sound=False)
    person = persons_of(path, (20, 80, 100, 200), (20, 80, 100, 200), (20, 80, 100, 200))
    render(path, [row(path, "joy", 0, 6)], [[person[0], person[1], person[3]]], tmp_path / "out.mp4")
    old, new = (read_frames(p, np.arange(30)).image_KHWC.astype(int) for p in (path, tmp_path / "out.mp4"))
    change_K = np.abs(old[:, 80:180] - new[:, 80:180]).max(axis=(1, 2, 3))
    assert (change_K[[*range(0, 10), *range(21, 30)]] > 100).all()
    assert (change_K[11:19] < 60).all()


def test_the_command_line_renders_persons(tmp_path, video, yolox, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    path, target = video(tmp_path / "clip.mp4", 2, fps=4), tmp_path / "out.mp4"
    people = yolox(((4.0, 8.0, 24.0, 40.0), 0.9))
    for who in ("persons", "both"):
        command = ["predict", str(path), "-m", "mini", "--who", who, "--people", people, "--render", str(target)]
        assert main([*command, "-o", str(tmp_path / "t.jsonl")]) == 0
        assert probe(target).duration_s == pytest.approx(2, abs=0.1)
