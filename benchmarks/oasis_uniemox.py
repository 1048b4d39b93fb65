"""What pretraining of a tiny UniEmoX on OASIS itself does for valence and arousal.

    python benchmarks/oasis_uniemox.py --oasis ../shared/data/oasis --detector yolox:../shared/models/yolox_nano.onnx

Themes are kept whole in one of three splits (70/10/20, seed 0). Pretraining sees the training pictures only. Then the
same ViT is fine-tuned on their valence and arousal, from random weights and from each pretraining, once a seed; the
validation split chooses the epoch; the figures are of the test split, with intervals from resampling its themes.

Without --teacher the teacher is a CLIP of random weights: it tells pictures apart, but knows nothing of what they
show. A real one is ``--teacher ViT-B-16-quickgelu/clip.safetensors --teacher-width 512``.

Legend: N pictures.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from emolens import load
from emolens.cli.main import main as emolens
from emolens.compute import ComputeConfig
from emolens.data.manifest import Manifest
from emolens.metrics.summary import regression_metrics
from emolens.recipes.uniemox_finetune_tiny import uniemox_finetune_tiny
from emolens.recipes.uniemox_pretrain_tiny import uniemox_pretrain_tiny
from emolens.training.jobs.uniemox import UniEmoXPretrainConfig
from emolens.training.tasks.uniemox import LossWeights
from emolens.training.train import train

TARGETS = ("valence", "arousal")
RANDOM_WIDTH = 64


def random_teacher(folder: Path) -> str:
    """A CLIP with random weights, spread so that pictures get different embeddings."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    arch = {
        "embed_dim": RANDOM_WIDTH,
        "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
    }
    (folder / "random-clip.json").write_text(json.dumps(arch))
    open_clip.add_model_config(folder / "random-clip.json")
    torch.manual_seed(0)
    state = open_clip.create_model("random-clip").state_dict()
    state = {name: (tensor * 4 if tensor.ndim > 1 else tensor).contiguous() for name, tensor in state.items()}
    save_file(state, folder / "clip.safetensors")
    return f"random-clip/{folder / 'clip.safetensors'}"


def prepare(options: argparse.Namespace, work: Path) -> Path:
    """OASIS with persons, texts and splits, by the commands a user would type."""
    steps = (
        ["import", "oasis", str(options.oasis), "--out", str(work / "oasis.parquet")],
        ["people", str(work / "oasis.parquet"), "--detector", options.detector, "--out", str(work / "people.parquet")],
        ["describe", str(work / "people.parquet"), "--out", str(work / "described.parquet")],
        ["split", str(work / "described.parquet"), "--out", str(work / "split.parquet"), "--seed", "0"],
    )
    for step in steps:
        if not (work / Path(step[step.index("--out") + 1]).name).exists() and emolens(["data", *step]):
            raise SystemExit(f"emolens data {' '.join(step)} failed")
    return work / "split.parquet"


def losses(run: Path) -> str:
    """The first and last epoch's validation losses."""
    rows = [line.split(",") for line in (run / "log.csv").read_text().splitlines() if ",val," in line]
    found: dict[str, list[float]] = {}
    for _, _, _, name, value in rows:
        found.setdefault(name, []).append(float(value))
    return ", ".join(f"{name} {values[0]:.3f} -> {values[-1]:.3f}" for name, values in found.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oasis", type=Path, required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--teacher")
    parser.add_argument("--teacher-width", type=int, default=RANDOM_WIDTH)
    parser.add_argument("--pretrain-epochs", type=int, default=100)
    parser.add_argument("--finetune-epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="keep runs here, and go on from those that are finished")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        data = prepare(options, work)
        compute = ComputeConfig(options.device, workers=options.workers)
        tiny = uniemox_pretrain_tiny()
        whole = replace(
            tiny,
            teacher=options.teacher or random_teacher(work),
            model=replace(tiny.model, decoder_embed_dim=options.teacher_width, decoder_num_heads=2),
            trainer=replace(tiny.trainer, epochs=options.pretrain_epochs),
            optimizer=replace(tiny.optimizer, warmup_epochs=options.pretrain_epochs / 10),
        )
        pretrainings: dict[str, UniEmoXPretrainConfig] = {
            "masked scenes alone": replace(whole, weights=LossWeights(similarity=0, contrastive=0)),
            "UniEmoX, all losses": whole,
        }
        encoders: dict[str, Path | None] = {"none": None}
        for name, config in pretrainings.items():
            run = work / f"pretrain-{len(encoders)}"
            if not (run / "config.json").exists():
                train(
                    config,
                    data,
                    run,
                    resume=(run / "request.json").exists(),
                    compute=compute,
                    name="uniemox_pretrain_tiny",
                )
            encoders[name] = run
            print(f"pretraining {name}, {options.pretrain_epochs} epochs, validation: {losses(run)}", flush=True)
        test = Manifest.read(data).select("test")
        _, group_N = np.unique(test.frame["group"], return_inverse=True)
        for number, (name, encoder) in enumerate(encoders.items()):
            for seed in range(options.seeds):
                run = work / f"finetune-{number}-{seed}"
                if not (run / "config.json").exists():
                    base = uniemox_finetune_tiny()
                    config = replace(
                        base,
                        encoder=None if encoder is None else str(encoder),
                        targets="valence_arousal",
                        trainer=replace(base.trainer, epochs=options.finetune_epochs, seed=seed),
                    )
                    train(
                        config,
                        data,
                        run,
                        resume=(run / "request.json").exists(),
                        compute=compute,
                        name="uniemox_finetune_tiny",
                    )
                rows = load(f"run:{run}", device=options.device).predict(test.paths())
                metrics = []
                for target in TARGETS:
                    interval = regression_metrics(
                        rows.values(target), test.target(target), prefix=target, groups=group_N
                    )[f"{target}/pearson_r"]
                    metrics.append(f"{target} r {interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]")
                print(f"pretraining {name:<20} seed {seed}: {', '.join(metrics)}, n = {len(test)}", flush=True)


if __name__ == "__main__":
    main()
