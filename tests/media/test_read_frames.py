from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from emolens.errors import MediaError
from emolens.media.frame_decoder import plan_runs
from emolens.media.segments import sample_segments
from emolens.media.video import index_frames, read_frames


def decode_all(path):
    """The obvious version."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


STREAMS = {
    "defaults": {},
    "b-pyramid": {"bf": "8", "x264-params": "b-pyramid=normal:ref=5"},
    "open groups": {"g": "10", "x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0"},
    "many keys": {"g": "7", "sc_threshold": "0"},
    "no b-frames": {"tune": "zerolatency"},
}


WAYS = [(name, ".mp4") for name in STREAMS] + [("open groups", ".mkv"), ("open groups", ".ts"), ("b-pyramid", ".ts")]


@pytest.mark.parametrize(("name", "suffix"), WAYS)
def test_equals_decoding_everything(video, tmp_path, rng, name, suffix):
    seconds = 11 if name == "defaults" else 4  # by default a key frame comes after 250 frames
    path = video(tmp_path / f"a{suffix}", seconds=seconds, fps=25, options=STREAMS[name], sound=False)
    all_NHWC, index = decode_all(path), index_frames(path)
    assert len(all_NHWC) == len(index)
    for count in (1, 1, 2, 3, 5, 8, 40):
        asked = np.sort(rng.choice(len(index), count, replace=False))
        frames = read_frames(path, asked, index=index)
        assert (frames.image_KHWC == all_NHWC[asked]).all()
        assert (frames.time_K == index.time_N[asked]).all()
        assert frames.problems == ()


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("a.avi", {}),
        ("a.avi", {"codec": "mpeg4"}),
        ("a.mpg", {"codec": "mpeg2video", "fps": 25}),
        ("a.webm", {"codec": "libvpx"}),
        ("a.webm", {"codec": "libvpx-vp9"}),
        ("a.mov", {"codec": "mjpeg", "pixels": "yuvj420p"}),
        ("a.h264", {}),
        ("a.wmv", {"codec": "wmv2"}),
        ("a.mp4", {"pixels": "yuv444p", "size": (63, 47)}),
    ],
)
def test_every_usual_format_gives_the_frames_that_are_asked_for(video, frame_number, tmp_path, name, more):
    path = video(tmp_path / name, **{"sound": False, "seconds": 2, **more})
    asked = [15, 3, 11, 3]
    assert [frame_number(image) for image in read_frames(path, asked).image_KHWC] == asked


@pytest.mark.parametrize("threads", [1, 2, 0])
def test_threads_change_nothing(video, tmp_path, threads):
    path = video(tmp_path / "a.mp4", seconds=3, fps=25)
    asked = [70, 3, 20, 21, 22]
    assert (read_frames(path, asked, 32, threads=threads).image_KHWC == read_frames(path, asked, 32).image_KHWC).all()


def test_only_what_is_needed_is_decoded(video, tmp_path):
    index = index_frames(video(tmp_path / "a.mp4", seconds=4, fps=25, options={"g": "10", "sc_threshold": "0"}))
    runs = plan_runs(index, np.array([5, 35, 37, 92]))
    begins = [int(index.key_pts_J[run.key]) for run in runs]
    assert begins == [int(index.pts_N[frame]) for frame in (0, 30, 90)]
    assert [run.frames for run in runs] == [[5], [35, 37], [92]]
    assert len(plan_runs(index, np.arange(100))) == 1, "nothing is leapt over, so nothing is sought"


@pytest.mark.parametrize("size", [24, (30, 50), (100, 20)])
def test_scaled_as_pillow_does(video, tmp_path, size):
    path = video(tmp_path / "a.mp4", seconds=0.3, size=(160, 120), sound=False)
    scaled = read_frames(path, [1], size).image_KHWC[0]
    full = Image.fromarray(decode_all(path)[1])
    if isinstance(size, int):
        other = np.asarray(full.resize((32, 24), Image.Resampling.BILINEAR))[:, 4:28]
    else:
        other = np.asarray(full.resize(size[::-1], Image.Resampling.BILINEAR))
    assert scaled.shape == other.shape
    assert np.abs(scaled.astype(int) - other).mean() < 3


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_pictures_are_upright(video, tmp_path, degrees):
    plain = decode_all(video(tmp_path / "plain.mp4", sound=False))
    path = video(tmp_path / "turned.mp4", sound=False, prepare=lambda stream: stream.set_display_rotation(degrees))
    turned = read_frames(path, [2]).image_KHWC[0]
    assert (turned == np.rot90(plain[2], round(degrees / 90))).all()
    assert read_frames(path, [2], (20, 30)).image_KHWC.shape == (1, 20, 30, 3)


def test_pixels_become_square(video, tmp_path):
    def widen(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)

    path = video(tmp_path / "wide.mp4", prepare=widen)
    assert read_frames(path, [0]).image_KHWC.shape == (1, 48, 128, 3)
    assert read_frames(path, [0], 24).image_KHWC.shape == (1, 24, 24, 3)


def test_interlaced_frames_show_one_moment(tmp_path):
    """The fields of a frame differ as black and white do; a mixture would be grey or combed."""
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.options = {"flags": "+ildct+ilme", "x264-params": "tff=1", "crf": "5"}
        fields = np.zeros((64, 64, 3), np.uint8)
        fields[::2] = 255
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(fields)))
        container.mux(stream.encode())
    shown = read_frames(path, [1]).image_KHWC[0]
    assert shown.shape == (64, 64, 3)
    assert shown.min() > 245


def test_hdr_is_shown_in_ordinary_range(video, frame_number, tmp_path):
    def mark(stream):
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = 16, 9, 9  # H.273: PQ, BT.2020

    path = video(tmp_path / "hdr.mp4", pixels="yuv420p10le", sound=False, prepare=mark)
    hdr = read_frames(path, [5]).image_KHWC[0]
    plain = read_frames(video(tmp_path / "sdr.mp4", pixels="yuv420p10le", sound=False), [5]).image_KHWC[0]
    assert frame_number(hdr) == frame_number(plain) == 5
    assert np.abs(hdr.astype(int) - plain).mean() > 10, "PQ read as an ordinary curve"


def test_transparency_is_on_white(tmp_path):
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("qtrle", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "argb"
        rgba = np.zeros((32, 32, 4), np.uint8)
        rgba[:, 16:] = (200, 0, 0, 255)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba")))
        container.mux(stream.encode())
    shown = read_frames(path, [0]).image_KHWC[0]
    assert shown[0, 0].tolist() == [255, 255, 255]
    assert shown[0, 31].tolist() == [200, 0, 0]


def test_full_and_limited_range_look_alike(video, tmp_path):
    limited = read_frames(video(tmp_path / "a.mp4", sound=False), [3]).image_KHWC.astype(int)
    full = read_frames(video(tmp_path / "b.mp4", sound=False, pixels="yuvj420p"), [3]).image_KHWC
    assert np.abs(limited - full).mean() < 3


def test_one_frame_is_a_video(video, tmp_path):
    path = video(tmp_path / "a.mp4", seconds=0.1)
    assert read_frames(path, [0, 0, 0], 16).image_KHWC.shape == (3, 16, 16, 3)


def test_numbers_beyond_the_end_and_none_at_all(video, tmp_path):
    path = video(tmp_path / "a.mp4")
    with pytest.raises(IndexError, match="0 to 10 of a video of 10"):
        read_frames(path, [0, 10])
    with pytest.raises(ValueError, match="no frame is asked for"):
        read_frames(path, [])


def faststart(source, target):
    """The index before the pictures, as on the web."""
    with av.open(str(source)) as old, av.open(str(target), "w", options={"movflags": "faststart"}) as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return target


def test_a_file_cut_in_the_middle_gives_what_is_there(video, frame_number, tmp_path):
    path = faststart(video(tmp_path / "a.mp4", seconds=3), tmp_path / "cut.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    index = index_frames(path)
    assert 10 < len(index) < 30
    frames = read_frames(path, range(len(index)), index=index)
    assert [frame_number(image) for image in frames.image_KHWC[:-1]] == list(range(len(index) - 1))
    assert any(f"{30 - len(index)} of 30 frames are missing" in problem for problem in frames.problems)


def test_damage_is_bridged_and_said(video, frame_number, tmp_path):
    path = video(tmp_path / "a.mp4", seconds=3, options={"g": "10", "sc_threshold": "0"}, sound=False)
    with av.open(str(path)) as container:
        places = {packet.pts: (packet.pos, packet.size) for packet in container.demux(video=0) if packet.size}
    data = bytearray(path.read_bytes())
    for pts in sorted(places)[10:20]:
        place, size = places[pts]
        data[place : place + size] = bytes(size)
    path.write_bytes(data)
    frames = read_frames(path, range(30))
    numbers = [frame_number(image) for image in frames.image_KHWC]
    assert numbers[:9] == list(range(9))
    assert numbers[20:] == list(range(20, 30))
    assert any("frames could not be decoded" in problem or "are damaged" in problem for problem in frames.problems)


def test_nothing_but_damage_is_an_error(video, tmp_path):
    path = video(tmp_path / "a.mp4", sound=False)
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for place, size in places:
        data[place : place + size] = bytes(size)
    path.write_bytes(data)
    with pytest.raises(MediaError, match="none of its 10 frames that were asked for can be decoded"):
        read_frames(path, range(10))


def test_a_file_that_vanishes(video, tmp_path):
    path = video(tmp_path / "a.mp4")
    index = index_frames(path)
    path.unlink()
    with pytest.raises(MediaError, match="no such file"):
        read_frames(path, [0], index=index)


def test_an_8k_frame_is_scaled_as_it_is_decoded(tmp_path):
    path = tmp_path / "8k.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 7680, 4320, "gray"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((4320, 7680), 99, np.uint8), format="gray")))
        container.mux(stream.encode())
    frames = read_frames(path, [0], 112)
    assert frames.image_KHWC.shape == (1, 112, 112, 3)
    assert np.abs(frames.image_KHWC.astype(int) - 99).max() <= 2


@pytest.mark.shared
def test_real_videos(shared, rng):
    for path in sorted((shared / "data" / "javanese").glob("*.mp4"))[:3]:
        index = index_frames(path)
        asked = sample_segments(len(index), 4, 2, rng).ravel()
        assert (read_frames(path, asked, index=index).image_KHWC == decode_all(path)[asked]).all()
