import json
from dataclasses import replace

import numpy as np
import pytest

from emolens import load
from emolens.cli.main import main
from emolens.errors import ConfigError
from emolens.inference.av_predictor import AVPredictor
from emolens.inference.perturbation import Perturbation
from emolens.media.video_sample import read_video
from emolens.taxonomy import get_label_space

SPACE = get_label_space("emotions6")


@pytest.fixture
def model(av_run):
    return load(f"run:{av_run()}", device="cpu", precision="fp32")


@pytest.fixture
def clips(tmp_path, video):
    """Two videos with sound, one without, a sound alone."""
    return [
        video(tmp_path / "a.mp4", 2, seed=1),
        video(tmp_path / "b.mp4", 1, seed=2, tone_hz=2000),
        video(tmp_path / "silent.mp4", 1, sound=False),
        video(tmp_path / "sound.m4a", 1.5, pictures=False),
    ]


def test_a_run_says_what_its_network_says(model, clips):
    rows = model.predict(clips, batch_size=1)
    own = model.model.scores([read_video(path, model.model.video) for path in clips]).fused_NC
    np.testing.assert_allclose(rows.score_NC(SPACE), own, atol=1e-6)
    assert np.ptp(own, axis=0).max() > 1e-2, "the clips must differ for this test to mean anything"
    assert [row.status for row in rows] == ["ok", "ok", "no_audio", "no_video"]
    assert [row.media for row in rows] == ["video", "video", "video", "audio"]
    assert rows[2].error == f"{clips[2]}: no sound"
    assert [(row.start_s, round(row.end_s, 1)) for row in rows[:3]] == [(0, 2.0), (0, 1.0), (0, 1.0)]
    assert rows[0].label == SPACE.labels[own[0].argmax()]
    assert rows[0].valence is not None, "expected from its labels"
    assert rows[0].model == "run:av"


def test_its_face(model):
    assert isinstance(model, AVPredictor)
    assert (model.kind, model.mapping, model.gives_point) == ("av_cpnet", "native", False)
    assert model.backbone_spec == "pictures and sound"
    assert model.own_label_space is model.label_space
    assert model.retarget("polarity3").mapping == "exact"
    assert model.config.recipe == "av_cpnet_tiny"


def test_another_label_space(model, clips):
    own = model.predict(clips[:1])[0]
    row = model.retarget("polarity3").predict(clips[:1])[0]
    positive = sum(score for label, score in own.scores.items() if SPACE.polarity[SPACE.index(label)] == "positive")
    assert row.scores["positive"] == pytest.approx(positive)
    assert load_in("mikels8", model, clips).label in get_label_space("mikels8").labels


def load_in(space, model, clips):
    return model.retarget(space).predict(clips[:1])[0]


def test_a_picture_is_a_clip_of_one_frame_and_a_bad_file_a_row(model, tmp_path, picture, clips):
    still = picture(tmp_path / "still.png")
    text = tmp_path / "text.mp4"
    text.write_text("no video at all")
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(clips[0].read_bytes()[:2000])
    rows = model.predict([still, text, torn, tmp_path / "gone.mp4", clips[1]], batch_size=64)
    assert [row.status for row in rows] == ["no_audio", "error", "error", "error", "ok"]
    assert (rows[0].media, rows[0].start_s, rows[0].end_s) == ("image", None, None)
    assert all(row.error.startswith(row.source) for row in rows[:4])
    assert "gone.mp4: no such file" in rows[3].error


def test_batches_change_nothing(model, clips):
    one, many = (model.predict(clips, batch_size=size) for size in (1, 64))
    np.testing.assert_allclose(one.score_NC(SPACE), many.score_NC(SPACE), atol=1e-6)


def test_windows_are_what_each_part_says_by_itself(model, tmp_path, video):
    path = video(tmp_path / "long.mp4", 7, seed=3)
    rows = model.predict([path], timeline=True, window_s=2, hop_s=1.5, smooth_s=0)
    assert [(row.start_s, row.end_s) for row in rows[1:]] == [
        (0, 2), (1.5, 3.5), (3, 5), (4.5, 6.5), (pytest.approx(rows[0].end_s - 2), rows[0].end_s),
    ]  # fmt: skip
    parts = [read_video(path, model.model.video, row.start_s, row.end_s) for row in rows[1:]]
    np.testing.assert_allclose(rows[1:].score_NC(SPACE), model.model.scores(parts).fused_NC, atol=1e-5)
    assert np.ptp(rows[1:].score_NC(SPACE), axis=0).max() > 1e-3
    assert rows[0] == model.predict([path], timeline=False)[0], "the whole is the same with a timeline and without"


