"""What can go wrong, in four kinds a caller can tell apart.

The command line prints the message in one or two lines and exits with ``exit_code``.
"""


class EmolensError(Exception):
    """Base of every error that emolens raises on purpose.

    The message says what was wrong, with which file or field, and what to do.
    """

    exit_code = 3


class ConfigError(EmolensError):
    """A wrong option, field, name or combination of them (exit code 2)."""

    exit_code = 2


class DataError(EmolensError):
    """A manifest, data set, run folder or output that cannot be used (exit code 3)."""

    exit_code = 3


class MediaError(DataError):
    """One picture, video or sound that cannot be read (exit code 3)."""


class WeightsError(EmolensError):
    """Weights that are missing, unreadable, or of another architecture (exit code 4)."""

    exit_code = 4


def in_short(error: BaseException, limit: int = 200) -> str:
    """The first line of a library's error, at most ``limit`` characters; its class if it says nothing."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0] if len(lines[0]) <= limit else lines[0][:limit] + "..."
