"""Two views of a batch: the same crop, the person in it, and the same numbers whoever loads them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from emolens.data.loaders.two_view import TwoViewDataset
from emolens.data.manifest import Manifest
from emolens.errors import DataError, MediaError
from emolens.media.image import read_image
from emolens.models.backbones.load import load_backbone
from emolens.models.backbones.vit import evaluation_preprocess
from emolens.models.preprocess import Preprocess

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "runs"
RED, BLUE = (255, 0, 0), (0, 0, 255)
P32 = evaluation_preprocess(32)


class Finished(TwoViewDataset):
    """``dataset[rows]`` is what the network is given."""

    def __getitem__(self, rows):
        return self.finish(super().__getitem__(rows))


def two(manifest, preprocess=P32, **options):
    return Finished(manifest, preprocess, **{"seed": 3, **options})


def pixels(image_CHW):
    """0 to 255, of a normalised picture."""
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (P32.mean, P32.std))
    return (image_CHW * std + mean) * 255


def is_red(image_CHW):
    red, _, blue = pixels(image_CHW)
    return (red > 128) & (blue < 128)


def test_a_batch(people):
    dataset = TwoViewDataset(people, P32, seed=3)
    batch = dataset[[5, 3, 0]]
    for made, dtype in ((batch, torch.uint8), (dataset.finish(batch), torch.float32)):
        assert {name: (tuple(t.shape), t.dtype) for name, t in made.items()} == {
            "scene": ((3, 3, 32, 32), dtype),
            "person": ((3, 3, 32, 32), dtype),
            "row": ((3,), torch.int64),
            "has_person": ((3,), torch.bool),
        }
        assert made["row"].tolist() == [5, 3, 0]
    assert not batch["has_person"][1]
    assert torch.equal(batch["scene"][1], batch["person"][1])
    for image_CHW, made_CHW in zip(batch["scene"], dataset.finish(batch)["scene"], strict=True):
        torch.testing.assert_close(pixels(made_CHW), image_CHW.float(), atol=1e-3, rtol=0)


def test_the_person_box_follows_the_crop(people):
    """Where the person is to be seen in the scene, the person view shows it larger."""
    dataset = two(people, scale=(0.3, 1.0))
    found = 0
    for epoch in range(30):
        dataset.set_epoch(epoch)
        batch = dataset[[0, 1, 2]]
        for k in range(3):
            scene, person = is_red(batch["scene"][k]).float().mean(), is_red(batch["person"][k]).float().mean()
            if batch["has_person"][k]:
                found += 1
                assert person >= scene - 0.02
                assert person > 0.2
            else:
                torch.testing.assert_close(batch["scene"][k], batch["person"][k])
                assert scene < 0.12  # at most a sleeve
    assert found > 60


def test_both_views_are_mirrored_together(tmp_path):
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, :, 0] = np.linspace(0, 255, 100)[None, :]
    Image.fromarray(image).save(tmp_path / "ramp.png")
    frame = pd.DataFrame({"id": ["a"], "path": ["ramp.png"], "media": ["image"], "boxes": [[[10, 10, 90, 90]]]})
    dataset = two(Manifest(frame, {}, tmp_path))
    seen = set()
    for epoch in range(12):
        dataset.set_epoch(epoch)
        batch = dataset[[0]]
        rising = [
            bool(batch[view][0, 0, :, -4:].float().mean() > batch[view][0, 0, :, :4].float().mean())
            for view in ("scene", "person")
        ]
        assert rising[0] == rising[1]
        seen.add(rising[0])
    assert seen == {True, False}


def test_an_epoch_a_seed_and_a_row_decide(people):
    dataset = two(people)
    first = dataset[[0, 1]]["scene"]
    torch.testing.assert_close(dataset[[1, 0]]["scene"].flip(0), first)
    torch.testing.assert_close(two(people)[[0, 1]]["scene"], first)
    dataset.set_epoch(1)
    assert not torch.equal(dataset[[0, 1]]["scene"], first)
    assert not torch.equal(two(people, seed=4)[[0, 1]]["scene"], first)


def test_workers_that_live_on_hear_of_the_epoch(people):
    alone, shared = two(people), two(people)
    batches = [[0, 1], [2, 3], [4, 5]]
    loader = DataLoader(shared, sampler=batches, batch_size=None, num_workers=1, persistent_workers=True)
    for epoch in range(2):
        alone.set_epoch(epoch)
        shared.set_epoch(epoch)
        for rows, got in zip(batches, loader, strict=True):
            torch.testing.assert_close(got["scene"], alone[rows]["scene"])


def test_evaluation_is_the_centre(people):
    dataset = two(people, train=False)
    first = dataset[[0]]
    dataset.set_epoch(5)
    torch.testing.assert_close(dataset[[0]], first)
    side = 120 * 32 / 36  # of what is scaled to 36 px, the centre of 32
    assert is_red(first["scene"][0]).float().mean() == pytest.approx(40 * 40 / side**2, abs=0.02)
    assert is_red(first["person"][0]).float().mean() == pytest.approx(1 / 1.4**2, abs=0.06)


def test_what_is_needed_and_missing(people):
    without = replace(people, frame=people.frame.drop(columns=["boxes", "box_scores"]))
    with pytest.raises(
        DataError, match='no column "boxes", which the person view is cut by; add it with `emolens data people'
    ):
        two(without)
    assert not two(without, need_boxes=False)[[0, 1]]["has_person"].any()


def test_a_box_outside_names_its_row(people):
    boxes = [*people.frame["boxes"][:5], [[0.0, 0.0, 400.0, 50.0]], *people.frame["boxes"][6:]]
    with pytest.raises(DataError, match=r'row 5 \(id "p5"\): box .* is outside its picture of 160 x 120 pixels'):
        two(replace(people, frame=people.frame.assign(boxes=boxes)))
    unsized = people.frame.assign(boxes=boxes).drop(columns=["height", "width"])
    dataset = two(replace(people, frame=unsized))
    dataset[[0, 1]]
    with pytest.raises(DataError, match=r'row 5 \(id "p5"\): box .* is outside'):
        dataset[[4, 5]]


def test_a_changed_picture_is_found(people):
    Image.new("RGB", (300, 300)).save(people.paths()[0])
    with pytest.raises(DataError, match="the picture is 300 x 300 pixels, but its boxes are of one of 160 x 120"):
        two(people)[[0]]


def test_as_many_scores_as_boxes(people):
    frame = people.frame.assign(box_scores=[[0.9, 0.8], *people.frame["box_scores"][1:]])
    with pytest.raises(DataError, match="has 1 boxes but 2 box_scores"):
        two(replace(people, frame=frame))


def test_a_vanished_picture_is_replaced_and_said_once(people, capsys):
    people.paths()[2].unlink()
    people.paths()[3].write_text("no picture")
    dataset = two(people)
    for _ in range(2):
        assert dataset[[1, 2, 3]]["row"].tolist() == [1, 4, 4]
    said = capsys.readouterr().err
    assert said.count("2.png: no such file; the next picture is taken instead") == 1
    assert said.count("is not a picture") == 1
    with pytest.raises(MediaError, match=r'row 2 \(id "p2"\): .*2\.png: no such file'):
        two(people, train=False)[[2]]


def test_all_pictures_gone_is_the_wrong_root(people):
    dataset = two(replace(people, root=people.root / "elsewhere"))
    with pytest.raises(DataError, match="are the pictures still where the manifest says"):
        dataset[[0]]


def test_a_jpeg_decoded_small_gives_the_same_person(tmp_path):
    """Boxes are in pixels of the whole picture, at whichever scale it is decoded; its size is stated or not."""
    image = Image.new("RGB", (1601, 1203), BLUE)
    image.paste(RED, (600, 400, 1000, 800))
    image.save(tmp_path / "a.jpg", quality=95)
    row = {"id": "a", "path": "a.jpg", "media": "image", "boxes": [[600.0, 400.0, 1000.0, 800.0]]}
    known = two(Manifest(pd.DataFrame([{**row, "height": 1203, "width": 1601}]), {}, tmp_path), train=False)
    whole = two(Manifest(pd.DataFrame([row]), {}, tmp_path), train=False)
    for view in ("scene", "person"):
        torch.testing.assert_close(known[[0]][view], whole[[0]][view])
        mean = is_red(whole[[0]][view][0]).float().mean()
        assert mean == pytest.approx({"scene": 400 * 400 / (1203 * 32 / 36) ** 2, "person": 1 / 1.4**2}[view], abs=0.03)


def test_videos_are_refused(people):
    with pytest.raises(DataError, match=r'row 7 .* is media "video", not a picture'):
        two(replace(people, frame=people.frame.assign(media=["image"] * 7 + ["video"])))


def test_validation_sees_what_prediction_sees(jpegs):
    """Bit for bit, and whatever is known of persons: the scene is that of the encoder that training leaves."""
    backbone = load_backbone(f"uniemox:{GOLDEN / 'uniemox_pretrained'}")
    assert backbone.preprocess is not None
    wanted = torch.stack([backbone.transform(read_image(path, backbone.min_side)) for path in jpegs.paths()])
    rows = list(range(len(jpegs)))
    for boxes in ([[]] * len(jpegs), [[[5.0, 5.0, 30.0, 40.0]]] * len(jpegs)):
        manifest = replace(jpegs, frame=jpegs.frame.assign(boxes=boxes))
        batch = two(manifest, backbone.preprocess, train=False)[rows]
        assert torch.equal(batch["scene"], wanted)


def test_the_person_is_sought_in_what_the_model_sees(people):
    """A crop to the left of the person's box: nobody is in it."""
    narrow = Preprocess((32, 32), (32, 8), "shortest", "bicubic", P32.mean, P32.std)
    boxes = [[[40.0, 40.0, 60.0, 80.0]]] * len(people)
    manifest = replace(people, frame=people.frame.assign(boxes=boxes, box_scores=[[0.9]] * len(people)))
    assert not TwoViewDataset(manifest, narrow, train=False)[[0]]["has_person"].any()
    assert TwoViewDataset(manifest, P32, train=False)[[0]]["has_person"].all()


@pytest.mark.parametrize("size", [(1, 1), (10, 4000), (4000, 10)])
@pytest.mark.parametrize("train", [True, False])
def test_extreme_pictures(tmp_path, picture, size, train):
    picture(tmp_path / "a.png", size=size)
    boxes = [[[0.0, 0.0, *map(float, size)]]]
    frame = pd.DataFrame({"id": ["a"], "path": ["a.png"], "media": ["image"], "boxes": boxes})
    person = two(Manifest(frame, {}, tmp_path), train=train)[[0]]["person"]
    assert person.shape == (1, 3, 32, 32)
    assert person.isfinite().all()
