"""One training step of UniEmoX: ours against the released way of doing the same work.

python benchmarks/uniemox_step.py [--size b|l] [--mask 0.75] [--batch 8] [--steps 5] [--detector YOLOX.onnx]
    [--device auto] [--compile] [--peak-tflops N]

Both sides have the same weights, pictures, noise and texts; before the clock starts their three losses are compared,
and the benchmark stops if they differ. A step is forward, backward and AdamW.

released: each view is encoded and decoded in a pass of its own, with its reconstruction loss, though that of the person
    is thrown away; attention writes its whole matrix; the teacher is in fp32 and encodes the step's texts again; with
    ``--detector`` the persons are looked for inside the step. Everything fp32.
ours: one pass of the encoder for both views, the decoder for the scene only, fused attention, the teacher under
    inference mode, texts encoded once before training, persons found once before training. In fp32 for the ratio in
    equal precision; in bf16 as well where the device multiplies it natively.

The sides take turns, step by step, in one process; the figures are medians of the ratios of neighbours, so that
whatever else the machine does hits both. The CPU ratio is of processor seconds, which other programs disturb
less; with OMP_NUM_THREADS=1 least, since threads that wait for each other count as busy.

FLOPs are counted from the sizes, 2 for a multiply-add, matrix products only: 24 L D^2 + 4 L^2 D for a block of width D
on L tokens, and the patch, decoder and pixel projections; times 3 for the student (forward, and twice that backward),
times 1 for the teacher. Norms, activations, the optimiser and anything computed twice are not counted.
"""

import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import open_clip
import torch
import torch.nn.functional as F  # noqa: N812
import tyro
from torch import Tensor, nn

from emolens.losses.clip_distillation import contrastive_loss, similarity_loss
from emolens.models.backbones.open_clip import CLIPBackbone
from emolens.models.precision import choose_device, has_native_bf16
from emolens.models.preprocess import Preprocess
from emolens.models.uniemox import UniEmoX, UniEmoXConfig, vit_b, vit_l
from emolens.training.optim import OptimizerConfig, build_optimizer

