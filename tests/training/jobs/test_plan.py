"""What a training says before it begins."""

import pytest

from emolens.errors import ConfigError
from emolens.training.jobs.plan import Plan
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer_config import TrainerConfig


def plan(rows, batch, processes=1, accumulate=1, epochs=100, **optimizer):
    trainer = TrainerConfig(epochs=epochs, batch_size=batch, accumulate=accumulate)
    return Plan.of(trainer, OptimizerConfig(**optimizer), rows, "images", processes)


def test_one_line_with_all_numbers():
    line = str(plan(1386, 128, 8, 2, lr=1e-3, lr_batch=256, warmup_epochs=5))
    assert line == (
        "plan: 1,386 images to train on, batch 128 (8 processes x 2 micro-batches of 8), 10 steps an epoch, "
        "1,000 in all; peak rate 0.0005 after 50 steps of warm-up"
    )
    assert str(plan(300, 256, epochs=2)) == (
        "plan: 300 images to train on, batch 256, 1 step an epoch, 2 in all; peak rate 0.001"
    )
    assert str(plan(300, 0, epochs=4, algorithm="lbfgs")) == (
        "plan: 300 images to train on, batch 300, 1 step an epoch, 4 in all (L-BFGS)"
    )


def test_a_batch_that_leaves_next_to_no_steps_gets_a_proposal_that_can_be_taken():
    assert plan(1386, 1024).warning == (
        "warning: a batch of 1,024 leaves 1 step an epoch, of 1,024 of the 1,386 images; "
        "--batch-size 128 gives 10 steps"
    )
    assert "leaves 2 steps an epoch; --batch-size 16 gives 16 steps" in plan(256, 128).warning
    assert plan(384, 128).warning is None
    for processes, accumulate in ((3, 1), (2, 4)):
        words = plan(1000, 960, processes, accumulate).warning.split()
        proposed = int(words[words.index("--batch-size") + 1])
        assert plan(1000, proposed, processes, accumulate).steps_per_epoch >= 10


def test_who_asked_for_the_whole_split_or_has_no_smaller_batch_is_left_alone():
    assert plan(100, 0).warning is None
    assert plan(300, 300, algorithm="lbfgs").warning is None
    assert plan(8, 8, 8).warning is None


def test_a_batch_that_cannot_be_dealt_evenly_is_an_error_before_the_work():
    with pytest.raises(ConfigError, match="take a multiple of 8"):
        plan(1000, 100, 8)
