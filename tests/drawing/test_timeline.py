from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from emolens.drawing.plots import write_plots
from emolens.drawing.timeline import _runs, _seen_part, clock, label_bands, spread
from emolens.heads.answers import Answers
from emolens.inference.prediction import Prediction
from emolens.inference.timeline import Timeline
from emolens.inference.video_frames import seen_at
from emolens.taxonomy import get_label_space


def timeline_rows(source, duration, space="mikels8", seed=0, failed=(), media="video"):
    """A whole and its windows, with scores that wander."""
    labels = get_label_space(space)
    spans = [(0.0, duration), *Timeline().windows(duration)]
    walk = np.exp(np.cumsum(np.random.default_rng(seed).normal(size=(len(spans), len(labels))), axis=0) / 2)
    answers = Answers(labels, walk / walk.sum(axis=1, keepdims=True)).completed()
    rows = []
    for number, (start, end) in enumerate(spans):
        scores = answers.score_NC[number]
        best = int(scores.argmax())
        rows.append(
            Prediction(
                str(source), media, start, end, label=labels.labels[best], score=float(scores[best]),
                scores=dict(zip(labels.labels, scores.tolist(), strict=True)), polarity=labels.polarity[best],
                valence=float(answers.valence_N[number]), arousal=float(answers.arousal_N[number]),
                model="test", label_space=space,
            )
            if number - 1 not in failed
            else Prediction(str(source), media, start, end, model="test", status="error", error="torn")
        )  # fmt: skip
    return rows


def colours_of(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def has(pixels_HWC, colour):
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return (np.abs(pixels_HWC - wanted).max(axis=2) <= 2).mean()


def test_a_video_with_windows_gets_a_timeline_and_one_without_its_middle_frame(tmp_path, video, picture):
    long, short = video(tmp_path / "long.mp4", 12, fps=2), video(tmp_path / "short.mp4", 1)
    rows = [*timeline_rows(long, 12), timeline_rows(short, 1)[0]]
    written = write_plots(rows, tmp_path / "out", timeline=Timeline())
    assert {p.relative_to(tmp_path / "out").as_posix() for p in written} == {
        "timelines/0001_long.png", "pictures/0001_short.png", "valence_arousal.png", "labels.png",
    }  # fmt: skip
    with Image.open(tmp_path / "out/timelines/0001_long.png") as image:
        assert image.width == 1100


def test_files_count_once_in_the_other_drawings(tmp_path, video):
    rows = timeline_rows(video(tmp_path / "a.mp4", 12, fps=2), 12)
    write_plots(rows, tmp_path / "with")
    write_plots(rows[:1], tmp_path / "without")
    assert (tmp_path / "with/labels.png").read_bytes() == (tmp_path / "without/labels.png").read_bytes()


def test_bands_have_the_colours_of_polarity_and_gaps_none(tmp_path, video):
    source = video(tmp_path / "a.mp4", 40, fps=1, sound=False)
    whole, *windows = timeline_rows(source, 40.0, "polarity2", failed=range(8, 12))
    write_plots([whole, *windows], tmp_path / "out")
    pixels = colours_of(tmp_path / "out/timelines/0001_a.png")
    assert has(pixels, "#D55E00") > 0.02
    assert has(pixels, "#0072B2") > 0.02
    scores = pixels[250:400, 64:904]  # the panel of the scores
    middles = [2 * k + 2 for k in range(8, 12)]
    gap = scores[:, [round(840 * s / 40) for s in middles]]
    assert (gap.min(axis=2) > 230).all(), "windows without an answer are left white"


def test_the_bands_are_stacked_from_negative_to_positive_and_fill_the_whole():
    space = get_label_space("mikels8")
    polarity_of = dict(zip(space.labels, space.polarity, strict=True))
    bands = label_bands(timeline_rows("a", 20.0), polarity_of)
    kinds = [polarity_of[band.name] for band in bands]
    assert kinds == ["negative"] * 4 + ["positive"] * 4
    np.testing.assert_allclose(sum(band.score_W for band in bands), 1)
    means = [band.score_W.mean() for band in bands]
    assert means[:4] == sorted(means[:4], reverse=True)
    assert means[4:] == sorted(means[4:])
    assert len({band.colour for band in bands}) == 8


def test_a_large_space_shows_its_most_probable_labels_and_the_rest_together():
    space = get_label_space("parrott25")
    bands = label_bands(timeline_rows("a", 20.0, "parrott25"), dict(zip(space.labels, space.polarity, strict=True)))
    assert len(bands) == 12
    assert "14 others" in [band.name for band in bands]
    np.testing.assert_allclose(sum(band.score_W for band in bands), 1)


@pytest.mark.parametrize(("duration", "space"), [(3.0, "mikels8"), (300.0, "mikels8"), (4000.0, "emotic26")])
def test_any_length_of_video(tmp_path, video, duration, space):
    rows = timeline_rows(video(tmp_path / "a.mp4", 1), duration, space)
    assert len(write_plots(rows, tmp_path / "out", timeline=Timeline())) == 3


def test_a_sound_has_a_timeline_without_pictures(tmp_path):
    rows = timeline_rows(tmp_path / "gone.wav", 12, media="audio")
    write_plots(rows, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out" / "timelines").iterdir()] == ["0001_gone.png"]


def test_no_answer_at_all_is_no_drawing(tmp_path):
    whole, *windows = timeline_rows(tmp_path / "a.mp4", 12, failed=range(9))
    write_plots([whole, *windows], tmp_path / "out")
    assert not (tmp_path / "out" / "timelines").exists()


def test_names_keep_their_distance_their_order_and_the_panel(rng):
    for count in (1, 2, 8, 30):
        places = np.sort(rng.random(count))
        apart = spread(places, 0.06)
        gap = min(0.06, 1 / max(count - 1, 1))
        assert (np.diff(apart) >= gap - 1e-9).all()
        assert apart.min() >= -1e-9
        assert apart.max() <= 1 + 1e-9
    np.testing.assert_allclose(spread(np.array([0.1, 0.5, 0.9]), 0.06), [0.1, 0.5, 0.9])


def test_clock():
    assert [clock(s) for s in (0, 7.04, 59, 65, 3723)] == ["0 s", "7 s", "59 s", "1:05", "1:02:03"]


def somebody(rows, number, box=(4.0, 4.0, 40.0, 44.0)):
    return [replace(row, person=number, **dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))) for row in rows]


