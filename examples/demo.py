"""The main job from end to end, on pictures and a film that come with the project: no weights and no data are fetched.

    python examples/demo.py --out demo

Each step is a command of the command line and is printed as one, so that it can be repeated on other pictures.
The drawn scenes have the mood they were drawn for, nothing more: the figures show that the machinery works, and
say nothing about photographs.
"""

import argparse
import shlex
import shutil
import sys
import time
from pathlib import Path

from drawn import write_drawn
from films import write_film

from emolens.cli.main import main as emolens

PICTURES = Path(__file__).resolve().parent / "pictures"


def step(command: str) -> None:
    """Show a command and run it; the first that fails ends the demo with its exit code."""
    print(f"\n$ emolens {command}", flush=True)
    code = emolens(shlex.split(command))
    if code != 0:
        sys.exit(code)


def demo(out: Path) -> None:
    start = time.monotonic()
    if (out / "drawn").exists():
        shutil.rmtree(out)  # the last demo; anything else in the way is left alone, and the commands will say so
    write_drawn(out / "drawn", per_label=15, seed=0)
    o = shlex.quote(str(out))
    step(f"predict {shlex.quote(str(PICTURES))} --model mini --out {o}/photographs.csv --plots {o}/plots")
    write_film(out / "film.mp4", ["contentment", "excitement", "awe", "fear", "anger", "sadness"], seconds=3.0)
    step(f"predict {o}/film.mp4 --model mini --out {o}/film.csv --plots {o}/film --render {o}/film_verdict.mp4")
    step(f"data import imagefolder {o}/drawn --label-space mikels8 --out {o}/all.parquet")
    step(f"data split {o}/all.parquet --train 0.5 --val 0.2 --test 0.3 --seed 0 --out {o}/drawn.parquet")
    step(f"data verify {o}/drawn.parquet")
    for recipe in ("probe", "clip_e_cross_entropy"):
        few = "" if recipe == "probe" else " --batch-size 20"  # the recipe's 256 is for larger sets
        step(f"train {recipe} --data {o}/drawn.parquet --out {o}/{recipe} --backbone mini --cache {o}/cache{few}")
    step(f"evaluate run:{o}/clip_e_cross_entropy --data {o}/drawn.parquet --split test --out {o}/evaluation")
    models = f"run:{o}/probe run:{o}/clip_e_cross_entropy"
    step(f"compare --models {models} --data {o}/drawn.parquet --out {o}/comparison")
    print(f"\nDone in {time.monotonic() - start:.0f} s. Open in a browser:")
    for name in ("evaluation", "comparison"):
        print(f"  {(out / name / 'report.html').resolve()}")
    print(f"and look at {(out / 'plots').resolve()}")
    print(f"and at {(out / 'film_verdict.mp4').resolve()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("demo"))
    demo(parser.parse_args().out)
