"""Regular expressions given on the command line."""

import re

from emolens.errors import ConfigError


def one_group_pattern(pattern: str, option: str) -> re.Pattern[str]:
    """The compiled pattern, whose first group is what is looked for.

    Raises:
        ConfigError: if it is no regular expression, or has no group.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f'{option} "{pattern}" is not a regular expression ({error})') from error
    if compiled.groups < 1:
        raise ConfigError(f'{option} "{pattern}" has no group; put what is looked for in parentheses')
    return compiled
