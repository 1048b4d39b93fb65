import sys
from pathlib import Path

import pytest

from emolens.data.adapter import import_dataset
from emolens.media.audio import read_audio
from emolens.media.video import index_frames, read_frames

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def films():
    sys.path.insert(0, str(EXAMPLES))
    import films

    sys.path.remove(str(EXAMPLES))
    return films


def test_a_film_has_a_scene_and_a_chord_after_the_other(films, tmp_path):
    path = films.write_film(tmp_path / "film.mp4", ["contentment", "fear"], seconds=1.0)
    assert index_frames(path).duration_s == pytest.approx(2.0, abs=0.1)
    bright, dark = read_frames(path, [3, 20]).image_KHWC.mean((1, 2, 3))
    assert bright > 2 * dark
    sound = read_audio(path, 22050)
    assert abs(sound.wave_T[:8000]).mean() > 0.01
    assert len(sound.wave_T) / 22050 == pytest.approx(2.0, abs=0.1)


def test_class_folders_import(films, tmp_path):
    films.write_films(tmp_path, ["awe", "anger"], per_label=2, seconds=0.5)
    manifest = import_dataset("videofolder", tmp_path, {"label_space": "mikels8"})
    assert sorted(manifest.frame["label"]) == ["anger", "anger", "awe", "awe"]
    assert set(manifest.frame["media"]) == {"video"}
