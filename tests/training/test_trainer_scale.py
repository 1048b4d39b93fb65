"""The trainer in micro-batches, on several processes, killed, and on a full disk."""

import os
import subprocess
import sys
import textwrap

import pytest
import torch
from fixtures.run_log import logged
from lightning_fabric import Fabric

from emolens.errors import ConfigError, DataError
from emolens.training.optim import OptimizerConfig
from emolens.training.state.checkpoint import load_checkpoint
from emolens.training.tasks.task import Step
from emolens.training.tensor_table import TensorTable
from emolens.training.trainer import Trainer, TrainerConfig

LEARNER = """
import os, signal, torch
from torch import nn
from emolens.training.tasks.task import Task

class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(6, 16), nn.Linear(16, 1)
    def forward(self, x):
        return self.two(torch.nn.functional.dropout(self.one(x).tanh(), 0.3, self.training)).squeeze(1)

class Regress(Task):
    keys = ("x", "y")
    die_at = None
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.model, self.calls = Noisy(), 0
    def forward(self, batch, step):
        if self.calls == self.die_at:
            self.before()
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls += 1
        return {"error": (self.model(batch["x"]) - batch["y"]).square().mean()}
    def judge(self, batch):
        return {"error": (self.model(batch["x"]) - batch["y"]).square()}
    def metrics(self, judged):
        return {"loss": float(judged["error"].mean())}

def table(n, seed):
    from emolens.training.tensor_table import TensorTable
    x = torch.randn(n, 6, generator=torch.Generator().manual_seed(seed))
    return TensorTable({"x": x, "y": x[:, 0] * x[:, 1]})
"""
learner: dict = {}
exec(LEARNER, learner)  # the same lines run here and in processes of their own
Regress, table = learner["Regress"], learner["table"]

SETTINGS = {"epochs": 3, "batch_size": 16, "patience": None, "log_steps": 1, "max_grad_norm": 0.5, "ema_decay": 0.9}


def fit(run, task=None, resume=False, optimizer=None, **options):
    run.mkdir(exist_ok=True)
    trainer = Trainer(
        TrainerConfig(**{**SETTINGS, **options}),
        optimizer or OptimizerConfig(lr=0.02, warmup_epochs=1),
        run,
        Fabric(accelerator="cpu", devices=1),
    )
    return trainer.fit(task or Regress(), table(80, 0), table(20, 1), resume)


def steps(run, name="error"):
    return logged(run, "step", name)


def without_speed(run):
    return [line for line in (run / "log.csv").read_text().splitlines() if ",speed," not in line]


class Still(Regress):
    """Without dropout, which each micro-batch would draw for itself."""

    def __init__(self):
        super().__init__()
        self.model.forward = lambda x, m=self.model: m.two(m.one(x).tanh()).squeeze(1)


@pytest.mark.parametrize("micro_batches", [2, 4])
def test_a_step_in_micro_batches_is_the_whole_step(tmp_path, micro_batches):
    whole = fit(tmp_path / "whole", Still())
    parts = fit(tmp_path / "parts", Still(), accumulate=micro_batches)
    assert parts.steps == whole.steps == 3 * (80 // 16)
    assert steps(tmp_path / "parts") == pytest.approx(steps(tmp_path / "whole"), rel=1e-5)
    for name in whole.weights:
        assert torch.allclose(whole.weights[name], parts.weights[name], atol=1e-6)


def test_micro_batches_that_do_not_divide_the_batch_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="batch_size 16 cannot be shared evenly by 1 processes x 3 micro-batches"):
        fit(tmp_path / "run", accumulate=3)
    with pytest.raises(ConfigError, match="accumulate 2: lbfgs looks at all samples at once"):
        fit(tmp_path / "run", accumulate=2, optimizer=OptimizerConfig(algorithm="lbfgs"))


def run_python(code, *args):
    return subprocess.run([sys.executable, "-c", LEARNER + textwrap.dedent(code), *map(str, args)], capture_output=True)


KILLED = """
import sys, time
from pathlib import Path
from lightning_fabric import Fabric
from emolens.errors import DataError
from emolens.training.optim import OptimizerConfig
from emolens.training.state.checkpoint import load_checkpoint
from emolens.training.trainer import Trainer, TrainerConfig
run, seconds, saved_step = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[4])
run.mkdir()
def saved():
    try:
        return load_checkpoint(run)["step"] == saved_step
    except (DataError, TypeError):  # none yet, or just replaced
        return False
def wait():  # what is written beside the training may come a little later
    while not saved():
        time.sleep(0.005)
task = Regress()
task.before = wait
task.die_at = 8  # the fourth of five steps of the second epoch
config = TrainerConfig(**eval(sys.argv[3]), checkpoint_seconds=seconds, checkpoint_epochs=True)
fabric = Fabric(accelerator="cpu", devices=1)
Trainer(config, OptimizerConfig(lr=0.02, warmup_epochs=1), run, fabric).fit(task, table(80, 0), table(20, 1))
"""


