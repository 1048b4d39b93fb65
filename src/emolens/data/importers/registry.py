"""Which importers there are: each file of this folder registers its own, and so may any other module.

An importer is a frozen dataclass of options and a function from a folder and options to a manifest:

    @register_importer("csv", CsvOptions)
    def import_csv(source: Path, options: CsvOptions) -> Manifest: ...
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from emolens.data.manifest import Manifest
from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.scan import import_folder

Read = TypeVar("Read", bound=Callable[[Path, Any], Manifest])


@dataclass(frozen=True)
class Importer:
    """A reader of one layout of files.

    Attributes:
        name: what ``emolens data import NAME`` calls it.
        options: a dataclass whose fields all have defaults; the command line makes its flags of them.
        read: from the folder (or table) and the options to a manifest.
    """

    name: str
    options: type[Any]
    read: Callable[[Path, Any], Manifest]

    def fill(self, options: Mapping[str, Any]) -> Any:
        """An instance of :attr:`options`.

        Args:
            options: values by field, as Python or TOML has them (a list stands for a tuple).

        Raises:
            ConfigError: if an option is unknown; the message names the nearest.
        """
        known = [item.name for item in fields(self.options)]
        for name in options:
            if name not in known:
                raise ConfigError(f'importer {self.name} has no option "{name}"; {did_you_mean(name, known)}')
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        return self.options(**values)


_IMPORTERS: dict[str, Importer] = {}


def register_importer(name: str, options: type[Any]) -> Callable[[Read], Read]:
    """Make a function known as the importer ``name``; the function itself is returned unchanged.

    Args:
        name: lower case, words joined by ``_``.
        options: its dataclass of options.
    """

    def register(read: Read) -> Read:
        _IMPORTERS[name] = Importer(name, options, read)
        return read

    return register


def importers() -> dict[str, Importer]:
    """All importers, by name, sorted: those of this folder and those that other modules registered."""
    import_folder("emolens.data.importers")
    return dict(sorted(_IMPORTERS.items()))
