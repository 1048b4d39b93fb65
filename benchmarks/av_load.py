"""Clips loaded a second in the first epoch, against dumping every frame to a JPEG file and reading 128 of them.

    OMP_NUM_THREADS=1 python benchmarks/av_load.py --javanese ../shared/data/javanese --short 24 --long 2

Both ways end in the same input: 16 x 8 frames of 112 pixels and 32 MFCC of 4,096 audio frames. The usual way decodes
with the same library, writes each frame at full size (Pillow's quality 90) and the sound as a .wav, then reads 128
frames, scales and crops them, and reads the .wav; its MFCC are ours. One process, one thread, for both. The long videos
are drawn here: 30 s of 720p at 30 frames a second, panning over a textured ground, with x264's own defaults.

Two quiet cores of a Cascade Lake server, PyAV 18.1, 24 short videos and 2 long ones, videos a second:

    360 x 270, 2 to 8 s    read_video 11.1, dump and read 2.25 (1.4 MB a video on disk): ratio 4.9
    720p, 30 s             read_video 0.53, dump and read 0.06 (198 MB a video on disk): ratio 8.4 (8.5 in processor s)

Of the 1.8 s for a long video 1.3 go into decoding H.264: x264 sets a key frame every 250 frames, and between two places
only the frames that no other refers to can be passed over.
"""

import argparse
import tempfile
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from emolens.media.segments import sample_segments
from emolens.media.video_sample import VideoConfig, VideoSample, read_video, sound_feature

QUALITY = 90
CONFIG = VideoConfig()


def ours(path: Path, folder: Path) -> VideoSample:
    return read_video(path, CONFIG)


def usual(path: Path, folder: Path) -> VideoSample:
    """Dump everything, then read what is needed."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        count = 0
        for count, frame in enumerate(container.decode(video=0), start=1):
            frame.to_image().save(folder / f"{count:06d}.jpg", quality=QUALITY)
    with av.open(str(path)) as container, wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(CONFIG.audio.rate)
        resampler = av.AudioResampler("s16", "mono", CONFIG.audio.rate)
        for decoded in (*container.decode(audio=0), None):
            for made in resampler.resample(decoded):
                sound.writeframes(made.to_ndarray().tobytes())

    size, images = CONFIG.size, []
    for number in sample_segments(count, CONFIG.segments, CONFIG.frames, None).flatten():
        with Image.open(folder / f"{number + 1:06d}.jpg") as picture:
            scale = size / min(picture.size)
            width, height = round(picture.width * scale), round(picture.height * scale)
            left, top = (width - size) // 2, (height - size) // 2
            small = picture.resize((width, height), Image.Resampling.BILINEAR)
            images.append(np.asarray(small.crop((left, top, left + size, top + size))))
    with wave.open(str(folder / "sound.wav"), "rb") as sound:
        samples = np.frombuffer(sound.readframes(round(CONFIG.sound_s * CONFIG.audio.rate)), np.int16)
    video = torch.from_numpy(np.stack(images)).view(CONFIG.segments, CONFIG.frames, size, size, 3)
    return VideoSample(video, sound_feature(samples.astype(np.float32) / 32767, CONFIG), 0.0, 0.0, 0.0, ())


def draw(path: Path, seed: int, seconds: int = 30, fps: int = 30) -> Path:
    """A long video: a window that pans over a textured ground, grain, and a tone that glides."""
    rng = np.random.default_rng(seed)
    ground: NDArray[np.uint8] = np.zeros((1440, 2560, 3), np.uint8)
    for cell in (320, 80, 20, 5):  # detail of all sizes, as in photographs
        coarse = rng.integers(0, 64, (1440 // cell + 1, 2560 // cell + 1, 3), dtype=np.uint8)
        ground += np.asarray(Image.fromarray(coarse).resize((2560, 1440), Image.Resampling.BICUBIC))
    grain = rng.integers(0, 8, (760, 1320, 1), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=fps)
        pictures.width, pictures.height, pictures.pix_fmt = 1280, 720, "yuv420p"
        voice = container.add_stream("aac", rate=44100, layout="mono")
        for k in range(seconds * fps):
            x, y = round(640 * (1 + np.sin(k / 70))), round(360 * (1 + np.cos(k / 90)))
            dx, dy = rng.integers(0, 40, 2)
            image = np.minimum(ground[y : y + 720, x : x + 1280], 240) + grain[dy : dy + 720, dx : dx + 1280]
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(pictures.encode())
        t = np.arange(seconds * 44100) / 44100
        tone = av.AudioFrame.from_ndarray((0.3 * np.sin(1000 * t + 20 * t**2))[None].astype(np.float32), "fltp", "mono")
        tone.rate = 44100
        container.mux(voice.encode(tone))
        container.mux(voice.encode())
    return path


def measure(
    load: Callable[[Path, Path], VideoSample], paths: Sequence[Path]
) -> tuple[float, float, int, list[VideoSample]]:
    """Seconds, of them the processor's, bytes left on disk, and the videos."""
    videos, passed, spent, written = [], 0.0, 0.0, 0
    for path in paths:
        with tempfile.TemporaryDirectory() as name:
            clock, begin = time.perf_counter(), time.process_time()
            videos.append(load(path, Path(name)))
            spent += time.process_time() - begin
            passed += time.perf_counter() - clock
            written += sum(file.stat().st_size for file in Path(name).iterdir())
    return passed, spent, written, videos


def compare(title: str, paths: Sequence[Path]) -> None:
    for load in (ours, usual):
        measure(load, paths[:1])  # tables are made and files are read once
    seconds, cpu, _, videos = measure(ours, paths)
    usual_seconds, usual_cpu, written, usual_clips = measure(usual, paths)
    apart = [
        float((a.video_STHWC.float() - b.video_STHWC.float()).abs().mean())
        for a, b in zip(videos, usual_clips, strict=True)
        if a.video_STHWC is not None and b.video_STHWC is not None
    ]
    n = len(paths)
    print(f"{title}, {n} videos, {sum(path.stat().st_size for path in paths) / n / 1e6:.2f} MB each")
    print(f"  read_video:        {n / seconds:5.2f} videos a second, nothing on disk")
    print(f"  dump, then read:  {n / usual_seconds:5.2f} videos a second, {written / n / 1e6:.1f} MB a video on disk")
    print(f"  ratio {usual_seconds / seconds:.1f}, in processor seconds {usual_cpu / cpu:.1f}", end="; ")
    print(f"the pictures differ by {np.mean(apart):.1f} of 255", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--javanese", type=Path, required=True)
    parser.add_argument("--short", type=int, default=24, help="how many of the short videos")
    parser.add_argument("--long", type=int, default=2, help="how many long ones to draw")
    options = parser.parse_args()
    torch.set_num_threads(1)
    every = sorted(options.javanese.glob("*.mp4"))
    compare("short videos with sound, 360 x 270", every[:: max(1, len(every) // options.short)][: options.short])
    with tempfile.TemporaryDirectory() as name:
        compare("30 s of 720p", [draw(Path(name) / f"{seed}.mp4", seed) for seed in range(options.long)])


if __name__ == "__main__":
    main()
