"""Persons in videos: found in frames, followed, judged, averaged."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from PIL import Image

from emolens import load
from emolens.heads.answers import Answers
from emolens.inference.persons import Persons
from emolens.inference.prediction import by_person, inputs_of_rows
from emolens.inference.results import by_input
from emolens.inference.timeline import Timeline
from emolens.inference.video_persons import SIDE, persons_in_video
from emolens.media.video import read_frames
from emolens.people.boxes import PersonBoxes
from emolens.people.crop import person_part
from emolens.people.finder import PersonFinder
from emolens.taxonomy import get_label_space

SPACE = get_label_space("mikels8")
LEFT, RIGHT = (4.0, 8.0, 24.0, 40.0), (36.0, 4.0, 60.0, 44.0)  # in frames of 64 x 48


@dataclass
class Planted:
    """Persons by the clock: (from, to, box in shares of the frame, score)."""

    persons: list[tuple[float, float, tuple[float, ...], float]]
    sizes: set[tuple[int, int]] = field(default_factory=set)

    def in_frames(self, content, times, images) -> list[PersonBoxes]:
        return [self._in_frame(time_s, image) for time_s, image in zip(times, images, strict=True)]

    def _in_frame(self, time_s, image) -> PersonBoxes:
        height, width = image.shape[:2]
        self.sizes.add((height, width))
        here = [(box, score) for start, end, box, score in self.persons if start <= time_s < end]
        here.sort(key=lambda one: -one[1])
        box_K4 = np.array([box for box, _ in here], np.float32).reshape(-1, 4) * (width, height, width, height)
        return PersonBoxes(box_K4.astype(np.float32), np.array([score for _, score in here], np.float32))


def share(box, width=64, height=48):
    return tuple(np.array(box) / (width, height, width, height))


ALWAYS, LATE = (0, 99, share(LEFT), 0.5), (6, 11, share(RIGHT), 0.9)


@pytest.fixture(scope="module")
def model(tiny_clip):
    return load(f"zeroshot:{tiny_clip}", "mikels8", device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def film(tmp_path_factory, video):
    return video(tmp_path_factory.mktemp("film") / "film.mp4", 13, fps=4, sound=False)


def asked(model, path, planted, who="both", timeline=None, batch_size=5):
    from emolens.inference.inputs import read_inputs
    from emolens.inference.predictor import in_order

    given = read_inputs(path)
    return in_order(list(model.stream(given, timeline or Timeline(), batch_size, persons=Persons(who, planted))))


def spans(rows):
    return [(row.start_s, row.end_s) for row in rows]


def grey(images) -> Answers:
    """A model that says how bright a part is."""
    return Answers(valence_N=np.array([image.mean() / 255 for image in images]))


def test_the_scene_then_each_person_seen_longest_first(model, film):
    rows = asked(model, film, Planted([LATE, ALWAYS]))
    scene, first, second = by_person(list(rows))
    assert spans(scene) == [(0, 13), (0, 4), (2, 6), (4, 8), (6, 10), (8, 12), (9, 13)]
    assert spans(first) == spans(scene)
    assert spans(second) == [(6, 11), (4, 8), (6, 10), (8, 12), (9, 13)], "windows only where this person is seen"
    assert [row.person for row in (*first, *second)] == [1] * 7 + [2] * 5
    assert {row.status for row in rows} == {"ok"}
    assert [row.box for row in first] == [LEFT] * 7
    assert [row.box_score for row in second] == [0.9] * 5
    assert set(rows.input_N) == {0}
    assert inputs_of_rows(list(rows)) == [0] * len(rows)


def test_the_whole_of_a_person_is_the_mean_of_the_parts_of_frames(model, film, tmp_path):
    rows = asked(model, film, Planted([LATE, ALWAYS]), timeline=Timeline(smooth_s=0))
    frames = [2 * k for k in range(12, 22)]  # two a second of four, from 6 to 11 s
    paths = []
    for number, image in zip(frames, read_frames(film, np.array(frames)).image_KHWC, strict=True):
        paths.append(tmp_path / f"{number:03}.png")
        Image.fromarray(person_part(image, RIGHT, "")).save(paths[-1])
    score_NC = model.predict(paths).score_NC(SPACE)
    assert np.ptp(score_NC, axis=0).max() > 1e-3, "frames must differ for this test to mean anything"
    whole, *windows = by_person(list(rows))[2]
    np.testing.assert_allclose(list(whole.scores.values()), score_NC.mean(axis=0), atol=1e-6)
    inside = {(4, 8): slice(0, 4), (6, 10): slice(0, 8), (8, 12): slice(4, 10), (9, 13): slice(6, 10)}
    for window in windows:
        mean_C = score_NC[inside[window.start_s, window.end_s]].mean(axis=0)
        np.testing.assert_allclose(list(window.scores.values()), mean_C, atol=1e-6)


def test_windows_of_a_person_are_smoothed_among_themselves(model, film):
    rough, smooth = (
        by_person(list(asked(model, film, Planted([LATE, ALWAYS]), timeline=Timeline(smooth_s=width))))[2]
        for width in (0, 4)
    )
    scores_WC = np.array([list(row.scores.values()) for row in rough[1:]])
    expected = Timeline().smoothed(scores_WC, spans(rough[1:]))
    np.testing.assert_allclose([list(row.scores.values()) for row in smooth[1:]], expected, atol=1e-9)
    assert np.abs(expected - scores_WC).max() > 1e-4
    assert smooth[0] == rough[0]


def test_the_rows_of_the_scene_are_the_same_with_persons(model, film):
    both = asked(model, film, Planted([LATE, ALWAYS]))
    assert [row for row in both if row.person is None] == list(model.predict(film, 5))


def test_persons_alone_and_the_scene_where_nobody_is_found(model, film):
    alone = asked(model, film, Planted([LATE, ALWAYS]), "persons")
    assert [row.person for row in alone] == [1] * 7 + [2] * 5
    nobody = asked(model, film, Planted([]), "persons")
    assert spans(nobody) == spans(model.predict(film))
    assert {row.status for row in nobody} == {"no_person"}
    assert nobody[0].error == f"{film}: no person in it was followed; this answer is of the scene"
    assert {row.status for row in asked(model, film, Planted([]))} == {"ok"}


def test_a_short_video_has_one_row_a_person(model, video, tmp_path):
    path = video(tmp_path / "a.mp4", 3, fps=4)
    rows = asked(model, path, Planted([ALWAYS]))
    assert [(row.person, row.start_s, row.end_s) for row in rows] == [(None, 0, 3), (1, 0, 3)]
    again = asked(model, [path, path], Planted([ALWAYS]))
    assert [len(part) for part in by_input(again)] == [2, 2]


def test_someone_seen_once_is_a_mistake_but_in_a_video_of_one_frame(film, video, tmp_path):
    once = (6.0, 6.4, share(RIGHT), 0.9)
    assert [len(p.time_N) for p in persons_in_video(film, Planted([ALWAYS, once]), grey).persons] == [26]
    still = video(tmp_path / "still.mp4", times=[0.0], fps=1, sound=False)
    assert [len(p.time_N) for p in persons_in_video(still, Planted([ALWAYS]), grey).persons] == [1]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batches_of_frames_change_nothing(film, batch_size):
    whole = persons_in_video(film, Planted([LATE, ALWAYS]), grey).persons
    parts = persons_in_video(film, Planted([LATE, ALWAYS]), grey, batch_size).persons
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.time_N, other.time_N)
        np.testing.assert_array_equal(one.box_N4, other.box_N4)
        np.testing.assert_array_equal(one.answers.valence_N, other.answers.valence_N)
    np.testing.assert_allclose(whole[0].time_N, np.arange(26) / 2)


def test_answers_are_those_of_the_person_and_not_of_another(film):
    first, second = persons_in_video(film, Planted([LATE, ALWAYS]), grey).persons
    for person, box in ((first, LEFT), (second, RIGHT)):
        frames = read_frames(film, np.rint(person.time_N * 4).astype(int)).image_KHWC
        np.testing.assert_allclose(person.answers.valence_N, grey([person_part(f, box, "") for f in frames]).valence_N)


@pytest.mark.parametrize(
    ("size", "decoded"), [((1600, 1202), (720, 958)), ((962, 722), (720, 959)), ((500, 300), (300, 500))]
)
def test_boxes_are_in_pixels_of_the_whole_video_however_it_is_decoded(video, tmp_path, size, decoded):
    path = video(tmp_path / "large.mp4", times=[0.0, 0.5, 1.0], size=size, sound=False)
    planted = Planted([(0, 9, (0.25, 0.5, 0.5, 1.0), 0.9), (0, 9, (0.6, 0.0, 1.0, 0.4), 0.8)])
    boxes = [person.box_N4[0] for person in persons_in_video(path, planted, grey).persons]
    assert planted.sizes == {decoded}
    assert min(decoded) <= SIDE
    width, height = size
    np.testing.assert_allclose(boxes[0], [width / 4, height / 2, width / 2, height], atol=0.01)
    np.testing.assert_allclose(boxes[1], [0.6 * width, 0, width, 0.4 * height], atol=0.01)
    assert max(box[2] for box in boxes) <= width
    assert max(box[3] for box in boxes) <= height


def test_boxes_are_upright_where_the_camera_was_turned(video, tmp_path):
    path = video(
        tmp_path / "turned.mp4", 1, fps=4, size=(96, 64), prepare=lambda stream: stream.set_display_rotation(90)
    )
    (person,) = persons_in_video(path, Planted([(0, 9, (0.5, 0.75, 1.0, 1.0), 0.9)]), grey).persons
    np.testing.assert_allclose(person.box_N4[0], [32, 72, 64, 96], atol=0.01)


def test_the_box_of_a_row_is_nearest_to_the_middle_of_its_span(film):
    moving = [(k / 2, k / 2 + 0.5, share((k, 8, k + 20, 40)), 0.5 + k / 100) for k in range(26)]
    (person,) = persons_in_video(film, Planted(moving), grey).persons
    assert [person.place_at(span) for span in ((0.0, 4.0), (4.0, 8.0), (9.0, 13.0), (0.0, 0.5))] == [4, 12, 22, 0]
    gap = replace(person, time_N=np.array([0.0, 0.5, 8.0]), box_N4=person.box_N4[:3])
    assert gap.place_at((0.0, 8.5)) == 1
    assert gap.place_at((4.5, 8.5)) == 2, "of those in the window"
    assert gap.span == (0.0, 8.5)
    assert person.span == (0.0, 13.0)


def damaged(path, from_s, to_s):
    """The file with the frames of some seconds overwritten, except for its index."""
    import av

    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(container.streams.video[0]) if packet.size]
        holes = [(p.pos, p.size) for p in packets if from_s <= float(p.pts * p.time_base) < to_s]
    content = bytearray(path.read_bytes())
    for place, size in holes:
        content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    return path


def test_lost_frames_make_the_whole_of_a_person_partial(model, video, tmp_path):
    every_frame_alone = {"g": "1", "bf": "0"}
    path = damaged(video(tmp_path / "a.mp4", 14, fps=4, sound=False, options=every_frame_alone), 4.9, 10)
    rows = asked(model, path, Planted([ALWAYS]))
    first, second = by_person(list(rows))[1:]
    for whole in (first[0], second[0]):  # longer away than somebody may be: another person, as far as boxes tell
        assert whole.status == "partial"
        assert whole.error == f"{path}: 10 of 28 frames could not be decoded"
    assert spans(first) == [(0, 5), (0, 4), (2, 6), (4, 8)]
    assert spans(second) == [(10, 14), (8, 12), (10, 14)]
    assert {row.status for row in (*first[1:], *second[1:])} == {"ok"}


def test_a_detector_that_fails_costs_the_persons_not_the_scene(model, film):
    class Failing(Planted):
        def in_frames(self, content, times, images):
            raise MemoryError("no room")

    for who in ("both", "persons"):
        rows = asked(model, film, Failing([]), who)
        assert {row.status for row in rows} == {"partial"}
        assert rows[0].error.startswith(str(film))
        assert rows[0].error.endswith("; nobody could be looked for")
        assert spans(rows) == spans(model.predict(film))


def test_bad_videos_are_rows(model, tmp_path, video):
    text = tmp_path / "text.mp4"
    text.write_text("no video at all")
    radio = video(tmp_path / "radio.mp4", 1, pictures=False)
    for who in ("both", "persons"):
        rows = asked(model, [text, tmp_path / "gone.mp4", radio], Planted([ALWAYS]), who)
        assert [row.status for row in rows] == ["error"] * 3
        assert all(row.error.startswith(row.source) for row in rows)


def test_the_real_detector_and_its_cache(model, film, yolox, tmp_path):
    finder = PersonFinder(yolox((LEFT, 0.9), (RIGHT, 0.6)), cache=tmp_path / "boxes")
    rows = model.predict(film, 5, who="both", people=finder, timeline=False)
    assert [row.box for row in rows] == [None, LEFT, RIGHT]
    assert [row.box_score for row in rows] == [None, 0.9, 0.6]
    finder.detector._session = None  # what is known needs no network
    assert model.predict(film, 5, who="both", people=finder, timeline=False) == rows


@pytest.mark.shared
def test_an_actor_speaks(model, shared):
    path = shared / "data/javanese/01-01-03_01.mp4"
    people = f"yolox:{shared / 'models/yolox_nano.onnx'}"
    scene, *persons = model.predict(path, who="both", people=people, timeline=True)
    whole = next(row for row in persons if row.person == 1)
    assert (whole.start_s, whole.end_s) == (scene.start_s, pytest.approx(scene.end_s, abs=0.5))
    assert whole.box_score > 0.3
    assert whole.x1 - whole.x0 > 100
