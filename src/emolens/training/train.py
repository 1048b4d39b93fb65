"""Train a recipe: what ``emolens train`` and ``emolens.train`` call."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emolens.compute import ComputeConfig
from emolens.data.shards import ShardCacheConfig
from emolens.errors import ConfigError
from emolens.names import did_you_mean
from emolens.training.flags import unprefixed
from emolens.training.jobs.config import JobConfig
from emolens.training.jobs.job import Job
from emolens.training.recipe_registry import get_recipe

if TYPE_CHECKING:
    from emolens.inference.predictor import Predictor
    from emolens.training.devices import Strategy


@dataclass(frozen=True)
class TrainedRun:
    """A finished run.

    Attributes:
        path: the run folder.
        metrics: of the kept weights on the validation split, which chose them; no test metrics.
        follow_up: the command that comes next.
    """

    path: Path
    metrics: Mapping[str, float]
    follow_up: str

    def load(self, **options: Any) -> "Predictor":
        """The model of the run; ``options`` as of :func:`emolens.load`.

        Raises:
            ConfigError: the run is a pretrained encoder, which predicts nothing yet.
        """
        from emolens.inference.load import load

        return load(f"run:{self.path}", **options)


def train(
    recipe: str | JobConfig,
    data: str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    compute: ComputeConfig | None = None,
    cache: str | Path | None = None,
    shard_cache: ShardCacheConfig | None = None,
    name: str | None = None,
    strategy: "Strategy" = "auto",
    label_space: str | None = None,
    **overrides: Any,
) -> TrainedRun:
    """Train a recipe on a manifest, and leave a run folder that :func:`emolens.load` reads.

    Args:
        recipe: the name of a recipe, or the config that one returns.
        data: manifest with the splits ``train`` and ``val``; networks of pictures also take a folder or s3:// address
            of shards.
        out: run folder to make.
        resume: continue the interrupted run in ``out``.
        compute: where to run; under ``torchrun`` all its processes train together.
        cache: folder of the embedding cache, for recipes that embed; the user's cache folder if not given.
        strategy: how the processes of ``torchrun`` share the model: "ddp" for a whole one on each, "fsdp" for a part of
            one on each; "auto" takes ddp.
        shard_cache: where copies of an object store's shards are kept on this machine's disk.
        name: of the recipe in the record, where ``recipe`` is a config; by default that of its class.
        label_space: to train in, where it is coarser than that of the data: the name of a space, or a ``.toml`` file,
            whose labels are exact groups of those (parrott6 and polarity2 of WEBEmo's 25). Rows without a label there
            are left out, and the run records it. :func:`emolens.data.relabel` has other ways.
        **overrides: fields of the config, by the names that their flags have: those of ``trainer``, ``optimizer`` and
            the like by their own (``epochs=5, lr=1e-3``), parts of a nested config as a dict (``model={"width": 64}``).

    Raises:
        ConfigError: an unknown recipe or field, options that do not fit the data or each other, or ``out`` holds
            another run.
        DataError: a split or a column is missing, no row is usable, or a loss is not finite.
        WeightsError: weights to start from are missing or do not fit.
        KeyboardInterrupt: after Ctrl-C, SIGTERM, SIGHUP or SIGUSR1, with everything saved; ``resume`` continues.

    Examples:
        >>> run = train("clip_e_cross_entropy", "data.parquet", "runs/head", backbone="mini", batch_size=6, epochs=2)
        >>> run.load().predict("photo.jpg")[0].label_space
        'mikels8'
    """
    config: JobConfig
    if isinstance(recipe, str):
        name, config = name or recipe, get_recipe(recipe)()
    else:
        name, config = name or type(recipe).__name__, recipe
    config = override(config, overrides)
    where = None if cache is None else Path(cache)
    job = Job(
        name,
        config,
        data,
        out,
        resume=resume,
        compute=compute,
        cache=where,
        strategy=strategy,
        label_space=label_space,
        shard_cache=shard_cache,
    )
    fitted = config.train(job)
    return TrainedRun(job.out, fitted.metrics, config.follow_up(job))


def override(config: Any, values: Mapping[str, Any]) -> Any:
    """A config with some fields changed.

    Args:
        config: a frozen dataclass.
        values: by the names of its fields, or of those of its nested configs that are
            :data:`~emolens.training.flags.Unprefixed`; a dict changes parts of a nested config.

    Raises:
        ConfigError: there is no such field.
    """
    own = {field.name for field in fields(config)}
    short = {
        field.name: part
        for part in unprefixed(config)
        for field in fields(getattr(config, part))
        if field.name not in own
    }
    for name, value in values.items():
        if name in short:
            config = replace(config, **{short[name]: replace(getattr(config, short[name]), **{name: value})})
        elif name not in own:
            raise ConfigError(f'{type(config).__name__} has no field "{name}"; {did_you_mean(name, own | set(short))}')
        elif isinstance(value, Mapping) and is_dataclass(getattr(config, name)):
            config = replace(config, **{name: override(getattr(config, name), value)})
        else:
            config = replace(config, **{name: value})
    return config
