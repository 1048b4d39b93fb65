"""The texts of a split, encoded once."""

import torch

from emolens.models.backbones.base import load_backbone
from emolens.training.tasks.teacher import Teacher, TextTable


def test_each_text_is_encoded_once_and_long_ones_are_reported(tiny_clip, capsys):
    teacher = Teacher(load_backbone(tiny_clip), (0.5,) * 3, (0.5,) * 3)
    texts = ["a street", "word " * 500, "a street"]
    table = TextTable.of(texts, teacher)
    assert table.embedding_TD.shape[0] == 2
    torch.testing.assert_close(table.rows([2]), table.rows([0]))
    assert capsys.readouterr().err.count("1 of 2 texts have more than the 77 tokens") == 1
    TextTable.of(texts, teacher, show=False)
    assert "tokens" not in capsys.readouterr().err
