"""Batches in pieces: the same batches whoever reads them, from processes that live on, or an error that can be read."""

import os
import resource
import signal

import pytest
import torch
from torch.utils.data import Dataset, get_worker_info

from emolens.data.loaders.batch_loader import MOST_ROWS, BatchLoader
from emolens.data.loaders.seeded import SeededDataset
from emolens.errors import ConfigError
from emolens.training.sampler import EpochSampler


class Squares(SeededDataset):
    """Rows, what was drawn for them, and who read them."""

    def __init__(self):
        super().__init__(3)
        self.told = []

    def __len__(self):
        return 40

    def __getitem__(self, rows):
        drawn = [self.rng(row).random() for row in rows]
        told = self.told.pop(0) == list(rows) if self.told else False
        batch = {"row": rows, "drawn": drawn, "process": [os.getpid()] * len(rows), "told": [told] * len(rows)}
        return {name: torch.tensor(values) for name, values in batch.items()}

    def expect(self, rows):
        self.told.append(list(rows))

    def finish(self, batch):
        return {**batch, "square": batch["row"] ** 2, "size": len(batch["row"])}


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_batches_are_those_of_one_process(workers):
    lists = [[5, 2, 9, 30, 1], [7], list(range(40)), [3, 4, 5, 6]]
    alone, shared = Squares(), Squares()
    one, many = BatchLoader(alone, lists), BatchLoader(shared, lists, workers)
    for epoch in range(2):
        for dataset in (alone, shared):
            dataset.set_epoch(epoch)
        for rows, batch, got in zip(lists, one, many, strict=True):
            assert got["row"].tolist() == rows
            assert torch.equal(got["drawn"], batch["drawn"])
            assert got["square"].tolist() == [row**2 for row in rows]
            assert got["size"] == len(rows)  # finished once, when it was whole


def test_all_processes_read_each_batch_and_they_live_on():
    loader = BatchLoader(Squares(), [list(range(20)), list(range(20, 40))], 2)
    seen = [{tuple(batch["process"].tolist()) for batch in loader} for _ in range(2)]
    assert seen[0] == seen[1]
    assert all(len(set(processes)) == 2 for processes in seen[0])
    assert os.getpid() not in next(iter(seen[0]))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_process_hears_what_it_is_asked_next(workers):
    lists = [list(range(first, first + 10)) for first in range(0, 40, 10)]
    told = [batch["told"].all().item() for batch in BatchLoader(Squares(), lists, workers)]
    assert told == [False, True, True, True]


def test_pieces_are_small_whatever_the_batch():
    class Counts(Dataset):
        def __getitem__(self, rows):
            return {"row": torch.tensor(rows), "size": torch.full((len(rows),), len(rows))}

    (batch,) = BatchLoader(Counts(), [list(range(1000))], 1)
    assert batch["row"].tolist() == list(range(1000))
    assert batch["size"].max() == MOST_ROWS


def test_a_sampler_goes_on_in_the_middle_of_an_epoch():
    sampler = EpochSampler(40, 8, seed=1, micro_batches=2)
    loader = BatchLoader(Squares(), sampler, 2)
    whole = [batch["row"].tolist() for batch in loader]
    sampler.start(0, 2)
    assert [batch["row"].tolist() for batch in loader] == whole[4:]
    stopped = iter(loader)
    next(stopped)
    sampler.start(1)
    assert [batch["row"].tolist() for batch in loader] == list(sampler)


def test_a_signal_to_all_processes_of_a_job_leaves_the_loaders():
    loader = BatchLoader(Squares(), [list(range(20)), list(range(20, 40))], 2)
    processes = set(next(iter(loader))["process"].tolist())
    for process in processes:
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            os.kill(process, name)
    assert [set(batch["process"].tolist()) for batch in loader] == [processes] * 2


def test_too_little_shared_memory_says_what_to_do():
    class Large(Dataset):
        def __getitem__(self, rows):
            assert get_worker_info() is not None
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # as on a full /dev/shm
            return {"image": torch.zeros(len(rows), 100_000, dtype=torch.uint8)}

    with pytest.raises(ConfigError, match=r"no shared memory for 0.2 MB .* --shm-size=8g, .*--workers 0 for none"):
        list(BatchLoader(Large(), [[0, 1]], 1))
