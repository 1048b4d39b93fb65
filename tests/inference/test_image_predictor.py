"""Models of pictures on videos."""

import numpy as np
import pytest
import torch
from PIL import Image

from emolens import load
from emolens.errors import ConfigError
from emolens.heads.linear import LinearHead
from emolens.inference.image_predictor import ImagePredictor
from emolens.inference.perturbation import Perturbation
from emolens.inference.timeline import Timeline
from emolens.inference.video_frames import VIDEO_FRAMES
from emolens.media.video import read_frames
from emolens.models.backbones.load import load_backbone
from emolens.models.probe import LinearProbe
from emolens.runs.config import RunConfig
from emolens.runs.models import ImageModel
from emolens.taxonomy import get_label_space

SPACE = get_label_space("mikels8")


@pytest.fixture
def model(tiny_clip):
    return load(f"zeroshot:{tiny_clip}", "mikels8", device="cpu", precision="fp32")


def scores_of_frames(model, path, frames, folder):
    """Each frame, saved as a picture and predicted as one."""
    folder.mkdir()
    paths = []
    for number, image in zip(frames, read_frames(path, np.array(frames)).image_KHWC, strict=True):
        paths.append(folder / f"{number:04}.png")
        Image.fromarray(image).save(paths[-1])
    return model.predict(paths)


def test_a_video_is_the_mean_of_its_frames_as_pictures(model, tmp_path, video):
    path = video(tmp_path / "clip.mp4", 8, fps=8)
    row = model.predict([path])[0]
    middles = [int((k + 0.5) * 64 / VIDEO_FRAMES) for k in range(VIDEO_FRAMES)]
    frames = scores_of_frames(model, path, middles, tmp_path / "frames")
    score_NC = frames.score_NC(SPACE)
    assert np.ptp(score_NC, axis=0).max() > 1e-3, "the frames must differ for this test to mean anything"
    np.testing.assert_allclose(list(row.scores.values()), score_NC.mean(axis=0), atol=1e-6)
    assert row.valence == pytest.approx(frames.values("valence").mean(), abs=1e-6)
    assert (row.status, row.media, row.start_s, row.end_s, row.error) == ("ok", "video", 0.0, 8.0, None)
    assert row.score == max(row.scores.values()) == row.scores[row.label]


def test_few_frames_are_all_used_once(model, tmp_path, video):
    path = video(tmp_path / "short.mp4", 0.3, fps=10)
    row = model.predict([path])[0]
    mean = scores_of_frames(model, path, [0, 1, 2], tmp_path / "frames").score_NC(SPACE).mean(axis=0)
    np.testing.assert_allclose(list(row.scores.values()), mean, atol=1e-6)


def test_a_window_is_the_mean_of_two_frames_a_second(model, tmp_path, video):
    path = video(tmp_path / "clip.mp4", 6, fps=10)
    rows = model.predict([path], timeline=True, smooth_s=0, batch_size=3)
    assert [(row.start_s, row.end_s) for row in rows] == [(0, 6), (0, 4), (2, 6)]
    frames = scores_of_frames(model, path, list(range(0, 60, 5)), tmp_path / "frames").score_NC(SPACE)
    np.testing.assert_allclose(rows[1:].score_NC(SPACE), [frames[:8].mean(axis=0), frames[4:].mean(axis=0)], atol=1e-6)
    assert rows[0] == model.predict([path], batch_size=3)[0], "the whole is the same with a timeline and without"


def test_smoothing_is_that_of_the_timeline(model, tmp_path, video):
    path = video(tmp_path / "clip.mp4", 13, fps=4)
    rough, smooth = (model.predict([path], smooth_s=width) for width in (0, 4))
    spans = Timeline().windows(rough[0].end_s)
    expected = Timeline().smoothed(rough[1:].score_NC(SPACE), spans)
    np.testing.assert_allclose(smooth[1:].score_NC(SPACE), expected, atol=1e-12)
    np.testing.assert_allclose(smooth[1:].score_NC(SPACE).sum(axis=1), 1)
    assert np.abs(expected - rough[1:].score_NC(SPACE)).max() > 1e-4
    for row in smooth:
        assert row.score == max(row.scores.values()) == row.scores[row.label]
        assert row.polarity == SPACE.polarity[SPACE.index(row.label)]


def test_a_timeline_is_for_videos_over_ten_seconds_or_as_asked(model, tmp_path, video, picture):
    short, long = video(tmp_path / "short.mp4", 9.9, fps=2), video(tmp_path / "long.mp4", 10.5, fps=2)
    still = picture(tmp_path / "still.png")
    given = [long, still, short]
    assert [row.source for row in model.predict(given)] == [str(p) for p in (*[long] * 6, still, short)]
    assert len(model.predict(given, timeline=False)) == 3
    assert len(model.predict(given, timeline=True)) == 6 + 1 + 5
    again = model.predict([short, short, still])
    assert [row.source for row in again] == [str(short), str(short), str(still)], "one result an input"
    assert again[0] == again[1]
    with pytest.raises(ConfigError, match="window_s"):
        model.predict(given, window_s=0)


