import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# A pipe would mix what two processes print.
SAY = """import os, sys
def say(text):
    with open(f"{sys.argv[1]}.{os.environ['RANK']}", "a") as stream:
        print(text, file=stream)
"""


@pytest.fixture
def torchrun() -> Any:
    """torchrun(script, *arguments): starts it on two processes, both streams in pipes; what is left is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(script: Path, *arguments: object, processes: int = 2) -> subprocess.Popen[str]:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        started.append(
            subprocess.Popen(
                [*launcher, str(script), *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def on_two(torchrun: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> Callable[..., list[list[str]]]:
    """on_two(code, *arguments): the lines that each of two processes says by ``say(text)``, once both have ended."""

    def run(code: str, *arguments: object) -> list[list[str]]:
        script, said = tmp_path / "script.py", tmp_path / "said"
        script.write_text(SAY + code)
        process = torchrun(script, said, *arguments)
        _, error = process.communicate()
        assert process.returncode == 0, error
        return [Path(f"{said}.{rank}").read_text().splitlines() for rank in range(2)]

    return run
