"""What a checkpoint costs the training, and what validation costs on one process and on two.

    OMP_NUM_THREADS=1 python benchmarks/scale.py checkpoint
    OMP_NUM_THREADS=1 python benchmarks/scale.py validation

``checkpoint``: UniEmoX with a ViT-B encoder and AdamW. How long the training stands still while its state is saved: by
one ``torch.save``, the way of earlier versions; by :class:`Checkpoints`, waited for; and by the same beside the
training. And what a step takes while the thread writes. The order of the ways changes from round to round; medians,
and all figures.

``validation``: the same pictures through a ViT-B by one process and by two (``torchrun``, gloo), one thread each, in
turn.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from emolens.models.uniemox import UniEmoX, vit_b
from emolens.models.vit import EmotionViT
from emolens.taxonomy import get_label_space
from emolens.training.devices import build_fabric
from emolens.training.processes.validation import SharedValidation
from emolens.training.state.checkpoint import Checkpoints
from emolens.training.state.run_state import RunState
from emolens.training.tasks.finetune import FinetuneTask
from emolens.training.tasks.outputs import Outputs
from emolens.training.tasks.task import Step
from emolens.training.tasks.uniemox import LossWeights, UniEmoXTask
from emolens.training.tensor_table import TensorTable

BATCH = 2


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def shown(name: str, found: list[float], of: float | None = None) -> None:
    ratio = "" if of is None else f", {statistics.median(found) / of:.2f} of a step"
    print(f"{name:<44}{statistics.median(found):7.2f} s{ratio}   {' '.join(f'{value:.2f}' for value in found)}")


def checkpoint(rounds: int) -> None:
    torch.manual_seed(0)
    task = UniEmoXTask(UniEmoX(vit_b()), None, LossWeights(1, 0, 0))
    optimizer = torch.optim.AdamW(task.parameters(), lr=1e-4, fused=True)
    view = torch.randn(BATCH, 3, 224, 224)
    batch, rows = {"scene": view, "person": view, "row": torch.arange(BATCH)}, list(range(BATCH))
    state = RunState(task)

    def step() -> None:
        optimizer.zero_grad()
        sum(task(batch, Step(0, state.step, rows)).values()).backward()  # type: ignore[union-attr]
        optimizer.step()
        state.step += 1

    step()  # the moments are made here
    found: dict[str, list[float]] = {name: [] for name in ("step", "old", "waited", "beside", "step beside", "rest")}
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        checkpoints = Checkpoints(run, Fabric(accelerator="cpu", devices=1))

        def old() -> None:
            with open(run / "old.pt", "wb") as stream:
                torch.save(state.dump(optimizer), stream)
                stream.flush()
                os.fsync(stream.fileno())

        def beside() -> None:
            found["beside"].append(seconds(lambda: checkpoints.save(state.dump(optimizer))))
            found["step beside"].append(seconds(step))
            found["rest"].append(seconds(checkpoints.wait))

        ways = [
            lambda: found["old"].append(seconds(old)),
            lambda: found["waited"].append(seconds(lambda: checkpoints.save(state.dump(optimizer), wait=True))),
            beside,
        ]
        for number in range(rounds):
            found["step"].append(seconds(step))
            for way in ways[number % 3 :] + ways[: number % 3]:
                way()
        size = sum(path.stat().st_size for path in run.glob("checkpoints/*/*")) / 1e9
    threads = torch.get_num_threads()
    print(f"UniEmoX with ViT-B, batch {BATCH}, {size:.2f} GB a checkpoint, {rounds} rounds, {threads} thread(s)")
    one = statistics.median(found["step"])
    shown("a step", found["step"])
    shown("stands still: one torch.save", found["old"], one)
    shown("stands still: waited for", found["waited"], one)
    shown("stands still: beside the training", found["beside"], one)
    shown("the step during which it is written", found["step beside"], one)
    shown("what is left to write after that step", found["rest"], one)


def judge(pictures: int, batch_size: int) -> None:
    """In each process: the seconds and the loss of one validation, printed by the first."""
    fabric = build_fabric("cpu", "fp32")
    torch.manual_seed(0)
    space = get_label_space("mikels8")
    target_NO = torch.eye(8)[torch.arange(pictures) % 8]
    task = FinetuneTask(EmotionViT(224, 16, 768, 12, 12), Outputs(space, False, ()), target_NO, target_NO)
    image = torch.randn(pictures, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    table = TensorTable({"image": image, "row": torch.arange(pictures)})
    validation = SharedValidation(table, pictures, batch_size, fabric)
    fabric.barrier()
    metrics: dict[str, float] = {}
    spent = seconds(lambda: metrics.update(validation.run(task)))
    if fabric.is_global_zero:
        print(json.dumps({"seconds": spent, **metrics}))


def validation(rounds: int, pictures: int, batch_size: int) -> None:
    mine = [__file__, "judge", "--pictures", str(pictures), "--batch-size", str(batch_size)]
    ways = {
        1: [sys.executable, *mine],
        2: [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *mine],
    }
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for number in range(rounds):
        for processes in (1, 2) if number % 2 == 0 else (2, 1):
            done = subprocess.run(ways[processes], capture_output=True, text=True, check=True)
            line = next(line for line in done.stdout.splitlines() if line.startswith("{"))
            found[processes].append(json.loads(line))
    print(f"{pictures} pictures through ViT-B, batch {batch_size}, {rounds} rounds, one thread a process")
    for processes, all_of in found.items():
        shown(f"{processes} process{'es' if processes > 1 else ''}", [one["seconds"] for one in all_of])
    first, second = (statistics.median(one["seconds"] for one in all_of) for all_of in found.values())
    losses = {one["loss"] for all_of in found.values() for one in all_of}
    print(f"two take {second / first:.2f} of the time of one; different losses: {len(losses) - 1}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["checkpoint", "validation", "judge"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=8)
    options = parser.parse_args()
    if options.what == "checkpoint":
        checkpoint(options.rounds)
    elif options.what == "validation":
        validation(options.rounds, options.pictures, options.batch_size)
    else:
        judge(options.pictures, options.batch_size)


if __name__ == "__main__":
    main()