def test_a_slow_video_has_in_each_window_the_frame_that_is_shown(model, tmp_path, video):
    path = video(tmp_path / "slides.mp4", times=[0, 7, 14], fps=1, sound=False)
    rows = model.predict([path], timeline=True, window_s=2, hop_s=2, smooth_s=0)
    frames = scores_of_frames(model, path, [0, 1, 2], tmp_path / "frames").score_NC(SPACE)
    shown = {0.0: 0, 2.0: 0, 4.0: 0, 6.0: 1, 8.0: 1, 10.0: 1, 12.0: 1}
    for row in rows[1:8]:
        np.testing.assert_allclose(list(row.scores.values()), frames[shown[row.start_s]], atol=1e-6)


def test_sound_files_bad_videos_and_videos_without_pictures_are_rows(model, tmp_path, video):
    sound = video(tmp_path / "sound.m4a", 1, pictures=False)
    no_pictures = video(tmp_path / "radio.mp4", 1, pictures=False)
    text = tmp_path / "text.mp4"
    text.write_text("no video at all")
    good = video(tmp_path / "good.mp4", 1, sound=False)
    rows = model.predict([sound, no_pictures, text, tmp_path / "gone.mp4", good])
    assert [row.status for row in rows] == ["error"] * 4 + ["ok"]
    assert all(row.error.startswith(row.source) for row in rows[:4])
    assert "is a sound file, and zeroshot:" in rows[0].error
    assert "no pictures" in rows[1].error
    assert "is not a video" in rows[2].error
    assert "gone.mp4: no such file" in rows[3].error


def damaged(path, from_s, to_s):
    """The file with the frames of some seconds overwritten, except for its index."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        holes = [
            (packet.pos, packet.size)
            for packet in container.demux(stream)
            if packet.size and from_s <= float(packet.pts * packet.time_base) < to_s
        ]
    content = bytearray(path.read_bytes())
    for place, size in holes:
        content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    return path


def test_what_can_be_decoded_is_used_and_the_row_says_what_could_not(model, tmp_path, video):
    every_frame_alone = {"g": "1", "bf": "0"}
    path = damaged(video(tmp_path / "clip.mp4", 14, fps=4, sound=False, options=every_frame_alone), 4.9, 10)
    rows = model.predict([path], smooth_s=0)
    assert [row.status for row in rows] == ["partial", "ok", "partial", "partial", "error", "partial", "ok"]
    assert rows[2].error == f"{path}: 2 of 8 frames from 2 to 6 s could not be decoded"
    assert rows[4].scores is None
    intact = scores_of_frames(model, path, [8, 10, 12, 14, 16, 18], tmp_path / "frames").score_NC(SPACE)
    np.testing.assert_allclose(list(rows[2].scores.values()), intact.mean(axis=0), atol=1e-6)


def test_lost_frames_show_the_last_kept_one(model, tmp_path, video):
    path = video(tmp_path / "clip.mp4", 3.2, fps=5)
    perturbation = Perturbation(keep_frames=0.25, seed=1)
    row = model.perturbed(perturbation).predict([path])[0]
    shown = perturbation.held_frames(VIDEO_FRAMES, path)
    frames = scores_of_frames(model, path, list(range(16)), tmp_path / "frames").score_NC(SPACE)
    np.testing.assert_allclose(list(row.scores.values()), frames[shown].mean(axis=0), atol=1e-6)
    assert row.scores != model.predict([path])[0].scores
    assert model.perturbed(perturbation).retarget("ekman6").perturbation == perturbation


OF_SOUND = [{"sound": False}, {"pictures": False}, {"noise_db": 0.0}, {"modality": "audio"}]


@pytest.mark.parametrize("perturbation", OF_SOUND)
def test_perturbations_of_sound_do_not_apply_to_it(model, perturbation):
    with pytest.raises(ConfigError, match="looks at pictures and hears nothing"):
        model.perturbed(Perturbation(**perturbation))


def test_mini_predicts_videos(tmp_path, video):
    row = load("mini", "polarity2").predict([video(tmp_path / "clip.mp4", 1, fps=10)])[0]
    assert row.answered
    assert -1 <= row.valence <= 1


def test_a_video_that_vanishes_before_its_windows_does_not_end_the_run(model, tmp_path, video, monkeypatch):
    gone, there = video(tmp_path / "a.mp4", 11, fps=2), video(tmp_path / "b.mp4", 11, fps=2)
    predict_batches = model.predict_batches

    def predict_and_remove(*given):
        for place, answer in predict_batches(*given):
            gone.unlink(missing_ok=True)
            yield place, answer

    monkeypatch.setattr(model, "predict_batches", predict_and_remove)
    rows = model.predict([gone, there])
    assert [row.status for row in rows] == ["partial"] + ["ok"] * 6
    assert rows[0].error == f"{gone}: no such file"
    assert rows[0].answered


def test_weights_that_are_no_numbers_answer_nothing(tmp_path, picture, video):
    backbone = load_backbone("mini")
    probe = LinearProbe(backbone.embed_dim, len(SPACE), ("valence", "arousal"))
    with torch.no_grad():
        probe.linear.weight.fill_(float("nan"))
    model = ImagePredictor("broken", ImageModel(backbone, LinearHead(probe, SPACE), RunConfig("probe")))
    rows = model.predict([picture(tmp_path / "a.png"), video(tmp_path / "b.mp4", 0.3)])
    assert [row.status for row in rows] == ["error", "error"]
    assert all("the answer of broken is no number; its weights are damaged" in row.error for row in rows)
    assert rows[0].label is rows[0].valence is None