@pytest.mark.parametrize(("seconds", "saved_step"), [(0.0, 8), (1e9, 5)], ids=["within the epoch", "at its end"])
def test_killed_in_the_middle_of_an_epoch_and_resumed_is_as_if_never_killed(tmp_path, seconds, saved_step):
    whole = fit(tmp_path / "whole")
    killed = run_python(KILLED, tmp_path / "run", seconds, SETTINGS, saved_step)
    assert killed.returncode == -9, killed.stderr.decode()
    assert load_checkpoint(tmp_path / "run")["step"] == saved_step
    torn = tmp_path / "run" / "checkpoints" / "99"  # what a kill while saving leaves
    torn.mkdir()
    (torn / "shard-00001-model-00001-of-00001.safetensors").write_bytes(b"half")
    resumed = fit(tmp_path / "run", resume=True)
    assert without_speed(tmp_path / "run") == without_speed(tmp_path / "whole")
    assert all(torch.equal(whole.weights[name], resumed.weights[name]) for name in whole.weights)
    assert not torn.exists()


FULL = """
import errno, resource, sys
from pathlib import Path
from lightning_fabric import Fabric
from emolens.errors import DataError
from emolens.models.loading.safetensors_file import save_weights
from emolens.training.state.checkpoint import Checkpoints, load_checkpoint
run = Path(sys.argv[1])
checkpoints = Checkpoints(run, Fabric(accelerator="cpu", devices=1))
checkpoints.save({"step": 7}, wait=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # no file grows beyond: as on a full disk
for save in (
    lambda: checkpoints.save({"step": 8, "w": torch.randn(100_000)}, wait=True),
    lambda: save_weights(run / "model.safetensors", {"w": torch.randn(100_000)}),
):
    try:
        save()
    except DataError as error:
        print(error)
assert load_checkpoint(run)["step"] == 7
assert [path.name for path in (run / "checkpoints").iterdir()] == ["1"]
print(sorted(path.name for path in run.iterdir()))
"""


def test_a_disk_that_takes_no_more_keeps_the_last_good_checkpoint(tmp_path):
    done = run_python(FULL, tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    first, second, left = done.stdout.decode().splitlines()
    assert "checkpoints/2: cannot be written (File too large)" in first
    assert "model.safetensors: cannot be written (File too large)" in second
    assert left == "['checkpoints']"


def test_no_space_left_is_said_in_these_words(tmp_path, monkeypatch):
    import errno

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="the disk is full; free some space"):
        fit(tmp_path / "run")


def test_a_broken_loss_names_its_rows(tmp_path):
    bad = table(80, 0)
    bad.columns["x"][33] = float("inf")
    config = TrainerConfig(**SETTINGS, accumulate=4)
    trainer = Trainer(config, OptimizerConfig(lr=0.01), tmp_path, Fabric(accelerator="cpu", devices=1))
    with pytest.raises(
        DataError, match=r"epoch 0, step \d: .*\(error nan\) on rows .*\b33\b.* of the training"
    ) as told:
        trainer.fit(Regress(), bad)
    rows = str(told.value).split("on rows ")[1].split(" of the")[0].split(", ")
    assert len(rows) == 4  # its micro-batch, not the whole step


def test_a_gradient_that_is_not_finite_stops_before_the_weights_are_spoiled(tmp_path):
    class Root(Regress):
        def forward(self, batch, step):  # finite, with an infinite slope
            return {"error": (self.model(batch["x"]).sum() * 0).abs().sqrt()}

    with pytest.raises(DataError, match=r"not finite \(gradient norm"):
        fit(tmp_path / "run", Root())


def test_the_average_of_the_weights_is_what_is_judged_and_kept(tmp_path):
    class Records(Regress):
        seen: list

        def forward(self, batch, step):
            self.seen.append({n: t.detach().clone() for n, t in self.model.state_dict().items()})
            return super().forward(batch, step)

    task = Records()
    task.seen = []
    fitted = fit(tmp_path / "run", task, epochs=1, ema_decay=0.5)
    # Naive: w_ema over the weights after each step; after the last one they are no longer seen, so up to it.
    last = load_checkpoint(tmp_path / "run")["task"]
    after = [*task.seen[1:], {name: last[f"model.{name}"] for name in fitted.weights}]
    average = {n: t.double() for n, t in task.seen[0].items()}
    for update, weights in enumerate(after, start=1):
        decay = min(0.5, 1 - update ** (-2 / 3))
        average = {n: decay * average[n] + (1 - decay) * weights[n].double() for n in average}
    for name, value in fitted.weights.items():
        assert torch.allclose(value.double(), average[name], atol=1e-6)


def test_speed_is_counted_and_logged(tmp_path):
    fitted = fit(tmp_path / "run")
    assert fitted.samples_per_s > 0
    speeds = [line for line in (tmp_path / "run" / "log.csv").read_text().splitlines() if "samples_per_s" in line]
    assert len(speeds) == fitted.steps


