"""Embedding pictures: emolens against open_clip's own loop; and training a head on what is cached.

python benchmarks/embed.py [--images FOLDER] [--count 64] [--repeats 3] [--arch ViT-B-32] [--precision auto]

Both sides get the same JPEG files and the same random weights, each in a process of its own that loads and warms up
before the clock starts; they take turns, and the figure is the median of the ratios of neighbours, so that whatever
else the machine does hits both.

open_clip: Image.open, its own preprocess, batches of 32, encode_image, fp32, no_grad: the loop of its README.
emolens: what ``emolens embed`` does into an empty cache: reading, hashing and writing included.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from emolens.media.image import IMAGE_SUFFIXES

BATCH = 32
CLASSES = 8


@dataclass(frozen=True)
class Options:
    images: Path | None = None
    """Folder of pictures (default: drawn JPEGs of 1600 x 1200, about 0.7 MB each)."""
    count: int = 64
    repeats: int = 3
    arch: str = "ViT-B-32"
    precision: str = "auto"
    """Of emolens; open_clip always runs fp32."""


@dataclass(frozen=True)
class Job:
    """What one side is told."""

    arch: str
    precision: str
    weights: Path
    paths: list[Path]
    out: Path


def main() -> None:
    if sys.argv[1:2] == ["--side"]:
        side, told = sys.argv[2], json.loads(sys.argv[3])
        paths = [Path(path) for path in told["paths"]]
        job = Job(told["arch"], told["precision"], Path(told["weights"]), paths, Path(told["out"]))
        print(json.dumps({"open_clip": open_clip_side, "emolens": emolens_side}[side](job)))
        return
    options = tyro.cli(Options)
    with tempfile.TemporaryDirectory() as name:
        compare(options, Path(name))


def compare(options: Options, folder: Path) -> None:
    weights = folder / "weights.safetensors"
    save_random_weights(options.arch, weights)
    images = options.images or draw(folder / "images", options.count)
    paths = [str(path) for path in sorted(images.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES][: options.count]
    ratios, found = [], {}
    for repeat in range(options.repeats):
        for side in ("open_clip", "emolens"):
            told = {"arch": options.arch, "precision": options.precision, "weights": str(weights), "paths": paths}
            words = ["--side", side, json.dumps({**told, "out": str(folder / f"{side}.npy")})]
            child = subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE)
            found[side] = json.loads(child.stdout.splitlines()[-1])
        slow, fast = found["open_clip"], found["emolens"]
        ratios.append(slow["seconds"] / fast["seconds"])
        print(
            f"repeat {repeat}: open_clip {slow['seconds']:6.2f} s wall {slow['cpu']:6.2f} s CPU, emolens "
            f"{fast['seconds']:6.2f} s wall {fast['cpu']:6.2f} s CPU, ratio {ratios[-1]:.2f} "
            f"(CPU {slow['cpu'] / fast['cpu']:.2f}); head epoch {fast['encode_epoch'] / fast['cached_epoch']:.0f}x",
            flush=True,
        )
    n = fast["n"]
    one, other = np.load(folder / "open_clip.npy"), np.load(folder / "emolens.npy")
    centre = one.mean(0)  # random weights put all pictures near one point: seen from there, differences show
    print(
        f"{options.arch}, {n} pictures, emolens in {fast['precision']}, {fast['threads']} threads, "
        f"{options.repeats} repeats"
    )
    print(
        f"embedding, open_clip / emolens:            {statistics.median(ratios):.2f}  (target 1, or 3 with native bf16)"
    )
    for name, cosine_N in (("", cosine(one, other)), (", less the mean", cosine(one - centre, other - centre))):
        print(f"{'cosine to open_clip' + name + ':':43}{cosine_N.mean():.5f}, least {cosine_N.min():.5f}")
    print(
        f"epoch of a head, re-encoding / cached:     {fast['encode_epoch'] / fast['cached_epoch']:.0f}  (target 100; "
        f"{fast['encode_epoch']:.2f} s and {fast['cached_epoch'] * 1e3:.1f} ms, reading the cache included)"
    )


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def open_clip_side(job: Job) -> dict[str, float | str]:
    import open_clip
    import torch
    from PIL import Image

    model, _, preprocess = open_clip.create_model_and_transforms(job.arch, pretrained=str(job.weights))
    model.eval()
    paths = job.paths

    def embed(some: list[Path]) -> np.ndarray:
        parts = []
        with torch.no_grad():
            for start in range(0, len(some), BATCH):
                batch = torch.stack([preprocess(Image.open(path)) for path in some[start : start + BATCH]])
                parts.append(model.encode_image(batch))
        return torch.cat(parts).numpy()

    embed(paths[:BATCH])
    start, cpu = time.perf_counter(), time.process_time()
    embedding = embed(paths)
    result = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    np.save(job.out, embedding)
    return {**result, "n": len(paths)}


def emolens_side(job: Job) -> dict[str, float | str]:
    import torch

    from emolens.compute import ComputeConfig
    from emolens.embedding.cache import EmbeddingCache
    from emolens.embedding.encode import encode_files
    from emolens.models.backbones.load import load_backbone

    backbone = load_backbone(f"{job.arch}-gelu/{job.weights}", ComputeConfig(precision=job.precision))
    paths = job.paths
    for _ in encode_files(backbone, paths[:BATCH], BATCH):
        pass
    _ = backbone.fingerprint  # hashing the weights belongs to loading them
    with tempfile.TemporaryDirectory() as name:
        start, cpu = time.perf_counter(), time.process_time()
        cache = EmbeddingCache(name, backbone)
        embedded = cache.embed(paths, BATCH)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu

        head = torch.nn.Linear(backbone.embed_dim, CLASSES)
        optimizer = torch.optim.AdamW(head.parameters())
        target_N = torch.arange(len(paths)) % CLASSES

        def epoch(batches: list[torch.Tensor]) -> None:
            for start, embedding_BD in zip(range(0, len(paths), BATCH), batches, strict=True):
                loss = torch.nn.functional.cross_entropy(head(embedding_BD), target_N[start : start + BATCH])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        start = time.perf_counter()
        epoch([torch.from_numpy(batch.embedding_BD) for batch in encode_files(backbone, paths, BATCH)])
        encode_epoch = time.perf_counter() - start
        start = time.perf_counter()
        epoch(list(torch.from_numpy(cache.embed(paths, BATCH).embedding_ND).split(BATCH)))
        cached_epoch = time.perf_counter() - start
    if embedded.errors:
        raise SystemExit(f"failed: {list(embedded.errors.values())[:3]}")
    np.save(job.out, embedded.embedding_ND)
    facts = {"n": len(paths), "precision": backbone.precision, "threads": torch.get_num_threads()}
    return {"seconds": seconds, "cpu": cpu, "encode_epoch": encode_epoch, "cached_epoch": cached_epoch, **facts}


def save_random_weights(arch: str, path: Path) -> None:
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = open_clip.create_model(arch, load_weights=False)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)


def draw(folder: Path, count: int) -> Path:
    """JPEGs that compress about as photographs do: large soft shapes under fine grain."""
    from PIL import Image

    folder.mkdir()
    for seed in range(count):
        rng = np.random.default_rng(seed)
        coarse = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        picture = np.asarray(coarse.resize((1600, 1200), Image.Resampling.BICUBIC)).astype(np.int16)
        picture += rng.integers(-12, 13, (1200, 1600, 1), dtype=np.int16)
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"{seed:04d}.jpg", quality=90)
    return folder


if __name__ == "__main__":
    main()
