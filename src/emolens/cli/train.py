"""emolens train RECIPE --data M.parquet --out RUN [overrides]."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from emolens.compute import ComputeConfig

if TYPE_CHECKING:
    from emolens.training.jobs.config import JobConfig


@dataclass(frozen=True)
class TrainOptions:
    """What every training needs beside its recipe."""

    data: Annotated[str, tyro.conf.arg(aliases=["-d"])]
    """Manifest with the splits train and val, or a folder or s3:// address of shards of one."""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Run folder to make."""
    resume: bool = False
    """Continue the interrupted run in --out."""
    cache: Path | None = None
    """Folder of the embedding cache, for recipes that embed pictures or texts (default: the user's cache)."""
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    """How the processes of torchrun share the model: ddp, whole on each; fsdp, in parts, where it is too large for one;
    auto takes ddp."""
    label_space: str | None = None
    """Label space to train in, where it is coarser than that of the data: polarity2, parrott6, ... or a .toml file."""
    shard_cache: Path | None = None
    """Folder on a fast local disk for copies of shards that lie in an object store (default: none are kept)."""
    shard_cache_gb: float = 100.0
    """What these copies may take together, in 10^9 bytes."""
    compute: Annotated[ComputeConfig, tyro.conf.arg(name="")] = field(default_factory=ComputeConfig)
    """Where to run."""


def main(args: list[str]) -> int:
    from emolens.recipes import get_recipe, recipes

    if not args or args[0] in ("-h", "--help"):
        known = recipes()
        print("usage: emolens train RECIPE --data M.parquet --out RUN [overrides]\n")
        width = max(map(len, known))
        print("\n".join(f"  {name:<{width}}  {what}" for name, what in known.items()))
        print("\nemolens train RECIPE --help shows what can be overridden.")
        return 0 if args else 2
    recipe = args[0]
    options, config = _parse(get_recipe(recipe)(), recipe, args[1:])
    from emolens.data.shards import ShardCacheConfig
    from emolens.training.train import train

    run = train(
        config,
        options.data,
        options.out,
        resume=options.resume,
        compute=options.compute,
        cache=options.cache,
        strategy=options.strategy,
        shard_cache=None
        if options.shard_cache is None
        else ShardCacheConfig(options.shard_cache, options.shard_cache_gb),
        name=recipe,
        label_space=options.label_space,
    )
    if os.environ.get("RANK", "0") == "0":
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in run.metrics.items())
        print(f"{run.path}: on the validation split {metrics}")
        print(f"next: {run.follow_up}")
        sys.stdout.flush()
    return 0


def _parse(config: "JobConfig", recipe: str, args: list[str]) -> tuple[TrainOptions, "JobConfig"]:
    """The options, and the config with its overrides."""
    from emolens.recipes import recipes
    from emolens.training.flags import without_prefixes

    def request(
        options: Annotated[TrainOptions, tyro.conf.arg(name="")],
        config: Annotated[type(config), tyro.conf.arg(name="")] = config,  # type: ignore[valid-type]
    ) -> tuple[TrainOptions, Any]:
        return options, config

    parsed: tuple[TrainOptions, Any] = tyro.cli(
        request,
        prog=f"emolens train {recipe}",
        args=without_prefixes(args, config),
        description=f"Train the recipe {recipe}. {recipes()[recipe]}",
        config=(tyro.conf.AvoidSubcommands,),
    )
    return parsed
