"""One published checkpoint: what is known of it, and where it lies on this machine."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from emolens.errors import ConfigError
from emolens.files import user_cache
from emolens.names import did_you_mean
from emolens.weights.hub import cached_hub_file


@dataclass(frozen=True)
class WeightsEntry:
    """The facts of one file. What nobody could confirm is None, or False.

    It is had from exactly one of ``url``, ``hub`` and ``by_hand``.

    Attributes:
        name: on the command line, and wherever a path of weights may stand.
        family: the file of facts that it is from.
        title: what it is, in one line.
        file: its name on disk.
        licence: as its publisher states it.
        source: the page, or the library, that the facts were read from.
        use: how emolens is told to use it: a spec or an option.
        url: address of the file.
        hub: "user/name" of the Hugging Face repository that holds ``file``.
        by_hand: what a person has to do, where no program can fetch it.
        also: other names of the file in its repository, the preferred one first.
        digest: "sha256:HEX" or "md5:HEX"; HEX may be only the first digits, as many publishers state it.
        size: bytes.
        about_mb: millions of bytes, rounded, where ``size`` is not known.
        store: "emolens" (the user's cache) or "torch" (torchvision's own folder, so that what it fetched counts).
        checked: whether the address was seen to answer.
        note: what else a user should know.
        label_space: name of the space whose labels the outputs are, in its order, or that its prompts were made of.
        spelling: label -> how the prompts of the training wrote it, where they did not as the space does.

    Raises:
        ConfigError: a field is missing or unknown, or there is not exactly one way to have the file.
    """

    name: str
    family: str
    title: str
    file: str
    licence: str
    source: str
    use: str
    url: str | None = None
    hub: str | None = None
    by_hand: str | None = None
    digest: str | None = None
    size: int | None = None
    about_mb: int | None = None
    also: tuple[str, ...] = ()
    store: str = "emolens"
    checked: bool = False
    note: str = ""
    label_space: str | None = None
    spelling: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if sum(way is not None for way in (self.url, self.hub, self.by_hand)) != 1:
            raise ConfigError(f"weights {self.name}: state exactly one of url, hub and by_hand")

    @classmethod
    def from_dict(cls, name: str, family: str, table: Mapping[str, Any]) -> "WeightsEntry":
        """The entry that a table of the facts describes."""
        known = {field.name for field in fields(cls)}
        for key in table:
            if key not in known:
                raise ConfigError(f'weights {name}: unknown field "{key}"; {did_you_mean(key, known)}')
        try:
            return cls(**{**table, "name": name, "family": family, "also": tuple(table.get("also", ()))})
        except TypeError as error:
            raise ConfigError(f"weights {name}: {error}") from error

    @property
    def path(self) -> Path:
        """Where the file is put, and looked for first."""
        return (torch_checkpoints() if self.store == "torch" else user_cache() / "weights") / self.file

    def local(self) -> Path | None:
        """The file on this machine, its content not checked; None where it is not. Asks no network."""
        if self.hub is None:
            return self.path if self.path.is_file() else None
        return cached_hub_file(self.hub, (self.file, *self.also))

    @property
    def had_from(self) -> str:
        """ "url", "hub" or "by hand"."""
        return "url" if self.url is not None else "hub" if self.hub is not None else "by hand"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the facts, and where the file is on this machine (None where it is not)."""
        found = self.local()
        return asdict(self) | {"local": str(found) if found is not None else None}


def torch_checkpoints() -> Path:
    """The folder that torch.hub and torchvision fetch into, unless ``torch.hub.set_dir`` was called."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.environ.get("TORCH_HOME") or cache / "torch").expanduser()
    return home / "hub" / "checkpoints"
