"""Short films of the drawn scenes, with a chord to each: videos for the demo, without anybody's data.

    python examples/films.py film.mp4 --labels contentment awe fear sadness --seconds 4

They show that the chain from video to timeline runs. What a model scores on them says nothing about films.

Legend: T samples of sound, P of one scene.
"""

import argparse
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from drawn import SCENES, draw
from PIL import Image

FPS, RATE = 12, 22050
POSITIVE = ("amusement", "awe", "contentment", "excitement")
MAJOR, MINOR = (261.63, 329.63, 392.00), (220.00, 261.63, 329.63)  # Hz


def write_film(path: str | Path, labels: Sequence[str], seconds: float = 4.0, seed: int = 0) -> Path:
    """Write one scene after the other, H.264 and AAC, 320 x 240; a slow drive towards each.

    Args:
        path: of the ``.mp4``.
        labels: of ``mikels8``; a major chord to the positive ones, a minor one to the others.
        seconds: of each scene.
        seed: which of the endless variants of the first scene; the next ones follow.
    """
    frames = round(seconds * FPS)
    samples = round(seconds * RATE)
    with av.open(str(path), "w") as film:
        pictures = film.add_stream("libx264", rate=FPS)
        pictures.width, pictures.height, pictures.pix_fmt = 320, 240, "yuv420p"
        sound = film.add_stream("aac", rate=RATE, layout="mono")
        for place, label in enumerate(labels):
            scene = draw(label, seed + place)
            for number in range(frames):
                margin = 0.1 * number / frames
                box = (320 * margin, 240 * margin, 320 * (1 - margin), 240 * (1 - margin))
                shown = scene.resize((320, 240), Image.Resampling.BILINEAR, box=box)
                film.mux(pictures.encode(av.VideoFrame.from_image(shown)))
            time_P = np.arange(samples) / RATE
            chord = MAJOR if label in POSITIVE else MINOR
            wave_P = sum(np.sin(2 * np.pi * hertz * time_P) for hertz in chord) * 0.15 * np.exp(-time_P)
            wave = av.AudioFrame.from_ndarray(wave_P[None].astype(np.float32), format="fltp", layout="mono")
            wave.sample_rate, wave.pts, wave.time_base = RATE, place * samples, Fraction(1, RATE)
            film.mux(sound.encode(wave))
        for stream in (pictures, sound):
            film.mux(stream.encode(None))
    return Path(path)


def write_films(directory: str | Path, labels: Sequence[str], per_label: int, seconds: float = 1.0) -> list[Path]:
    """Write ``directory/LABEL/NNN.mp4``, class folders as the ``videofolder`` importer reads them."""
    written = []
    for label in labels:
        folder = Path(directory) / label
        folder.mkdir(parents=True, exist_ok=True)
        written += [write_film(folder / f"{n:03d}.mp4", [label], seconds, seed=n) for n in range(per_label)]
    return written


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a film of drawn scenes.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--labels", nargs="+", choices=list(SCENES), default=["contentment", "awe", "fear", "sadness"])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write_film(options.path, options.labels, options.seconds, options.seed)