def test_each_person_has_a_timeline_over_the_whole_video(tmp_path, video):
    path = video(tmp_path / "a.mp4", 20, fps=2)
    scene = timeline_rows(path, 20.0, "polarity2")
    whole, *windows = somebody(timeline_rows(path, 20.0, "polarity2", seed=1), 1)
    late = [replace(whole, start_s=10.0, end_s=20.0), *windows[5:]]  # from 10 s to the end
    other = somebody(timeline_rows(path, 20.0, "polarity2", seed=2), 2)
    out = tmp_path / "out"
    write_plots([*scene, *late, *other], out, timeline=Timeline())
    assert sorted(p.name for p in (out / "timelines").iterdir()) == [
        "0001_a.png", "0001_a_person1.png", "0001_a_person2.png",
    ]  # fmt: skip
    assert not (out / "pictures").exists()
    pixels = colours_of(out / "timelines/0001_a_person1.png")
    before, after = pixels[250:400, 70:470], pixels[250:400, 490:900]  # of the panel of the scores
    assert (before.min(axis=2) > 230).all(), "white, where this person is not seen"
    assert has(after, "#D55E00") + has(after, "#0072B2") > 0.5
    film = pixels[70:150]
    assert (film[:, 70:400] > 250).all()
    assert (film[:, 560:890] < 250).any(axis=2).mean() > 0.9


def test_a_person_without_a_scene_and_a_video_that_has_gone(tmp_path, video):
    path = video(tmp_path / "a.mp4", 12, fps=2)
    rows = somebody(timeline_rows(path, 12.0), 1)
    assert len(write_plots(rows, tmp_path / "out")) == 3
    path.unlink()
    assert len(write_plots(rows, tmp_path / "gone")) == 3, "the curves need no film"


def test_stretches_end_where_a_person_is_not_seen():
    rows = timeline_rows("a", 20.0)[1:]
    (whole,) = _runs(rows)
    assert whole[0] == [0.0, *[2.0 + 2 * k for k in range(9)], 20.0]
    runs = _runs([*rows[:2], *rows[5:]])
    assert [run[0] for run in runs] == [[0.0, 2.0, 4.0, 6.0], [10.0, 12.0, 14.0, 16.0, 18.0, 20.0]]
    torn = [*rows[:2], replace(rows[2], status="error"), *rows[3:]]
    assert [(run[0][0], run[0][-1]) for run in _runs(torn)] == [(0.0, 5.0), (7.0, 20.0)]


def test_a_person_is_shown_while_seen():
    whole = Prediction("a.mp4", "video", 3.0, 9.5, person=1)
    for span, seconds in (((0.0, 4.0), 3.0), ((4.0, 8.0), 6.0), ((8.0, 12.0), 9.25), ((3.0, 9.5), 6.25)):
        assert seen_at(replace(whole, start_s=span[0], end_s=span[1]), whole) == seconds
    (curve,) = _runs([_seen_part(replace(whole, start_s=2.0 * k, end_s=2.0 * k + 4), whole) for k in range(5)])
    assert (curve[0][0], curve[0][-1]) == (3.0, 9.5), "the curve, too"
