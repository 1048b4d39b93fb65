"""What a start from masked scenes does for a tiny UniEmoX on OASIS, at a low and at a high rate.

    python benchmarks/uniemox_start.py --oasis ../shared/data/oasis --detector yolox:../shared/models/yolox_nano.onnx

First a masked autoencoder (uniemox_pretrain_tiny without its teacher's losses) on the training pictures. Then UniEmoX
with all its losses on the same pictures, from these weights and from random ones, at two peak rates, once a seed. The
figures are losses of the validation split; the test split is not touched. Splits, persons, texts and the teacher, a
CLIP of random weights, are those of oasis_uniemox.py.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from oasis_uniemox import RANDOM_WIDTH, losses, prepare, random_teacher

from emolens.compute import ComputeConfig
from emolens.recipes.uniemox_pretrain_tiny import uniemox_pretrain_tiny
from emolens.training.jobs.uniemox import RANDOM
from emolens.training.tasks.uniemox import LossWeights
from emolens.training.train import train

RATES = (6e-4, 4e-3)  # MAE's rule at a batch of 1,024, and the release's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oasis", type=Path, required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--mae-epochs", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--work", type=Path, help="keep runs here, and go on from those that are finished")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        data = prepare(options, work)
        tiny = uniemox_pretrain_tiny()
        whole = replace(
            tiny,
            teacher=random_teacher(work),
            model=replace(tiny.model, decoder_embed_dim=RANDOM_WIDTH, decoder_num_heads=2),
            optimizer=replace(tiny.optimizer, lr_batch=None, warmup_epochs=1),
        )

        def run(name: str, epochs: int, seed: int, **changes: object) -> None:
            config = replace(whole, **changes)  # type: ignore[arg-type]
            config = replace(config, trainer=replace(config.trainer, epochs=epochs, seed=seed))
            if not (work / name / "config.json").exists():
                train(config, data, work / name, compute=ComputeConfig("cpu"), name="uniemox_pretrain_tiny")
            print(f"{name}: {losses(work / name)}", flush=True)

        alone = LossWeights(similarity=0, contrastive=0)
        run("mae", options.mae_epochs, 0, weights=alone, optimizer=replace(whole.optimizer, lr=1e-3, warmup_epochs=2))
        for seed in range(options.seeds):
            for rate in RATES:
                for start in (RANDOM, str(work / "mae")):
                    what = "random" if start == RANDOM else "started"
                    optimizer = replace(whole.optimizer, lr=rate)
                    run(f"{what}-{rate:g}-{seed}", options.epochs, seed, start=start, optimizer=optimizer)


if __name__ == "__main__":
    main()