def test_a_long_sound_has_a_timeline_too(model, tmp_path, video):
    path = video(tmp_path / "long.wav", 11, pictures=False, rate=8000, sound_codec="pcm_s16le")
    rows = model.predict([path])
    assert len(rows) == 1 + 5
    assert {row.status for row in rows} == {"no_video"}


def test_what_is_saved_again_predicts_the_same(model, clips, tmp_path):
    model.save_pretrained(tmp_path / "again")
    again = load(f"run:{tmp_path / 'again'}", device="cpu", precision="fp32")
    assert [row.scores for row in again.predict(clips)] == [row.scores for row in model.predict(clips)]


def test_conditions_take_away_and_ask_for_one_modality(model, clips):
    own = model.model.scores([read_video(path, model.model.video) for path in clips])
    for modality, expected in (("audio", own.audio_NC), ("video", own.video_NC)):
        rows = model.perturbed(Perturbation(modality=modality)).predict(clips)
        np.testing.assert_allclose(rows.score_NC(SPACE), expected, atol=1e-6)
    rows = model.perturbed(Perturbation(modality="audio")).predict(clips)
    assert [row.status for row in rows] == ["ok", "ok", "error", "no_video"]
    deaf = model.perturbed(Perturbation(sound=False)).predict(clips)
    assert [row.status for row in deaf] == ["no_audio", "no_audio", "no_audio", "error"]
    assert "sound was taken away" in deaf[0].error
    without = [read_video(path, model.model.video, audio=False) for path in clips[:3]]
    np.testing.assert_allclose(deaf.score_NC(SPACE)[:3], model.model.scores(without).fused_NC, atol=1e-6)
    blind = model.perturbed(Perturbation(pictures=False)).predict(clips)
    assert [row.status for row in blind] == ["no_video", "no_video", "error", "no_video"]


def test_noise_and_lost_frames_change_the_answer_the_same_way_each_time(model, clips):
    plain = model.predict(clips[:1]).score_NC(SPACE)
    for perturbation in (Perturbation(noise_db=0), Perturbation(keep_frames=0.2)):
        once, twice = (model.perturbed(perturbation).predict(clips[:1]).score_NC(SPACE) for _ in range(2))
        np.testing.assert_array_equal(once, twice)
        assert np.abs(once - plain).max() > 1e-6
        other = model.perturbed(replace(perturbation, seed=5)).predict(clips[:1]).score_NC(SPACE)
        assert np.abs(once - other).max() > 1e-9
    faint = model.perturbed(Perturbation(noise_db=120)).predict(clips[:1]).score_NC(SPACE)
    np.testing.assert_allclose(faint, plain, atol=1e-3)


def test_a_network_of_one_modality_is_complete_without_the_other(av_run, clips):
    seeing = load(f"run:{av_run(('video',), name='video')}", device="cpu")
    assert [row.status for row in seeing.predict(clips)] == ["ok", "ok", "ok", "error"]
    hearing = load(f"run:{av_run(('audio',), name='audio')}", device="cpu")
    rows = hearing.predict(clips)
    assert [row.status for row in rows] == ["ok", "ok", "error", "ok"]
    assert (seeing.backbone_spec, hearing.backbone_spec) == ("pictures", "sound")
    same = seeing.perturbed(Perturbation(modality="video")).predict(clips[:1])
    assert same[0].scores == seeing.predict(clips[:1])[0].scores
    for perturbation in (Perturbation(noise_db=3), Perturbation(sound=False), Perturbation(modality="audio")):
        with pytest.raises(ConfigError, match="run:video takes no sound"):
            seeing.perturbed(perturbation)
    with pytest.raises(ConfigError, match="takes pictures alone"):
        seeing.perturbed(Perturbation(pictures=False))
    with pytest.raises(ConfigError, match="run:audio takes no pictures"):
        hearing.perturbed(Perturbation(keep_frames=0.5))


def test_the_command_line_goes_on_past_bad_files(av_run, clips, tmp_path, capsys):
    text = tmp_path / "text.mp4"
    text.write_text("no video at all")
    out = tmp_path / "t.jsonl"
    command = ["predict", *map(str, clips), str(text), str(tmp_path / "gone.mp4"), "--model", f"run:{av_run()}"]
    assert main([*command, "--out", str(out), "--plots", str(tmp_path / "plots")]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["status"] for row in rows] == ["ok", "ok", "no_audio", "no_video", "error", "error"]
    assert "6 rows, 2 with errors, 2 from a part of the file" in capsys.readouterr().err
    assert len(list((tmp_path / "plots" / "pictures").iterdir())) == 3
    assert main(["predict", str(text), "--model", f"run:{av_run()}"]) == 3
