"""How long a user waits before anything happens.

python benchmarks/startup.py [--repeats 7]

Wall time of fresh processes, taking turns; the median, and its ratio to the same process without emolens.
"""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import tyro

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import emolens": [sys.executable, "-c", "import emolens"],
    "emolens --help": [sys.executable, "-m", "emolens", "--help"],
    "import emolens.taxonomy": [sys.executable, "-c", "import emolens.taxonomy"],
    "import torch": [sys.executable, "-c", "import torch"],
}
TARGETS = {"import emolens": 0.15, "emolens --help": 0.4}  # seconds, DESIGN section 7


@dataclass(frozen=True)
class Options:
    repeats: int = 7


def main() -> None:
    options = tyro.cli(Options)
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for repeat in range(options.repeats + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if repeat > 0:  # the first run reads the files from the disk and writes the bytecode
                seconds[name].append(time.perf_counter() - start)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    bare, torch = median["python -c pass"], median["import torch"]
    print(f"{'':26}{'seconds':>9}{'/ python':>10}{'/ torch':>9}  target")
    for name, value in median.items():
        target = f"{TARGETS[name]:.2f} s {'met' if value <= TARGETS[name] else 'MISSED'}" if name in TARGETS else ""
        print(f"{name:26}{value:9.3f}{value / bare:10.2f}{value / torch:9.3f}  {target}")


if __name__ == "__main__":
    main()
