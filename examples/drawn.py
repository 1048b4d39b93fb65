"""Small drawn scenes whose mood is meant: labelled pictures for the demo, without anybody's data.

    python examples/drawn.py DIR --per-label 15

They show that the chain from manifest to report runs. What a model scores on them says nothing about photographs.

Legend: H, W height and width.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

WIDTH, HEIGHT = 320, 240
Colour = tuple[int, int, int]


class Scene:
    """A canvas with a seeded hand."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.image = Image.new("RGB", (WIDTH, HEIGHT))
        self.pen = ImageDraw.Draw(self.image)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def whole(self, low: int, high: int) -> int:
        """An integer from ``low`` to ``high``, both included."""
        return int(self.rng.integers(low, high + 1))

    def near(self, colour: Colour, spread: int = 18) -> Colour:
        """A colour a little off the given one."""
        r, g, b = (int(np.clip(c + self.rng.normal(0, spread / 2), 0, 255)) for c in colour)
        return r, g, b

    def fade(self, top: Colour, bottom: Colour, start: float = 0, stop: float = 1) -> None:
        """A vertical gradient between two shares of the height."""
        first, last = round(start * HEIGHT), round(stop * HEIGHT)
        share = np.linspace(0, 1, max(last - first, 1))[:, None]
        rows = (np.array(top) * (1 - share) + np.array(bottom) * share).astype(np.uint8)
        band = Image.fromarray(np.repeat(rows[:, None], WIDTH, axis=1))
        self.image.paste(band, (0, first))

    def disc(self, x: float, y: float, radius: float, colour: Colour, squeeze: float = 1.0) -> None:
        self.pen.ellipse((x - radius, y - radius * squeeze, x + radius, y + radius * squeeze), fill=colour)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Light added around a point, falling off smoothly."""
        v, u = np.mgrid[:HEIGHT, :WIDTH]
        light_HW = strength * np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * radius**2))
        lit = np.asarray(self.image, dtype=np.float32) + light_HW[..., None] * np.array(colour, dtype=np.float32)
        self.image.paste(Image.fromarray(lit.clip(0, 255).astype(np.uint8)))

    def hills(self, level: float, height: float, colour: Colour, rough: float = 0.0) -> None:
        """A wavy, or with ``rough`` a jagged, outline filled to the bottom."""
        x = np.arange(0, WIDTH + 1, 4)
        waves = [(self.between(0.5, 2.5), self.between(0, 6.3), self.between(0.3, 1)) for _ in range(3)]
        y = sum(a * np.sin(f * x / WIDTH * 2 * math.pi + p) for f, p, a in waves) * height / 2
        if rough:
            y = y + np.interp(x, np.arange(0, WIDTH + 40, 20), self.rng.uniform(-rough, rough, WIDTH // 20 + 2))
        line = [(float(u), float(level * HEIGHT + v)) for u, v in zip(x, y, strict=True)]
        self.pen.polygon([*line, (WIDTH, HEIGHT), (0, HEIGHT)], fill=colour)

    def cloud(self, x: float, y: float, size: float, colour: Colour) -> None:
        for _ in range(7):
            self.disc(
                x + self.between(-1, 1) * size,
                y + self.between(-0.2, 0.2) * size,
                size * self.between(0.35, 0.6),
                colour,
                0.6,
            )

    def tree(self, x: float, y: float, size: float, leaves: Colour, trunk: Colour = (96, 66, 40)) -> None:
        self.pen.rectangle((x - size * 0.06, y - size * 0.5, x + size * 0.06, y), fill=trunk)
        for _ in range(6):
            at = (x + self.between(-0.25, 0.25) * size, y - size * self.between(0.55, 0.9))
            self.disc(*at, size * self.between(0.16, 0.26), self.near(leaves, 24))

    def bare_tree(self, x: float, y: float, length: float, angle: float, colour: Colour, depth: int = 6) -> None:
        end = (x + length * math.cos(angle), y - length * math.sin(angle))
        self.pen.line((x, y, *end), fill=colour, width=max(1, depth - 1))
        if depth > 1:
            for turn in (self.between(0.2, 0.6), -self.between(0.2, 0.6)):
                self.bare_tree(*end, length * self.between(0.62, 0.8), angle + turn, colour, depth - 1)

    def grain(self, amount: float) -> None:
        noise = self.rng.normal(0, amount, (HEIGHT, WIDTH, 1))
        self.image.paste(Image.fromarray((np.asarray(self.image) + noise).clip(0, 255).astype(np.uint8)))

    def soften(self, radius: float) -> None:
        self.image.paste(self.image.filter(ImageFilter.GaussianBlur(radius)))

    def dim_edges(self, amount: float) -> None:
        v, u = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]  # type: ignore[misc]
        keep_HW = 1 - amount * np.clip(np.hypot(u, v) / 1.41, 0, 1) ** 2
        self.image.paste(Image.fromarray((np.asarray(self.image) * keep_HW[..., None]).astype(np.uint8)))


def amusement(scene: Scene) -> None:
    """Funny faces and balloons on a bright ground."""
    grounds: list[Colour] = [(255, 214, 92), (122, 214, 240), (255, 164, 190), (164, 230, 150)]
    ground = grounds[scene.whole(0, 3)]
    scene.fade(scene.near(ground), scene.near(ground))
    for _ in range(scene.whole(12, 30)):
        bright: list[Colour] = [(255, 90, 90), (80, 120, 255), (255, 255, 255), (120, 210, 90), (180, 90, 220)]
        scene.disc(scene.between(0, WIDTH), scene.between(0, HEIGHT), scene.between(3, 8), bright[scene.whole(0, 4)])
    for place in range(count := scene.whole(1, 3)):
        x, y = WIDTH * (place + 0.5) / count + scene.between(-12, 12), HEIGHT / 2 + scene.between(-30, 30)
        _face(scene, x, y, scene.between(42, 62) if count > 1 else scene.between(70, 90))


def _face(scene: Scene, x: float, y: float, r: float) -> None:
    pen = scene.pen
    skins: list[Colour] = [(255, 222, 60), (255, 170, 70), (130, 225, 120), (120, 190, 255)]
    scene.disc(x, y, r, scene.near(skins[scene.whole(0, 3)]))
    look = scene.between(-0.1, 0.1) * r
    for side in (-1, 1):
        size = r * scene.between(0.16, 0.28)
        scene.disc(x + side * 0.36 * r, y - 0.25 * r, size, (255, 255, 255))
        scene.disc(x + side * 0.36 * r + look, y - 0.22 * r, size * 0.5, (20, 20, 20))
    mouth = (x - 0.55 * r, y - 0.3 * r, x + 0.55 * r, y + 0.65 * r)
    pen.chord(mouth, 10, 170, fill=(150, 20, 40))
    if scene.whole(0, 1):
        scene.disc(x + scene.between(-0.1, 0.2) * r, y + 0.52 * r, 0.2 * r, (255, 110, 130), 1.3)  # tongue
    if scene.whole(0, 1):
        scene.disc(x, y + 0.05 * r, 0.14 * r, (235, 40, 50))  # red nose
    if scene.whole(0, 1):
        hat = scene.near((90, 60, 200), 60)
        pen.polygon([(x - 0.5 * r, y - 0.8 * r), (x + 0.5 * r, y - 0.8 * r), (x + look * 3, y - 1.6 * r)], fill=hat)
        scene.disc(x + look * 3, y - 1.6 * r, 0.12 * r, (255, 255, 255))


def awe(scene: Scene) -> None:
    """Great mountains under a huge sky: stars and a milky way, or a low sun."""
    night = scene.whole(0, 1) == 1
    if night:
        scene.fade(scene.near((8, 12, 46)), scene.near((58, 60, 130)))
        tilt, middle = scene.between(-0.5, 0.5), scene.between(60, 120)
        for _ in range(9):
            x = scene.between(0, WIDTH)
            scene.glow(x, middle + tilt * (x - WIDTH / 2), scene.between(14, 34), scene.near((110, 90, 150)), 0.35)
        for _ in range(scene.whole(220, 420)):
            x, y, light = scene.between(0, WIDTH), scene.between(0, HEIGHT), scene.whole(120, 255)
            scene.disc(x, y, scene.between(0.3, 1.1), (light, light, min(255, light + 20)))
    else:
        scene.fade(scene.near((52, 74, 150)), scene.near((255, 190, 120)), 0, 0.75)
        scene.glow(scene.between(60, 260), 0.62 * HEIGHT, scene.between(40, 70), (255, 210, 130), 0.9)
    for depth, level in enumerate((0.6, 0.72, 0.86)):
        far = (70 - 18 * depth, 70 - 14 * depth, 120 - 30 * depth)
        rock = far if night else (110 - 30 * depth, 84 - 22 * depth, 110 - 26 * depth)
        scene.hills(level, 34 - 6 * depth, scene.near(rock, 10), rough=30 - 8 * depth)


def contentment(scene: Scene) -> None:
    """A sunny meadow, or a calm sea in mild light."""
    scene.fade(scene.near((120, 190, 240)), scene.near((226, 242, 252)), 0, 0.7)
    scene.glow(scene.between(30, 290), scene.between(20, 60), 34, (255, 246, 200), 0.9)
    for _ in range(scene.whole(1, 3)):
        scene.cloud(scene.between(20, 300), scene.between(30, 80), scene.between(18, 32), (255, 255, 255))
    scene.soften(1.2)
    if scene.whole(0, 1):
        scene.hills(0.58, 20, scene.near((150, 204, 120)))
        scene.hills(0.68, 16, scene.near((118, 184, 92)))
        for _ in range(scene.whole(1, 3)):
            scene.tree(scene.between(20, 300), scene.between(0.68, 0.76) * HEIGHT, scene.between(40, 80), (84, 150, 66))
        scene.hills(0.82, 8, scene.near((130, 196, 88)))
        petals: list[Colour] = [(255, 255, 255), (255, 220, 80), (250, 150, 180)]
        for _ in range(scene.whole(40, 90)):
            y = scene.between(0.85, 1) * HEIGHT
            scene.disc(scene.between(0, WIDTH), y, 1 + 2 * (y / HEIGHT - 0.8) * 5, petals[scene.whole(0, 2)])
        return
    line = scene.between(0.55, 0.62)
    scene.fade(scene.near((120, 200, 214)), scene.near((52, 140, 176)), line, 1)
    for _ in range(60):
        y = scene.between(line + 0.02, 0.9) * HEIGHT
        x, length = scene.between(-20, WIDTH), scene.between(8, 46)
        scene.pen.line((x, y, x + length, y), fill=scene.near((170, 222, 228), 12), width=1)
    scene.hills(0.92, 8, scene.near((240, 222, 170)))
    x, y = scene.between(60, 260), line * HEIGHT + 14
    scene.pen.polygon([(x, y - 40), (x, y - 4), (x + 22, y - 4)], fill=(255, 255, 255))
    scene.pen.polygon([(x - 16, y), (x + 26, y), (x + 18, y + 9), (x - 9, y + 9)], fill=scene.near((190, 84, 60)))


def excitement(scene: Scene) -> None:
    """Fireworks over a town."""
    scene.fade(scene.near((12, 8, 44)), scene.near((66, 24, 90)))
    hues: list[Colour] = [(255, 70, 90), (255, 200, 60), (80, 220, 255), (255, 120, 255), (140, 255, 120)]
    for _ in range(scene.whole(4, 7)):
        x, y, reach = scene.between(30, 290), scene.between(25, 140), scene.between(32, 72)
        colour = scene.near(hues[scene.whole(0, 4)])
        scene.glow(x, y, reach * 0.7, colour, 0.55)
        for ray in range(rays := scene.whole(18, 34)):
            angle, length = 2 * math.pi * ray / rays, reach * scene.between(0.75, 1)
            for step in np.linspace(0.25, 1, 8):
                px, py = x + math.cos(angle) * length * step, y + math.sin(angle) * length * step + 10 * step**2
                scene.disc(px, py, 0.6 + 1.4 * step, tuple(round(c * (0.5 + 0.5 * step)) for c in colour))  # type: ignore[arg-type]
        scene.disc(x, y, 3, (255, 255, 240))
    left = 0.0
    while left < WIDTH:
        wide, tall = scene.between(18, 40), scene.between(24, 70)
        scene.pen.rectangle((left, HEIGHT - tall, left + wide, HEIGHT), fill=scene.near((16, 12, 30), 6))
        for _ in range(scene.whole(2, 6)):
            wx, wy = left + scene.between(3, wide - 5), HEIGHT - scene.between(4, tall - 4)
            scene.pen.rectangle((wx, wy, wx + 2, wy + 3), fill=(255, 214, 110))
        left += wide


def anger(scene: Scene) -> None:
    """Flames, cracks and sharp red shapes."""
    scene.fade(scene.near((60, 4, 4)), scene.near((170, 18, 8)))
    for _ in range(scene.whole(7, 12)):
        x, y = scene.between(0, WIDTH), scene.between(0, HEIGHT)
        reach, turn = scene.between(30, 90), scene.between(0, 6.3)
        corners = [(x + reach * math.cos(turn + a), y + reach * math.sin(turn + a)) for a in (0, 2.7, 3.5)]
        scene.pen.polygon(corners, fill=scene.near((20, 4, 4) if scene.whole(0, 1) else (214, 30, 16), 14))
    for _ in range(scene.whole(14, 24)):
        x, tall, wide = scene.between(0, WIDTH), scene.between(50, 150), scene.between(12, 26)
        lean = scene.between(-20, 20)
        for share, colour in ((1.0, (226, 50, 10)), (0.68, (255, 130, 10)), (0.38, (255, 220, 70))):
            tip = (x + lean * share, HEIGHT - tall * share)
            base = [(x - wide * share, HEIGHT), (x - wide * share * 0.7, HEIGHT - tall * share * 0.4)]
            other = [(x + wide * share * 0.8, HEIGHT - tall * share * 0.35), (x + wide * share, HEIGHT)]
            scene.pen.polygon([*base, tip, *other], fill=scene.near(colour, 16))
    for _ in range(scene.whole(2, 4)):
        x, y = scene.between(20, 300), 0.0
        while y < HEIGHT * 0.6:
            nx, ny = x + scene.between(-24, 24), y + scene.between(10, 26)
            scene.pen.line((x, y, nx, ny), fill=(255, 236, 190), width=2)
            x, y = nx, ny
    scene.dim_edges(0.5)


def disgust(scene: Scene) -> None:
    """Slime, mould and flies."""
    scene.fade(scene.near((120, 116, 60)), scene.near((84, 78, 40)))
    for _ in range(scene.whole(30, 60)):
        scene.disc(
            scene.between(0, WIDTH),
            scene.between(0, HEIGHT),
            scene.between(3, 22),
            scene.near((104, 108, 46), 34),
            scene.between(0.6, 1.2),
        )
    scene.soften(1.5)
    slime = scene.near((142, 168, 40))
    scene.pen.rectangle((0, 0, WIDTH, scene.between(20, 50)), fill=slime)
    for _ in range(scene.whole(9, 15)):
        x, drop, wide = scene.between(0, WIDTH), scene.between(50, 180), scene.between(6, 14)
        scene.pen.rectangle((x - wide, 0, x + wide, drop), fill=slime)
        scene.disc(x, drop, wide * 1.25, slime, 1.2)
        scene.disc(x - wide * 0.4, drop - 2, wide * 0.3, (206, 222, 120))
    for _ in range(scene.whole(8, 16)):
        x, y = scene.between(0, WIDTH), scene.between(60, HEIGHT)
        mould = scene.near((70, 84, 66), 20)
        for _ in range(14):
            scene.disc(
                x + scene.rng.normal(0, 9), y + scene.rng.normal(0, 7), scene.between(1, 4), scene.near(mould, 20)
            )
    for _ in range(scene.whole(4, 9)):
        x, y = scene.between(10, 310), scene.between(10, 230)
        scene.disc(x - 3, y - 3, 3, (180, 186, 180), 0.7)
        scene.disc(x + 3, y - 3, 3, (180, 186, 180), 0.7)
        scene.disc(x, y, 3, (18, 20, 16), 1.3)
    scene.grain(7)


def fear(scene: Scene) -> None:
    """A dark alley or wood with eyes in it."""
    scene.fade(scene.near((10, 12, 20), 6), scene.near((26, 28, 40), 8))
    x, y = scene.between(120, 200), scene.between(90, 120)
    scene.glow(x, y, scene.between(22, 42), (96, 108, 120), 0.7)
    if scene.whole(0, 1):
        wall = scene.near((15, 15, 20), 4)
        scene.pen.polygon([(0, 0), (x - 26, y - 44), (x - 22, y + 26), (0, HEIGHT)], fill=wall)
        scene.pen.polygon([(WIDTH, 0), (x + 26, y - 44), (x + 22, y + 26), (WIDTH, HEIGHT)], fill=wall)
        for step in range(1, 7):
            share = (step / 7) ** 1.6
            for side, edge in ((0, x - 24), (WIDTH, x + 24)):
                at = edge + (side - edge) * share
                scene.pen.line((at, y - 44 - share * (y - 40), at, y + 26 + share * (HEIGHT - y)), fill=(24, 24, 32))
        scene.disc(x, y - 6, 4, (4, 4, 6))
        scene.pen.polygon([(x - 7, y + 24), (x - 5, y), (x + 5, y), (x + 7, y + 24)], fill=(4, 4, 6))
    else:
        for _ in range(scene.whole(4, 7)):
            scene.bare_tree(
                scene.between(0, WIDTH),
                HEIGHT,
                scene.between(44, 70),
                math.pi / 2 + scene.between(-0.2, 0.2),
                (4, 5, 8),
                7,
            )
    for _ in range(scene.whole(2, 6)):
        ex, ey, size = scene.between(20, 300), scene.between(60, 200), scene.between(2, 4.5)
        for side in (-1, 1):
            scene.disc(ex + side * size * 2, ey, size, scene.near((230, 214, 120), 24), 0.6)
            scene.disc(ex + side * size * 2, ey, size * 0.35, (0, 0, 0), 1.4)
    scene.grain(5)
    scene.dim_edges(0.75)


def sadness(scene: Scene) -> None:
    """Grey rain: on a window, or on a lone bare tree."""
    scene.fade(scene.near((98, 106, 118), 12), scene.near((134, 140, 148), 12))
    for _ in range(scene.whole(3, 6)):
        scene.cloud(scene.between(0, WIDTH), scene.between(0, 50), scene.between(30, 56), scene.near((92, 98, 108), 10))
    scene.soften(6)
    scene.hills(0.8, 8, scene.near((84, 88, 92), 8))
    if scene.whole(0, 1):
        scene.bare_tree(
            scene.between(70, 250), 0.83 * HEIGHT, scene.between(30, 44), math.pi / 2, scene.near((46, 48, 52), 6)
        )
    else:
        x, y = scene.between(70, 250), 0.86 * HEIGHT
        scene.pen.rectangle((x - 26, y - 12, x + 26, y - 8), fill=(62, 60, 60))  # an empty bench
        for leg in (-20, 20):
            scene.pen.rectangle((x + leg - 1, y - 8, x + leg + 1, y + 4), fill=(62, 60, 60))
        scene.pen.rectangle((x - 26, y - 24, x + 26, y - 20), fill=(62, 60, 60))
    slant = scene.between(-5, 5)
    for _ in range(scene.whole(160, 300)):
        x, y, length = scene.between(-10, WIDTH + 10), scene.between(-10, HEIGHT), scene.between(8, 20)
        scene.pen.line((x, y, x + slant * length / 14, y + length), fill=scene.near((166, 174, 184), 12), width=1)
    scene.soften(0.5)
    scene.dim_edges(0.3)


SCENES: dict[str, Callable[[Scene], None]] = {
    scene.__name__: scene for scene in (amusement, awe, contentment, excitement, anger, disgust, fear, sadness)
}


def draw(label: str, seed: int) -> Image.Image:
    """One scene, 320 x 240 RGB; the same for the same label and seed.

    Args:
        label: one of the eight of ``mikels8``.
        seed: which of its endless variants.

    Raises:
        KeyError: another label.
    """
    scene = Scene(seed)
    SCENES[label](scene)
    # Print, light and film differ, as they do in photographs; else the colour alone would give the label away.
    picture = ImageEnhance.Color(scene.image).enhance(scene.between(0.0, 1.2))
    picture = ImageEnhance.Brightness(picture).enhance(scene.between(0.65, 1.3))
    return ImageEnhance.Contrast(picture).enhance(scene.between(0.7, 1.15))


def write_drawn(directory: str | Path, per_label: int = 15, seed: int = 0) -> list[Path]:
    """Write ``directory/LABEL/NNN.jpg``, class folders as the ``imagefolder`` importer reads them.

    Returns:
        The paths, label by label.
    """
    written = []
    for label in SCENES:
        folder = Path(directory) / label
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(per_label):
            path = folder / f"{number:03d}.jpg"
            draw(label, seed * 100_000 + number).save(path, quality=90)
            written.append(path)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description="Write labelled drawn scenes into class folders.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--per-label", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{options.directory}: {len(write_drawn(options.directory, options.per_label, options.seed))} pictures")


if __name__ == "__main__":
    main()
