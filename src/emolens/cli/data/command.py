"""What the subcommands share: how one is run, and a check."""

from collections.abc import Callable, Sequence
from pathlib import Path

import tyro

from emolens.errors import ConfigError


def run(command: Callable[..., int], verb: str, args: Sequence[str]) -> int:
    """Parse ``args`` into the parameters of ``command``, call it, and return its exit code."""
    prog = f"emolens data {verb}"
    return tyro.cli(command, prog=prog, args=list(args), config=(tyro.conf.OmitArgPrefixes,))


def check_suffix(out: Path) -> None:
    """Before the work, and not after it.

    Raises:
        ConfigError: if ``out`` is neither a .parquet nor a .csv file.
    """
    if out.suffix not in (".parquet", ".csv"):
        raise ConfigError(f"--out {out}: a manifest is a .parquet or a .csv file")