def test_bf16_mixed_keeps_weights_in_fp32_and_learns(tmp_path):
    seen = []

    class Watched(Regress):
        def forward(self, batch, step):
            seen.append(self.model(batch["x"]).dtype)
            return super().forward(batch, step)

    trainer = Trainer(
        TrainerConfig(epochs=20, batch_size=16, patience=None),
        OptimizerConfig(lr=0.02),
        tmp_path,
        Fabric(accelerator="cpu", devices=1, precision="bf16-mixed"),
    )
    fitted = trainer.fit(Watched(), table(80, 0), table(20, 1))
    assert seen[0] == torch.bfloat16
    assert {t.dtype for t in fitted.weights.values()} == {torch.float32}
    assert fitted.metrics["loss"] < 0.9


def test_an_error_in_a_loader_process_reads_like_any_other(tmp_path):
    class Broken(TensorTable):
        def __getitem__(self, rows):
            raise DataError("a.jpg: is broken")

    trainer = Trainer(
        TrainerConfig(epochs=1, batch_size=4), OptimizerConfig(), None, Fabric(accelerator="cpu", devices=1), workers=1
    )
    with pytest.raises(DataError) as told:
        trainer.fit(Regress(), Broken(table(8, 0).columns))
    assert str(told.value) == "a.jpg: is broken"


@pytest.mark.parametrize(
    ("option", "message"),
    [({"accumulate": 0}, "accumulate 0"), ({"ema_decay": 1.0}, "ema_decay 1.0"), ({"log_steps": 0}, "log_steps 0")],
)
def test_silly_numbers_are_refused(option, message):
    with pytest.raises(ConfigError, match=message):
        TrainerConfig(**option)


TWO = """
from pathlib import Path
from emolens.training.devices import build_fabric
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer import Trainer, TrainerConfig
fabric = build_fabric("cpu")
class Still(Regress):
    def __init__(self):
        super().__init__()
        self.model.forward = lambda x, m=self.model: m.two(m.one(x).tanh()).squeeze(1)
run = Path(sys.argv[2])
run.mkdir(exist_ok=True)
bad = table(80, 0)
if sys.argv[4] == "broken":
    bad.columns["x"][33] = float("nan")
config = TrainerConfig(**eval(sys.argv[3]), accumulate=2)
try:
    Trainer(config, OptimizerConfig(lr=0.02, warmup_epochs=1), run, fabric).fit(Still(), bad, table(20, 1))
except Exception as error:
    say(error)
else:
    say("done")
"""


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path, on_two):
    fit(tmp_path / "one", Still())
    assert on_two(LEARNER + TWO, tmp_path / "two", SETTINGS, "whole") == [["done"]] * 2
    assert steps(tmp_path / "two") == pytest.approx(steps(tmp_path / "one"), rel=1e-5)


@pytest.mark.slow
def test_two_processes_stop_together_at_a_broken_loss(tmp_path, on_two):
    [[first], [second]] = on_two(LEARNER + TWO, tmp_path / "two", SETTINGS, "broken")
    assert first == second
    assert "33" in first.split("on rows ")[1]


STOPPED = """
import signal
from pathlib import Path
from emolens.errors import EmolensError
from emolens.signals import Interrupted
from emolens.training.devices import build_fabric
from emolens.training.optim import OptimizerConfig
from emolens.training.trainer import Trainer, TrainerConfig
fabric = build_fabric("cpu")
folder, settings = Path(sys.argv[2]), eval(sys.argv[3])

class Signalled(Regress):
    def forward(self, batch, step):
        if step.number == 7 and fabric.global_rank == 1:
            os.kill(os.getpid(), signal.SIGUSR1)
        return super().forward(batch, step)

def fit(name, task, resume=False):
    run = folder / name
    run.mkdir(exist_ok=True)
    trainer = Trainer(TrainerConfig(**settings), OptimizerConfig(lr=0.02, warmup_epochs=1), run, fabric)
    return trainer.fit(task, table(80, 0), table(20, 1), resume)

whole = fit("whole", Regress())
try:
    fit("run", Signalled())
except Interrupted as stop:
    say(stop.exit_code)
elsewhere = "run" if fabric.global_rank == 0 else "another disk"
try:
    fit(elsewhere, Regress(), resume=True)
except EmolensError as error:
    say(str(error).replace(str(folder), "").replace("another disk", "run"))
resumed = fit("run", Regress(), resume=True)
say(whole.steps == resumed.steps)
"""


@pytest.mark.slow
def test_a_signal_to_one_process_stops_all_and_all_must_go_on_from_one_step(tmp_path, on_two):
    first, second = on_two(LEARNER + STOPPED, tmp_path, SETTINGS)
    where = "step: 0 on process 1, 8 on process 0"
    assert first == second == [
        str(128 + 10),
        f"/run: the processes do not agree. {where}. All machines must see the same run folder, on a disk that they "
        "share",
        "True",
    ]  # fmt: skip
    assert without_speed(tmp_path / "run") == without_speed(tmp_path / "whole")


def test_a_task_gets_the_rows_and_the_seed_of_its_part():
    step = Step(0, 3, list(range(12))).share(1, 4)
    assert step.part_rows == [1, 5, 9]
    assert step.part_seed != step.share(2, 4).part_seed
