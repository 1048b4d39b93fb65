"""One view of a picture: augmented by (seed, epoch, row), and in validation what prediction sees."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from emolens.data.loaders.augment import global_seeds
from emolens.data.loaders.crops import random_crop
from emolens.data.loaders.single_view import Augment, SingleViewDataset
from emolens.data.manifest import Manifest
from emolens.errors import DataError
from emolens.media.image import read_image
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.vit import evaluation_preprocess
from emolens.people.crop import person_crop

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "runs"
P32 = evaluation_preprocess(32)
PLAIN = Augment(policy=None, erasing=0.0)


def images(dataset, rows):
    """What the network is given."""
    return dataset.finish(dataset[rows])["image"]


def test_a_batch(people):
    for train in (True, False):
        dataset = SingleViewDataset(people, P32, train=train)
        batch = dataset[[0, 1, 7]]
        erase = {"erase": ((3,), torch.int64)} if train else {}
        assert shapes(batch) == {"image": ((3, 3, 32, 32), torch.uint8), "row": ((3,), torch.int64), **erase}
        assert batch["row"].tolist() == [0, 1, 7]
        made = dataset.finish(batch)
        assert shapes(made) == {"image": ((3, 3, 32, 32), torch.float32), "row": ((3,), torch.int64)}


def shapes(batch):
    return {name: (tuple(t.shape), t.dtype) for name, t in batch.items()}


@pytest.mark.parametrize("boxed", [True, False])
def test_validation_sees_what_prediction_sees(jpegs, boxed):
    """Bit for bit; boxes, which the scene view does not need, change nothing."""
    backbone = load_backbone(f"uniemox:{GOLDEN / 'vit_finetuned'}")
    assert backbone.preprocess is not None
    if boxed:
        jpegs = replace(jpegs, frame=jpegs.frame.assign(boxes=[[[5.0, 5.0, 30.0, 40.0]]] * len(jpegs)))
    found = images(SingleViewDataset(jpegs, backbone.preprocess, train=False), list(range(len(jpegs))))
    wanted = torch.stack([backbone.transform(read_image(path, backbone.min_side)) for path in jpegs.paths()])
    assert torch.equal(found, wanted)


def test_validation_of_a_person_sees_the_cut_person_as_a_picture(jpegs):
    box = [60.0, 41.0, 103.0, 97.0]
    manifest = replace(jpegs, frame=jpegs.frame.assign(boxes=[[box]] * len(jpegs)))
    found = images(SingleViewDataset(manifest, P32, train=False, view="person"), [0, 1])
    for path, image_CHW in zip(jpegs.paths(), found, strict=False):
        image_HWC = read_image(path)
        height, width = image_HWC.shape[:2]
        left, top, right, bottom = person_crop([box], None, (0, 0, width, height)).region
        part_HWC = image_HWC[int(np.floor(top)) : int(np.ceil(bottom)), int(np.floor(left)) : int(np.ceil(right))]
        assert torch.equal(image_CHW, P32(part_HWC))


def test_it_augments_by_seed_epoch_and_row_alone(people):
    dataset = SingleViewDataset(people, P32, seed=1)
    torch.manual_seed(0)
    first = images(dataset, [0, 1, 2])
    state = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
    torch.testing.assert_close(images(dataset, [2, 1, 0]).flip(0), first)
    assert torch.equal(torch.random.get_rng_state(), state[0])  # nobody else's random numbers change
    assert np.random.get_state()[1].tolist() == state[1]
    torch.manual_seed(99)
    torch.testing.assert_close(images(SingleViewDataset(people, P32, seed=1), [0, 1, 2]), first)
    dataset.set_epoch(1)
    assert not torch.equal(images(dataset, [0, 1, 2]), first)


def test_erasing_and_policy_are_switches(people):
    plain = images(SingleViewDataset(people, P32, augment=PLAIN), [0, 1, 2, 4])
    erased = images(SingleViewDataset(people, P32, augment=replace(PLAIN, erasing=1.0)), [0, 1, 2, 4])
    augmented = images(
        SingleViewDataset(people, P32, augment=replace(PLAIN, policy="rand-m9-mstd0.5-inc1")), [0, 1, 2, 4]
    )
    for k in range(4):
        share = (plain[k] != erased[k]).any(0).float().mean()
        assert 0.01 < share < 0.5
    assert not torch.equal(plain, augmented)


def test_the_person_view(people):
    scene = images(SingleViewDataset(people, P32, train=False), [0])[0]
    person = images(SingleViewDataset(people, P32, train=False, view="person"), [0])[0]
    assert (person[0] > 0).float().mean() > 2 * (scene[0] > 0).float().mean()
    without = replace(people, frame=people.frame.drop(columns="boxes"))
    with pytest.raises(DataError, match='use view "scene"'):
        SingleViewDataset(without, P32, view="person")


def test_erasing_is_timms_own_of_the_normalised_picture(people):
    """Naive: normalise one picture, seed the three generators, let timm decide and erase."""
    from timm.data.random_erasing import RandomErasing

    rows, augment = list(range(6)), replace(PLAIN, erasing=0.5)
    pixels = SingleViewDataset(people, P32, seed=4, augment=PLAIN)[rows]["image"]
    dataset = SingleViewDataset(people, P32, seed=4, augment=augment)
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (P32.mean, P32.std))
    erased = 0
    for row, image_CHW, found_CHW in zip(rows, pixels, images(dataset, rows), strict=True):
        rng = dataset.rng(row)
        random_crop(120, 160, augment.scale, rng)  # the pictures of ``people``
        rng.random()
        wanted_CHW = (image_CHW.float() / 255 - mean) / std
        before = wanted_CHW.clone()
        with global_seeds(int(rng.integers(2**32))):
            RandomErasing(0.5, mode="pixel", device="cpu")(wanted_CHW)
        erased += not torch.equal(wanted_CHW, before)
        assert torch.equal(found_CHW, wanted_CHW)
    assert 0 < erased < 6


@pytest.mark.parametrize("size", [(1, 1), (10, 4000), (4000, 10)])
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("view", ["scene", "person"])
def test_extreme_pictures(tmp_path, picture, size, train, view):
    picture(tmp_path / "a.png", size=size)
    boxes = [[[0.0, 0.0, *map(float, size)]]]
    frame = pd.DataFrame({"id": ["a"], "path": ["a.png"], "media": ["image"], "boxes": boxes})
    dataset = SingleViewDataset(Manifest(frame, {}, tmp_path), P32, train=train, view=view)
    assert images(dataset, [0]).isfinite().all()
