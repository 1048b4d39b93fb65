"""Pictures that one core loads in a second, what a batch takes of shared memory, and what a store is asked for.

    OMP_NUM_THREADS=1 python benchmarks/loaders.py --pictures ../shared/data/oasis/images --rows 256 --rounds 3

One process, one thread; each of ``--rounds`` rounds reads the same rows in another random order, and the median counts,
in pictures a second of processor time. Batches are of 128 pictures at 224 pixels. Requests are those of one epoch, in
pieces of 8 rows (a batch of 128 for 16 loading processes), to an address on this disk: counted, not timed.

One core of a Xeon server beside other work, 256 pictures of OASIS, 5 rounds:

    two views 222 pictures/s, out of shards 239, one view with RandAugment 254
    an epoch: 245 requests in random order, 36 in order, 0 with a cache
    a batch: 38.5 MB as it is sent, 154.1 MB as floats
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from emolens.data.loaders.single_view import SingleViewDataset
from emolens.data.loaders.two_view import TwoViewDataset
from emolens.data.manifest import Manifest
from emolens.data.shards import ShardCacheConfig, ShardReader, fill_cache, read_index, write_shards
from emolens.data.shards.store import RemoteStore
from emolens.models.backbones.vit import evaluation_preprocess

PIECE, BATCH = 8, 128


def speed(load: Callable[[list[int]], object], rows: int, rounds: int) -> float:
    """Rows a second of processor time, which other work changes little; the median of the rounds."""
    found = []
    for number in range(rounds):
        order = np.random.default_rng(number).permutation(rows).tolist()
        start = time.process_time()
        for first in range(0, rows, PIECE):
            load(order[first : first + PIECE])
        found.append(rows / (time.process_time() - start))
    return statistics.median(found)


def requests(manifest: Manifest, folder: Path) -> dict[str, int]:
    """Ranged reads of one epoch, without a cache, with one, and in order as in validation."""
    counted = 0
    real = RemoteStore.read

    def read(self: RemoteStore, name: str, offset: int, size: int) -> bytes:
        nonlocal counted
        counted += 1
        return real(self, name, offset, size)

    write_shards(manifest, folder / "shards", 4)
    RemoteStore.read = read  # type: ignore[method-assign]
    cache, found = ShardCacheConfig(folder / "cache"), {}
    index = read_index((folder / "shards").as_uri(), cache)
    shuffled = np.random.default_rng(0).permutation(len(index)).tolist()
    for name, order in (("random", shuffled), ("in order", list(range(len(index)))), ("random, cached", shuffled)):
        if name == "random, cached":
            fill_cache(index, cache)
        reader, counted = ShardReader(index), 0
        for first in range(0, len(order), PIECE):
            reader.read(order[first : first + PIECE])
        found[name] = counted
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    paths = sorted(options.pictures.glob("*.jpg"))[: options.rows]
    frame = pd.DataFrame({"id": [path.name for path in paths], "path": [path.name for path in paths], "media": "image"})
    frame["boxes"] = [[[100.0, 50.0, 350.0, 350.0]]] * len(paths)  # so that both views are cut
    manifest = Manifest(frame, {}, options.pictures)
    preprocess = evaluation_preprocess(224)
    views, view = TwoViewDataset(manifest, preprocess), SingleViewDataset(manifest, preprocess)
    with tempfile.TemporaryDirectory() as temporary:
        index = write_shards(manifest, Path(temporary) / "s")
        size = index.frame["size"].mean() / 1e3
        print(f"{len(paths)} pictures of {size:.0f} kB on the average, {options.rounds} rounds, one core")
        sharded = TwoViewDataset(read_index(Path(temporary) / "s"), preprocess)
        for name, load in (
            ("two views (pretraining)", views.__getitem__),
            ("two views, out of shards", sharded.__getitem__),
            ("one view, RandAugment (fine-tuning)", view.__getitem__),
        ):
            print(f"{name}: {speed(load, len(paths), options.rounds):.1f} pictures/s")
        for name, count in requests(manifest, Path(temporary)).items():
            print(f"requests of an epoch of {len(paths)} rows, {name}: {count}")
    batch = views[list(range(PIECE))]
    for name, made in (("as sent", batch), ("as floats", views.finish(batch))):
        mb = BATCH / PIECE * sum(t.numel() * t.element_size() for t in made.values()) / 1e6
        print(f"a batch of {BATCH}, {name}: {mb:.1f} MB")


if __name__ == "__main__":
    main()
