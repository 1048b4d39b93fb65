"""Opens and validates a manifest of a million rows, beside plain ``pandas.read_parquet`` on the same file.

    python benchmarks/manifest.py [--rows 1000000]

Each reading runs in a process of its own, so that the peak memory is that of the reading alone. Target: 3 s and 1 GB.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from emolens.data.manifest import Manifest
from emolens.data.split import split_manifest
from emolens.taxonomy import get_label_space

MEASURE = """
import json, resource, sys, time
{imports}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, start_cpu = time.perf_counter(), time.process_time()
opened = {call}
seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert len(opened) == int(sys.argv[2])
print(json.dumps({{"seconds": seconds, "cpu": cpu, "import_mb": before / 1024, "peak_mb": peak / 1024}}))
"""
READERS = {
    "pandas.read_parquet": ("import pandas as pd", "pd.read_parquet(sys.argv[1])"),
    "Manifest.read": ("from emolens.data.manifest import Manifest", "Manifest.read(sys.argv[1])"),
}


def big_manifest(rows: int) -> Manifest:
    """Labels, two targets, groups of four and frozen splits: every check has something to do."""
    rng = np.random.default_rng(0)
    space = get_label_space("parrott25")
    labels = np.array(space.labels)[rng.integers(0, len(space), rows)]
    ids = [f"{label}_{row:07d}" for row, label in enumerate(labels)]
    frame = pd.DataFrame(
        {
            "id": ids,
            "path": [f"{label}/{name}.jpg" for label, name in zip(labels, ids, strict=True)],
            "media": "image",
            "label": labels,
            "label_space": space.name,
            "valence": rng.uniform(1, 9, rows),
            "arousal": rng.uniform(1, 9, rows),
            "group": [f"source_{row // 4}" for row in range(rows)],
        }
    )
    scales = {"valence": [1, 9], "arousal": [1, 9]}
    return split_manifest(Manifest(frame, {"scales": scales}), {"train": 0.7, "val": 0.1, "test": 0.2}, seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows: int = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.parquet"
        big_manifest(rows).write(path)
        print(f"{rows:,} rows, {path.stat().st_size / 2**20:.0f} MB on disk")
        results = {}
        for name, (imports, call) in READERS.items():
            script = MEASURE.format(imports=imports, call=call)
            command = [sys.executable, "-c", script, str(path), str(rows)]
            runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(3)]
            results[name] = best = min(runs, key=lambda run: run["seconds"])
            times = f"{best['seconds']:6.2f} s ({best['cpu']:.2f} s of a processor)"
            print(f"{name:<22}{times}   peak {best['peak_mb']:5.0f} MB")
    ours, plain = results["Manifest.read"], results["pandas.read_parquet"]
    ratio = {key: ours[key] / plain[key] for key in ("seconds", "peak_mb")}
    print(f"ratio{ratio['seconds']:23.1f} x in time, {ratio['peak_mb']:.1f} x in memory")


if __name__ == "__main__":
    main()
