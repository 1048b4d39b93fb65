"""The linear layer of the release: what it learns, and how it is kept."""

import emolens
from emolens.recipes.linear_head import linear_head


def test_it_is_adam_without_decay_for_a_hundred_epochs_kept_by_accuracy():
    config = linear_head()
    assert (config.optimizer.lr, config.optimizer.weight_decay) == (1e-3, 0.0)
    assert (config.trainer.epochs, config.trainer.batch_size, config.trainer.patience) == (100, 256, None)
    assert config.trainer.keep_by == "accuracy"


def test_it_trains_on_fewer_rows_than_a_batch_and_loads(colours, tmp_path):
    manifest = colours(36, split=["train" if i % 3 else "val" for i in range(36)])
    manifest.write(tmp_path / "m.parquet")
    run = emolens.train("linear_head", tmp_path / "m.parquet", tmp_path / "run", backbone="mini", epochs=30, lr=0.05)
    assert 0 <= run.metrics["accuracy"] <= 1
    model = run.load()
    assert model.config.training.config["trainer"]["batch_size"] == 24
    assert model.predict([manifest.paths()[0]])[0].status == "ok"
