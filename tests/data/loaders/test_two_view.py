"""Two views of a batch: the same crop, the person in it, and the same numbers whoever loads them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from emolens.data.loaders.single_view import Augment, SingleViewDataset
from emolens.data.loaders.two_view import TwoViewDataset
from emolens.data.manifest import Manifest
from emolens.errors import DataError, MediaError
from emolens.models.imagenet import IMAGENET_MEAN, IMAGENET_STD

RED, BLUE = (255, 0, 0), (0, 0, 255)
BOX = [60.0, 40.0, 100.0, 80.0]


@pytest.fixture
def people(tmp_path):
    """Blue pictures of 160 x 120 with one red person, of which the manifest has the box; no person in every fourth."""
    rows = []
    for k in range(8):
        image = Image.new("RGB", (160, 120), BLUE)
        if k % 4 != 3:
            image.paste(RED, tuple(int(side) for side in BOX))
        image.save(tmp_path / f"{k}.png")
        boxes = [] if k % 4 == 3 else [BOX]
        row = {"id": f"p{k}", "path": f"{k}.png", "media": "image", "boxes": boxes, "box_scores": [0.9] * len(boxes)}
        rows.append({**row, "height": 120, "width": 160, "text": f"text {k // 2}", "label": ("joy", "fear")[k % 2]})
    frame = pd.DataFrame(rows).assign(label_space="parrott6", valence=np.linspace(1, 9, 8))
    return Manifest(frame, {"scales": {"valence": [1, 9]}}, tmp_path)


def two(manifest, **options):
    return TwoViewDataset(manifest, 32, **{"seed": 3, "normalise": False, **options})


def is_red(image_CHW):
    return (image_CHW[0] > 128) & (image_CHW[2] < 128)


def test_a_batch(people):
    dataset = TwoViewDataset(people, 32)
    batch = dataset[[5, 3, 0]]
    assert {name: (tuple(t.shape), t.dtype) for name, t in batch.items()} == {
        "scene": ((3, 3, 32, 32), torch.float32),
        "person": ((3, 3, 32, 32), torch.float32),
        "text": ((3,), torch.int64),
        "row": ((3,), torch.int64),
        "has_person": ((3,), torch.bool),
    }
    assert batch["row"].tolist() == [5, 3, 0]
    assert dataset.texts == ["text 0", "text 1", "text 2", "text 3"]
    assert batch["text"].tolist() == [2, 1, 0]
    assert not batch["has_person"][1]
    torch.testing.assert_close(batch["scene"][1], batch["person"][1])
    raw = TwoViewDataset(people, 32, normalise=False)[[5, 3, 0]]["scene"]
    expected = (raw.double() / 255 - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / torch.tensor(IMAGENET_STD).view(
        3, 1, 1
    )
    torch.testing.assert_close(batch["scene"].double(), expected, atol=1e-5, rtol=0)


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
    dataset = two(Manifest(frame, {}, tmp_path), need_texts=False)
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
    mute = replace(people, frame=people.frame.drop(columns="text"))
    with pytest.raises(DataError, match='no column "text"'):
        two(mute)
    assert two(mute, need_texts=False)[[0]]["text"].tolist() == [-1]
    gap = replace(people, frame=people.frame.assign(text=["a"] * 7 + [None]))
    with pytest.raises(DataError, match=r'row 7 \(id "p7"\): has no text'):
        two(gap)
    assert two(gap, need_texts=False)[[7, 0]]["text"].tolist() == [-1, 0]


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


def test_overlong_texts_are_said_once(people, capsys):
    two(replace(people, frame=people.frame.assign(text="word " * 500)))[[0]]
    assert capsys.readouterr().err.count("1 of 1 texts have more than the 77 tokens") == 1


def test_a_jpeg_decoded_small_gives_the_same_person(tmp_path):
    """Boxes are in pixels of the whole picture, whatever it is decoded at."""
    image = Image.new("RGB", (1601, 1203), BLUE)
    image.paste(RED, (600, 400, 1000, 800))
    image.save(tmp_path / "a.jpg", quality=95)
    row = {"id": "a", "path": "a.jpg", "media": "image", "boxes": [[600.0, 400.0, 1000.0, 800.0]]}
    known = two(
        Manifest(pd.DataFrame([{**row, "height": 1203, "width": 1601}]), {}, tmp_path), need_texts=False, train=False
    )
    whole = two(Manifest(pd.DataFrame([row]), {}, tmp_path), need_texts=False, train=False)
    for view in ("scene", "person"):
        difference = known[[0]][view].float() - whole[[0]][view].float()
        assert difference.abs().mean() < 4, view


def test_videos_are_refused(people):
    with pytest.raises(DataError, match=r'row 7 .* is media "video", not a picture'):
        two(replace(people, frame=people.frame.assign(media=["image"] * 7 + ["video"])))


PLAIN = Augment(policy=None, erasing=0.0)


def test_single_view_labels_and_targets(people):
    batch = SingleViewDataset(people, 32)[[0, 1, 7]]
    assert batch["image"].shape == (3, 3, 32, 32)
    assert batch["image"].dtype == torch.float32
    assert batch["label"].tolist() == [people.space().index(label) for label in ("joy", "fear", "fear")]
    torch.testing.assert_close(batch["valence"], torch.tensor([-1, 1 / 7 * 2 - 1, 1], dtype=torch.float32))
    assert set(batch) == {"image", "label", "valence", "row"}


def test_single_view_of_several_labels(tmp_path, picture):
    picture(tmp_path / "a.png")
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "path": ["a.png"] * 2,
            "media": "image",
            "label_space": "emotic26",
            "labels": [["Peace", "Fear"], ["Anger"]],
        }
    )
    manifest = Manifest(frame, {}, tmp_path)
    labels = SingleViewDataset(manifest, 32)[[0, 1]]["labels"]
    space = manifest.space()
    assert labels.shape == (2, 26)
    assert sorted(labels[0].nonzero().ravel().tolist()) == sorted([space.index("peace"), space.index("fear")])
    assert labels[1].nonzero().ravel().tolist() == [space.index("anger")]


def test_single_view_augments_by_seed_epoch_and_row_alone(people):
    dataset = SingleViewDataset(people, 32, seed=1)
    torch.manual_seed(0)
    first = dataset[[0, 1, 2]]["image"]
    state = torch.random.get_rng_state(), np.random.get_state()[1].tolist()
    torch.testing.assert_close(dataset[[2, 1, 0]]["image"].flip(0), first)
    assert torch.equal(torch.random.get_rng_state(), state[0])  # nobody else's random numbers change
    assert np.random.get_state()[1].tolist() == state[1]
    torch.manual_seed(99)
    torch.testing.assert_close(SingleViewDataset(people, 32, seed=1)[[0, 1, 2]]["image"], first)
    dataset.set_epoch(1)
    assert not torch.equal(dataset[[0, 1, 2]]["image"], first)


def test_erasing_and_policy_are_switches(people):
    plain = SingleViewDataset(people, 32, augment=PLAIN)[[0, 1, 2, 4]]["image"]
    erased = SingleViewDataset(people, 32, augment=replace(PLAIN, erasing=1.0))[[0, 1, 2, 4]]["image"]
    augmented = SingleViewDataset(people, 32, augment=replace(PLAIN, policy="rand-m9-mstd0.5-inc1"))[[0, 1, 2, 4]][
        "image"
    ]
    for k in range(4):
        share = (plain[k] != erased[k]).any(0).float().mean()
        assert 0.01 < share < 0.5
    assert not torch.equal(plain, augmented)


def test_single_view_of_the_person(people):
    scene = SingleViewDataset(people, 32, train=False)[[0]]["image"][0]
    person = SingleViewDataset(people, 32, train=False, view="person")[[0]]["image"][0]
    assert (person[0] > 0).float().mean() > 2 * (scene[0] > 0).float().mean()
    without = replace(people, frame=people.frame.drop(columns="boxes"))
    with pytest.raises(DataError, match='use view "scene"'):
        SingleViewDataset(without, 32, view="person")


@pytest.mark.parametrize("size", [(1, 1), (10, 4000), (4000, 10)])
def test_extreme_pictures(tmp_path, picture, size):
    picture(tmp_path / "a.png", size=size)
    frame = pd.DataFrame(
        {"id": ["a"], "path": ["a.png"], "media": ["image"], "boxes": [[[0.0, 0.0, *map(float, size)]]]}
    )
    manifest = Manifest(frame, {}, tmp_path)
    for train in (True, False):
        assert two(manifest, train=train, need_texts=False)[[0]]["person"].shape == (1, 3, 32, 32)
        for view in ("scene", "person"):
            assert SingleViewDataset(manifest, 32, train=train, view=view)[[0]]["image"].isfinite().all()
