"""The page of a benchmark: everything in one file, whatever the names are."""

import emolens

SUITE = """
title = "Colours <i>of</i> all kinds"
metrics = ["accuracy", "map"]
[[data]]
name = "<b>one</b>"
manifest = "m.parquet"
ratios = { train = 0.6, val = 0.1, test = 0.3 }
[[data]]
name = "gone"
adapter = "emo8"
"""
REPORTED = """
[[reported]]
name = "Somebody's"
metric = "accuracy"
value = 0.999
source = "A. Nonymous (2020), table 1"
split = "their own"
"""


def test_the_page_is_one_file_escapes_names_and_says_what_is_missing(colours, predictor, tmp_path):
    colours(36).write(tmp_path / "m.parquet")
    (tmp_path / "s.toml").write_text(SUITE)
    (tmp_path / "r.toml").write_text(REPORTED)
    result = emolens.benchmark(
        tmp_path / "s.toml",
        tmp_path,
        [predictor(name="a <script>"), "train:clip_e_contrastive@mini", "train:clip_e_cross_entropy@mini"],
        tmp_path / "out",
        train_shares=[0.5, 1],
        reported=tmp_path / "r.toml",
    )
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page
    assert "<b>one" not in page
    assert "&lt;b&gt;one&lt;/b&gt;" in page
    assert "Reported, other split" in page
    assert "0.999" in page.split("Reported, other split")[1]
    assert "emo8: is not a folder" not in page.split("left out")[0]
    assert "encodes no text" in page.split("Not run")[1]
    assert "share of the training rows" in page  # the curve
    assert page.count("<polyline") == 2  # the majority, and the head; the contrastive one did not run
    assert result.metrics() == ["accuracy"]
    assert "emolens benchmark s --data" in page


def test_a_mean_is_over_all_data_sets_of_the_table(colours, predictor, tmp_path):
    for seed in (0, 1):
        colours(24, seed=seed).write(tmp_path / f"{seed}.parquet")
    text = 'title = "t"\nmetrics = ["accuracy"]\n'
    text += "".join(f'[[data]]\nname = "d{k}"\nmanifest = "{k}.parquet"\n' for k in (0, 1))
    (tmp_path / "s.toml").write_text(text)
    result = emolens.benchmark(tmp_path / "s.toml", tmp_path, [predictor()], tmp_path / "out")
    values = [result.find("colour", data).scores["accuracy"].value for data in ("d0", "d1")]
    assert result.mean("colour", "accuracy") == sum(values) / 2
    assert "each counting the same" in (tmp_path / "out" / "report.html").read_text()
