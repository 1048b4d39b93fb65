"""An ablation: one recipe, and a row for each combination of settings (``grid:FILE.toml``)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from emolens.errors import ConfigError
from emolens.evaluation.benchmark.contestant import Contestant, refused_contestant
from emolens.evaluation.benchmark.toml_file import check_types, parse_toml, read_toml_text
from emolens.evaluation.benchmark.trained import Step, trained, with_fields
from emolens.evaluation.candidate import Setting
from emolens.names import did_you_mean
from emolens.plain import from_plain
from emolens.training.jobs.config import JobConfig
from emolens.training.recipe_registry import get_recipe

Overrides = dict[str, Any]  # dotted field -> value
MOST_ROWS = 1000  # a grid beyond that is a slip of the pen


@dataclass(frozen=True)
class Pretraining:
    """A recipe that is trained before, on the same rows; ``encoder`` of the grid's recipe is then its run."""

    recipe: str
    set: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_types(self, "pretrain")


@dataclass(frozen=True)
class Grid:
    """What a grid file holds.

    Attributes:
        recipe: what is trained and judged.
        axes: a dotted field and the list of its values (``"model.fusion" = ["sum", "concat"]``), or a name and a table
            of named settings (``losses = { none = { "weights.similarity" = 0 } }``). Fields of the pretraining are
            written ``pretrain.FIELD``.
        set: dotted field -> value, for all rows.
        pretrain: what is trained before; none if not given.
        title: one line.
    """

    recipe: str
    axes: Mapping[str, Any]
    set: Mapping[str, Any] = field(default_factory=dict)
    pretrain: Pretraining | None = None
    title: str = ""

    def __post_init__(self) -> None:
        check_types(self, "grid")


def grid(rest: str, name: str, setting: Setting) -> list[Contestant]:
    """``grid:FILE.toml``, or ``grid:NAME`` of one that comes with emolens: the rows of an ablation.

    A combination that the configs refuse is a row that says so.

    Args:
        rest: the file, or the name.
        name: not used; the rows are called by their settings.
        setting: where, and the cache of embeddings.

    Raises:
        ConfigError: the file is not readable, an unknown key, recipe or field, or too many rows.
    """
    parsed, what = _read(rest)
    base = Step(parsed.recipe, get_recipe(parsed.recipe)())
    earlier = parsed.pretrain
    before = None if earlier is None else Step(earlier.recipe, get_recipe(earlier.recipe)())
    if before is not None and not hasattr(base.config, "encoder"):
        raise ConfigError(f'{what}: pretrain: {parsed.recipe} has no field "encoder" to start from its run')
    shared = {**parsed.set, **{f"pretrain.{k}": v for k, v in (earlier.set if earlier else {}).items()}}
    axes = [_axis(name, values, what) for name, values in parsed.axes.items()]
    for dotted in {*shared, *(name for axis in axes for _, overrides in axis for name in overrides)}:
        _check_field(dotted, base.config, before.config if before else None, what)
    rows = list(product(*axes))
    if len(rows) > MOST_ROWS:
        raise ConfigError(f"{what}: {len(rows):,} rows; a grid has at most {MOST_ROWS:,}")
    title, made = parsed.title or parsed.recipe, []
    for row in rows:
        called = ", ".join(part for part, _ in row) or parsed.recipe
        overrides = {**shared, **{k: v for _, part in row for k, v in part.items()}}
        try:
            step = Step(base.recipe, with_fields(base.config, _nested(overrides, "")))
            first = before
            if before is not None:
                first = replace(before, config=with_fields(before.config, _nested(overrides, "pretrain.")))
        except (ConfigError, TypeError, ValueError) as error:
            made.append(refused_contestant(called, f"grid:{rest}", str(error)))
        else:
            made.append(trained(called, f"grid:{rest}", f"{title}: {called}", step, setting, first))
    return made


def list_grids() -> list[str]:
    """Names of the grids that come with emolens, sorted."""
    return sorted(entry.name[:-5] for entry in _folder().iterdir() if entry.name.endswith(".toml"))


def _read(rest: str) -> tuple[Grid, str]:
    if not rest.endswith(".toml"):
        if rest not in list_grids():
            raise ConfigError(f'unknown grid "{rest}"; {did_you_mean(rest, list_grids())}, or a TOML file')
        text, what = (_folder() / f"{rest}.toml").read_text(encoding="utf-8"), f"grid {rest}"
    else:
        text, what = read_toml_text(Path(rest)), rest
    table = parse_toml(text, what)
    try:
        if isinstance(before := table.get("pretrain"), Mapping):
            table["pretrain"] = from_plain(Pretraining, before, "pretrain")
        return from_plain(Grid, table, "grid"), what
    except ConfigError as error:
        raise ConfigError(f"{what}: {error}") from error


def _axis(name: str, values: Any, what: str) -> list[tuple[str, Overrides]]:
    """The settings of one axis: what each is called, and what it changes."""
    if isinstance(values, Mapping) and values and all(isinstance(part, Mapping) for part in values.values()):
        return [(f"{name}: {setting}", dict(overrides)) for setting, overrides in values.items()]
    if isinstance(values, list) and values:
        short = name.rpartition(".")[2]
        return [(f"{short} {value}", {name: value}) for value in values]
    raise ConfigError(f"{what}: axis {name}: write a list of values of that field, or a table of tables of fields")


def _check_field(dotted: str, config: JobConfig, before: JobConfig | None, what: str) -> None:
    """Does the field exist? A slip of the pen is found before any training."""
    head, _, rest = dotted.partition(".")
    if head == "pretrain":
        if before is None:
            raise ConfigError(f'{what}: "{dotted}": there is no [pretrain]')
        config, dotted = before, rest
    place: Any = config
    for name in dotted.split("."):
        known = [one.name for one in fields(place)] if is_dataclass(place) else []
        if name not in known:
            raise ConfigError(f'{what}: {type(config).__name__} has no field "{dotted}"; {did_you_mean(name, known)}')
        place = getattr(place, name)


def _nested(overrides: Overrides, prefix: str) -> dict[str, Any]:
    """Dotted fields as tables in tables: those under ``prefix``, or with "" those of no pretraining."""
    found: dict[str, Any] = {}
    for dotted, value in overrides.items():
        if dotted.startswith("pretrain.") != bool(prefix):
            continue
        *parents, last = dotted.removeprefix(prefix).split(".")
        place = found
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    return found


def _folder() -> Any:
    return files("emolens.evaluation.benchmark") / "grids"