TEACHER = "ViT-B-16"
TOLERANCE = {"fp32": 1e-4, "bf16": 2e-2}
# bf16 with fp32 sums, dense, TFLOP/s, from the makers' data sheets; the first name that fits counts
PEAK = {"H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362, "L4": 121, "A10": 125, "4090": 165}


@dataclass(frozen=True)
class Options:
    size: Literal["b", "l"] = "b"
    mask: float = 0.75
    batch: int = 8
    steps: int = 5
    detector: Path | None = None
    """YOLOX weights (ONNX), to look for persons inside the released step."""
    device: str = "auto"
    compile: bool = False
    """torch.compile on our side."""
    peak_tflops: float | None = None
    """Peak of the GPU in bf16, where its name is not known here."""


@dataclass(frozen=True)
class Batch:
    scene: Tensor
    person: Tensor
    noise: Tensor
    texts: list[str]
    pictures: list[np.ndarray]


# ---------------------------------------------------------------------------------------------- the released way


class ReleasedBlock(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(dim, 3 * dim), "proj": nn.Linear(dim, dim)})
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(dim, 4 * dim), "fc2": nn.Linear(4 * dim, dim)})

    def forward(self, x: Tensor) -> Tensor:
        b, n, c = x.shape
        qkv = self.attn["qkv"](self.norm1(x)).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        look = ((q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5).softmax(dim=-1)
        x = x + self.attn["proj"]((look @ v).transpose(1, 2).reshape(b, n, c))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class ReleasedStudent(nn.Module):
    """An autoencoder for one view at a time, and the fusion; names as ours, so that weights can be shared."""

    def __init__(self, config: UniEmoXConfig) -> None:
        super().__init__()
        self.config = config
        dim, width, patches = config.embed_dim, config.decoder_embed_dim, (config.image_size // config.patch_size) ** 2
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, dim, config.patch_size, config.patch_size)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + patches, dim), requires_grad=False)
        self.blocks = nn.ModuleList(ReleasedBlock(dim, config.num_heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.decoder_embed = nn.Linear(dim, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.decoder_pos_embed = nn.Parameter(torch.zeros(1, 1 + patches, width), requires_grad=False)
        self.decoder_blocks = nn.ModuleList(
            ReleasedBlock(width, config.decoder_num_heads) for _ in range(config.decoder_depth)
        )
        self.decoder_norm = nn.LayerNorm(width, eps=1e-6)
        self.decoder_pred = nn.Linear(width, 3 * config.patch_size**2)
        self.fusion = nn.ModuleDict({"norm": nn.LayerNorm(width), "linear": nn.Linear(width, width)})

    def view(self, image: Tensor, mask_ratio: float, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction loss and token of one view."""
        x = self.patch_embed["proj"](image).flatten(2).transpose(1, 2) + self.pos_embed[:, 1:]
        b, length, dim = x.shape
        keep = int(length * (1 - mask_ratio))
        shuffle = noise.argsort(dim=1)
        restore = shuffle.argsort(dim=1)
        x = torch.gather(x, 1, shuffle[:, :keep, None].repeat(1, 1, dim))
        mask = torch.ones(b, length, device=x.device)
        mask[:, :keep] = 0
        mask = torch.gather(mask, 1, restore)
        x = torch.cat([(self.cls_token + self.pos_embed[:, :1]).expand(b, -1, -1), x], dim=1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x))
        token = x[:, 0]
        full = torch.cat([x[:, 1:], self.mask_token.repeat(b, length - keep, 1)], dim=1)
        full = torch.gather(full, 1, restore[:, :, None].repeat(1, 1, x.shape[2]))
        x = torch.cat([x[:, :1], full], dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        prediction = self.decoder_pred(self.decoder_norm(x))[:, 1:]
        p, grid = self.config.patch_size, self.config.image_size // self.config.patch_size
        target = torch.einsum("nchpwq->nhwpqc", image.reshape(b, 3, grid, p, grid, p)).reshape(b, length, -1)
        return (((prediction - target) ** 2).mean(dim=-1) * mask).sum() / mask.sum(), token

    def fuse(self, scene: Tensor, person: Tensor) -> Tensor:
        norm = self.fusion["norm"]
        return F.elu(self.fusion["linear"](norm(scene) + norm(person)))


class Released:
    name = "released, fp32"

    def __init__(self, config: UniEmoXConfig, state: dict[str, Tensor], options: Options, device: torch.device) -> None:
        self.student = ReleasedStudent(config).to(device)
        self.student.load_state_dict(state)
        self.teacher = teacher(device, "fp32")
        self.mask = options.mask
        self.detect: Callable[[list[np.ndarray]], object] | None = None
        if options.detector is not None:
            from emolens.people.detector import Detector

            self.detect = Detector(
                f"yolox:{options.detector}", device="cuda" if device.type == "cuda" else "cpu"
            ).detect
        self.optimizer = torch.optim.AdamW(self.student.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.05)

    def losses(self, batch: Batch) -> list[Tensor]:
        if self.detect is not None:
            self.detect(batch.pictures)
        text = F.normalize(self.teacher.text_features(batch.texts), dim=1)
        reconstruction, scene = self.student.view(batch.scene, self.mask, batch.noise[0])
        _, person = self.student.view(batch.person, self.mask, batch.noise[1])
        z = F.normalize(self.student.fuse(scene, person), dim=1)
        v = F.normalize(self.teacher.features(batch.scene), dim=1)
        similarity = 1 - F.cosine_similarity(z, v, dim=1).mean()
        scale = self.teacher.logit_scale
        contrast = 1 - F.cosine_similarity(scale * z @ text.T, scale * v @ text.T, dim=1).mean()
        return [reconstruction, similarity, contrast]


# ------------------------------------------------------------------------------------------------------- our way


class Ours:
    def __init__(
        self, student: UniEmoX, optimizer: torch.optim.Optimizer, options: Options, device: torch.device, precision: str
    ) -> None:
        self.name = f"ours, {precision}"
        self.student, self.optimizer = student, optimizer
        self.run = torch.compile(student) if options.compile else student
        self.teacher = teacher(device, precision)
        self.mask, self.device, self.precision = options.mask, device, precision
        self.text: dict[str, Tensor] = {}

    def losses(self, batch: Batch) -> list[Tensor]:
        if missing := [text for text in dict.fromkeys(batch.texts) if text not in self.text]:  # the first step only
            with torch.inference_mode():
                self.text.update(zip(missing, self.teacher.text_features(missing).float(), strict=True))
        text = torch.stack([self.text[text] for text in batch.texts])
        with torch.inference_mode():
            image = self.teacher.features(batch.scene.to(next(self.teacher.parameters()).dtype))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            out = self.run(batch.scene, batch.person, self.mask, batch.noise)
        similarity = similarity_loss(out.fused_BD, image)
        return [out.reconstruction_loss, similarity, contrastive_loss(out.fused_BD, image, text)]


def teacher(device: torch.device, precision: str) -> CLIPBackbone:
    torch.manual_seed(1)
    logging.disable(logging.WARNING)  # that its weights are random is meant
    model = open_clip.create_model(TEACHER, load_weights=False)
    logging.disable(logging.NOTSET)
    preprocess = Preprocess((224, 224), (224, 224), "shortest", "bicubic", (0.5,) * 3, (0.5,) * 3)
    clip = CLIPBackbone(TEACHER, TEACHER, model, preprocess, quick_gelu=False)
    clip.settle(device, precision)
    return clip


Side = Released | Ours


def step(side: Side, batch: Batch, device: torch.device) -> tuple[float, float]:
    """Wall and processor seconds of one optimiser step."""
    synchronize(device)
    wall, cpu = time.perf_counter(), time.process_time()
    side.optimizer.zero_grad(set_to_none=True)
    sum(side.losses(batch), start=torch.zeros((), device=device)).backward()
    side.optimizer.step()
    synchronize(device)
    return time.perf_counter() - wall, time.process_time() - cpu


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def flops(config: UniEmoXConfig, batch: int, mask: float) -> float:
    """Of one of our steps; see the top."""
    length = (config.image_size // config.patch_size) ** 2
    seen, pixels = int(length * (1 - mask)), 3 * config.patch_size**2

    def blocks(count: int, tokens: int, dim: int) -> float:
        return count * (24 * tokens * dim**2 + 4 * tokens**2 * dim)

    view = 2 * seen * pixels * config.embed_dim + blocks(config.depth, 1 + seen, config.embed_dim)
    width = config.decoder_embed_dim
    decode = 2 * (1 + seen) * config.embed_dim * width + 2 * length * width * pixels
    decode += blocks(config.decoder_depth, 1 + length, width)
    of_teacher = blocks(12, 197, 768) + 2 * 196 * 768 * 768
    return batch * (3 * (2 * view + decode) + of_teacher)


def make_batch(config: UniEmoXConfig, batch: int, device: torch.device) -> Batch:
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    size = config.image_size
    views = torch.randn(2, batch, 3, size, size, generator=generator).to(device)
    noise = torch.rand(2, batch, (size // config.patch_size) ** 2, generator=generator).to(device)
    places, moods = ("beach", "kitchen", "street", "forest"), ("awe", "fear", "sadness", "amusement")
    texts = [
        f"A picture of a {places[i % 4]}, number {i}, with one person in it. It evokes {moods[i % 4]}."
        for i in range(batch)
    ]
    pictures = [rng.integers(0, 256, (400, 500, 3), dtype=np.uint8) for _ in range(batch)]
    return Batch(views[0], views[1], noise, texts, pictures)


def check(released: Released, ours: Ours, batch: Batch) -> None:
    with torch.no_grad():
        expected = [float(loss) for loss in released.losses(batch)]
        found = [float(loss) for loss in ours.losses(batch)]
    names = ("reconstruction", "similarity", "contrast")
    told = ", ".join(f"{n} {e:.6f} / {f:.6f}" for n, e, f in zip(names, expected, found, strict=True))
    print(f"losses, released / {ours.name}: {told}", flush=True)
    worst = max(abs(e - f) / max(abs(e), 1e-2) for e, f in zip(expected, found, strict=True))
    if not worst <= TOLERANCE[ours.precision]:
        raise SystemExit(f"the two sides do not compute the same: relative difference {worst:.1e}")


def main() -> None:
    options = tyro.cli(Options)
    device = choose_device(options.device)
    config = {"b": vit_b, "l": vit_l}[options.size]()
    batch = make_batch(config, options.batch, device)

    torch.manual_seed(0)
    student = UniEmoX(config).to(device)
    optimizer = build_optimizer(student, OptimizerConfig(lr=1e-4, betas=(0.9, 0.95)))
    precisions = ["fp32", "bf16"] if has_native_bf16(device) else ["fp32"]
    own = [Ours(student, optimizer, options, device, precision) for precision in precisions]
    released = Released(config, student.state_dict(), options, device)
    for side in own:
        check(released, side, batch)

    sides: list[Side] = [released, *own]
    for side in sides:
        step(side, batch, device)  # warm up: kernels are chosen, the optimiser's state is made
    held = torch.cuda.memory_allocated(device) if device.type == "cuda" else 0
    wall: dict[str, list[float]] = {side.name: [] for side in sides}
    cpu: dict[str, list[float]] = {side.name: [] for side in sides}
    peak = dict.fromkeys(wall, 0)
    for _ in range(options.steps):
        for side in sides:
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(device)
            seconds, processor = step(side, batch, device)
            wall[side.name].append(seconds)
            cpu[side.name].append(processor)
            if device.type == "cuda":
                peak[side.name] = max(peak[side.name], torch.cuda.max_memory_allocated(device) - held)
            side.optimizer.zero_grad(set_to_none=True)  # its gradients are not the next side's memory

    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    detector = "with a detector in the released step" if options.detector else "no detector"
    sizes = f"ViT-{options.size.upper()}, mask {options.mask}, batch {options.batch}, {options.steps} steps"
    print(f"{sizes}, {where}, {detector}")
    for side in sides:
        seconds = statistics.median(wall[side.name])
        line = f"{side.name + ':':16} {seconds:8.3f} s a step, {options.batch / seconds:8.2f} images/s"
        if device.type == "cuda":
            line += f", {peak[side.name] / 2**30:.2f} GiB at peak beside weights and optimiser"
        if isinstance(side, Ours):
            rate = flops(config, options.batch, options.mask) / seconds / 1e12
            line += f", {rate:.2f} TFLOP/s"
            top = options.peak_tflops or next(
                (p for n, p in PEAK.items() if device.type == "cuda" and n in where), None
            )
            if top and side.precision == "bf16":
                line += f" ({100 * rate / top:.0f} % of {top:.0f})"
        print(line)
    target = {
        "fp32": "target 1.5, without a detector",
        "bf16": "target 3 on a CPU with native bf16, with a detector",
    }
    for side in own:
        ratios = [a / b for a, b in zip(wall[released.name], wall[side.name], strict=True)]
        busy = [a / b for a, b in zip(cpu[released.name], cpu[side.name], strict=True)]
        print(
            f"released / {side.name}: {statistics.median(ratios):.2f} wall (from {min(ratios):.2f} to "
            f"{max(ratios):.2f}), {statistics.median(busy):.2f} CPU ({target[side.precision]})"
        )


if __name__ == "__main__":
    main()
