import pytest

JOBS = """
from pathlib import Path
import pandas as pd
from emolens.compute import ComputeConfig
from emolens.errors import EmolensError
from emolens.recipes import get_recipe
from emolens.training.jobs import run_folder
from emolens.training.jobs.job import Job
from emolens.training.train import override
run_folder.WAITS = 0  # the folder of another machine never comes
folder, rank = Path(sys.argv[2]), int(os.environ["RANK"])

def said(out, seed=0, data="same.csv", rows=80):
    config = override(get_recipe("uniemox_pretrain_tiny")(), {"batch_size": 8, "seed": seed})
    job = Job("uniemox_pretrain_tiny", config, folder / data, folder / out, compute=ComputeConfig("cpu"))
    try:
        job.check(rows)
        job.claim()
        return "claimed"
    except EmolensError as error:
        return f"{type(error).__name__} {str(error).replace(str(folder), '')}"

say(said("a"))
say(said("b", seed=rank))
say(said("c", data=["same.csv", "other.csv"][rank]))
say(said(["d", "elsewhere"][rank]).replace("elsewhere", "d"))
say(said("e", rows=[80, 4][rank]))
"""


@pytest.mark.slow
def test_processes_that_were_started_differently_all_stop_and_say_so(tmp_path, on_two):
    for name, rows in (("same", "abc"), ("other", "abd")):
        table = "id,path,media,split\n" + "".join(f"{row},{row}.jpg,image,train\n" for row in rows)
        (tmp_path / f"{name}.csv").write_text(table)
    first, second = on_two(JOBS, tmp_path)
    assert first[:4] == second[:4]
    assert first[0] == "claimed"
    differ = "the processes do not agree. "
    assert first[1].startswith(f"ConfigError /b: {differ}config: ")
    assert first[2].startswith(f"ConfigError /c: {differ}rows of the manifest: ")
    assert first[1].endswith("Start every process with the same command on the same data")
    assert first[3] == (
        f"ConfigError /d: {differ}request.json: missing on process 1, there on process 0. The run folder must lie on a "
        "disk that all machines share"
    )
    # What one of them meets stops the other, too.
    assert second[4].startswith("ConfigError batch_size 8 is larger than the training split of 4 rows")
    assert first[4].startswith(
        "ConfigError process 1 of 2 cannot start: batch_size 8 is larger than the training split"
    )
