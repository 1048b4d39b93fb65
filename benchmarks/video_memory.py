"""Memory of streaming an hour of video, beside a minute of the same.

    python benchmarks/video_memory.py [--minutes 60] [--persons yolox_nano.onnx --film FILM_OF_A_PERSON]

Writes ten seconds of 720p H.264 with sound (x264's defaults); both files repeat its packets. Each is streamed in a
process of its own: "frames", two a second, as for image models; "windows", 10 s long every 5 s, 16 segments of 8 frames
at 112 px and the sound of the window, as for audio-visual ones. With --persons only that: `predict --who persons` with
`mini`, a detector and a film of one's own that has a person in it, whose packets are repeated. Exit code 1 where the
long file takes over 300 MB more than the short one. Linux only (the peak is read from /proc).

An hour of "frames": 101 MB, beside 79 MB for the minute (12.7 s of video a second). With --minutes 10 "windows" take
107 MB, beside 97 MB (4 to 6.5 s a second). With --minutes 30 "persons" take 954 MB, beside 933 MB, for a Javanese
film of 3.8 s, 360 x 270, repeated (7.1 s a second). Two cores, other jobs beside it.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from emolens.media.video import probe

LIMIT_MB = 300
CLIP_S = 10
WIDTH, HEIGHT, FPS, RATE = 1280, 720, 25, 44100

MEASURE = """
import json, re, sys, time
from pathlib import Path
import numpy as np
from emolens.media.audio import read_audio
from emolens.media.segments import sample_segments
from emolens.media.video import index_frames, stream_frames, stream_windows

def frames(path):
    return sum(1 for _ in stream_frames(path, 2.0, 224))

def windows(path):
    index = index_frames(path)
    starts = np.arange(0, max(index.duration_s - 5, 1), 5.0).tolist()
    spans = [(start, start + 10.0) for start in starts]
    streamed = stream_windows(path, spans, lambda n: sample_segments(n, 16, 8, None), 112, index)
    for (start, end), _ in zip(spans, streamed, strict=True):
        read_audio(path, 44100, start, end)
    return len(spans)

def persons(path):
    from emolens import load
    from emolens.people import PersonFinder

    finder = PersonFinder(sys.argv[3], cache=Path(path).with_suffix(".boxes"))
    rows = load("mini", device="cpu").predict(path, who="persons", people=finder)
    assert all(row.person for row in rows), "nobody is in this film"
    return len(rows)

start = time.perf_counter()
count = {"frames": frames, "windows": windows, "persons": persons}[sys.argv[1]](sys.argv[2])
seconds = time.perf_counter() - start
# Not ru_maxrss, in which the peak of the process that started this one lives on.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"seconds": seconds, "peak_mb": peak, "count": count}))
"""


def write_clip(path: Path) -> None:
    """Drifting blocks under noise, so that the encoder has as much to do as with a camera's pictures."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (HEIGHT // 40, 3 * WIDTH // 40, 3), dtype=np.uint8).repeat(40, 0).repeat(40, 1)
    noise = rng.integers(0, 16, (HEIGHT, 2 * WIDTH, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        voice = container.add_stream("aac", rate=RATE, layout="mono")
        for k in range(CLIP_S * FPS):
            shift = int(rng.integers(WIDTH))
            picture = blocks[:, k : k + WIDTH] // 2 + noise[:, shift : shift + WIDTH]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(stream.encode())
        wave = np.sin(np.arange(CLIP_S * RATE) / RATE * 2 * np.pi * 440)[None].astype(np.float32) / 2
        sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        sound.rate = RATE
        container.mux(voice.encode(sound))
        container.mux(voice.encode())


def repeat(source: Path, target: Path, seconds: float) -> None:
    """The packets of a file over and over, without encoding anything again, for at least so long."""
    with av.open(str(source)) as old:
        length_s = old.duration / av.time_base
        times = math.ceil(seconds / length_s)
        step = {stream.index: int(length_s / stream.time_base) for stream in old.streams}
        packets = [packet for packet in old.demux() if packet.dts is not None]
        with av.open(str(target), "w") as new:
            streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
            last = dict.fromkeys(streams, -(2**60))
            for number in range(times):
                for packet in packets:
                    copy = av.Packet(bytes(packet))
                    shift, index = number * step[packet.stream_index], packet.stream_index
                    copy.pts, copy.dts, copy.time_base = packet.pts + shift, packet.dts + shift, packet.time_base
                    copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
                    if copy.dts <= last[index]:  # the encoder's lead-in of sound, at each seam
                        continue
                    last[index] = copy.dts
                    copy.stream = streams[index]
                    new.mux(copy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--persons", type=Path, help="weights of a detector; measures predict --who persons")
    parser.add_argument("--film", type=Path, help="whose packets are repeated; by default one that is drawn")
    given = parser.parse_args()
    minutes: int = given.minutes
    ways = ("frames", "windows") if given.persons is None else ("persons",)
    too_much = False
    with tempfile.TemporaryDirectory() as folder:
        clip, short, long = (Path(folder) / name for name in ("clip.mp4", "minute.mp4", "long.mp4"))
        if given.film is None:
            write_clip(clip)
        repeat(given.film or clip, short, 60)
        repeat(given.film or clip, long, minutes * 60)
        info = probe(short)
        print(f"{info.width} x {info.height}: 1 min {short.stat().st_size / 2**20:.0f} MB, ", end="")
        print(f"{minutes} min {long.stat().st_size / 2**20:.0f} MB on disk")
        for way in ways:
            results = []
            for path, length in ((short, 1), (long, minutes)):
                command = [sys.executable, "-c", MEASURE, way, str(path), f"yolox:{given.persons}"]
                result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                speed = 60 * length / result["seconds"]
                print(f"{way:8} {length:3} min  {result['count']:6} in {result['seconds']:6.1f} s", end="")
                print(f"  ({speed:5.1f} s of video a second)   peak {result['peak_mb']:5.0f} MB")
                results.append(result)
            more = results[1]["peak_mb"] - results[0]["peak_mb"]
            too_much |= more > LIMIT_MB
            verdict = "met" if more <= LIMIT_MB else "MISSED"
            print(f"{way:8} {more:+.0f} MB for {minutes} min; limit {LIMIT_MB} MB: {verdict}")
    sys.exit(int(too_much))


if __name__ == "__main__":
    main()
