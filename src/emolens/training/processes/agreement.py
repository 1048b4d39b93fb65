"""Processes that train one model must start from the same place, or they wait for each other for ever."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emolens.errors import ConfigError, EmolensError
from emolens.training.processes.gather import gather_json

if TYPE_CHECKING:
    from lightning_fabric import Fabric


def agree(
    fabric: "Fabric", place: str, facts: Mapping[str, str | int], error: EmolensError | None = None, advice: str = ""
) -> None:
    """Go on if all processes say the same; else stop all of them, with the same message.

    Every process must call it. What only one of them has met stops the others too.

    Args:
        fabric: of the processes.
        place: what it is about, for the message: the run folder.
        facts: what must be the same, by its name.
        error: what this process cannot go on from; raised here, and told to the others.
        advice: what to do where the facts differ.

    Raises:
        ConfigError: the facts differ; ranks, and what they have, are named.
        EmolensError: an error that was given, as it was; on another process a ConfigError that tells of it.
    """
    told = gather_json(
        {"facts": dict(facts), "error": None if error is None else str(error)}, fabric.world_size, fabric.device
    )
    if error is not None:
        raise error
    for rank, mine in enumerate(told):
        if mine["error"] is not None:
            raise ConfigError(f"process {rank} of {len(told)} cannot start: {mine['error']}")
    for name in facts:
        found = [mine["facts"][name] for mine in told]
        usual = Counter(found).most_common(1)[0][0]
        if other := [rank for rank, value in enumerate(found) if value != usual]:
            first = found.index(usual)
            raise ConfigError(
                f"{place}: the processes do not agree. {name}: {found[other[0]]} on process {other[0]}, {usual} on "
                f"process {first}. {advice}".rstrip()
            )


def fingerprint(value: Any) -> str:
    """Twelve hexadecimal digits of what JSON can hold, or of the text of what it cannot."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
