"""What a person meets first: the names of the package."""

import subprocess
import sys

import emolens

PUBLIC = {
    "LabelSpace", "Manifest", "Predictions", "benchmark", "compare", "evaluate", "get_label_space", "load",
    "map_scores", "predict", "train",
}  # fmt: skip


def test_dir_shows_what_is_public_and_nothing_else():
    assert set(dir(emolens)) == PUBLIC


def test_every_public_name_is_there_and_has_a_docstring():
    for name in PUBLIC:
        assert getattr(emolens, name).__doc__, name


def test_completion_costs_no_heavy_import():
    code = "import emolens, sys; dir(emolens); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
