"""emolens train RECIPE --data M.parquet --out RUN [overrides]."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import tyro

from emolens.compute import Precision
from emolens.errors import ConfigError

if TYPE_CHECKING:
    from emolens.training.jobs.av_config import AVConfig
    from emolens.training.jobs.head_config import HeadConfig
    from emolens.training.jobs.uniemox_config import UniEmoXFinetuneConfig, UniEmoXPretrainConfig

Config = TypeVar("Config")


@dataclass(frozen=True)
class HeadOptions:
    """What the training of a head needs beside its recipe."""

    data: Annotated[Path, tyro.conf.arg(aliases=["-d"])]
    """Manifest with splits train and val."""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Run folder to make."""
    resume: bool = False
    """Go on with an interrupted run in --out."""
    cache: Path | None = None
    """Folder of the embedding cache (default: the user's cache)."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """Of the backbone: auto, fp32, bf16 or fp16."""
    embed_batch_size: int = 32
    """Pictures that go through the backbone together."""
    workers: int | None = None
    """Threads that decode (default: chosen)."""


@dataclass(frozen=True)
class NetworkOptions:
    """What the training of a whole network needs beside its recipe."""

    data: Annotated[str, tyro.conf.arg(aliases=["-d"])]
    """Manifest with splits train and val, or a folder or s3:// address of shards of one."""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Run folder to make."""
    resume: bool = False
    """Go on with an interrupted run in --out."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: str = "auto"
    """fp32; bf16: autocast, weights in fp32; auto: bf16 on a GPU that has it, else fp32."""
    workers: int | None = None
    """Processes that load pictures or clips, for each training process (default: chosen)."""


def main(args: list[str]) -> int:
    from emolens.recipes import AUDIO_VISUAL, HEADS, RECIPES, get_recipe

    if not args or args[0] in ("-h", "--help"):
        print("usage: emolens train RECIPE --data M.parquet --out RUN [overrides]\n")
        print("\n".join(f"  {name:<23}{what}" for name, what in RECIPES.items()))
        print("\nemolens train RECIPE --help shows what can be overridden.")
        return 0 if args else 2
    recipe, config = args[0], get_recipe(args[0])()
    if recipe in HEADS:
        return _train_head(recipe, *_parse(HeadOptions, config, recipe, args[1:]))
    return _train_network(recipe, *_parse(NetworkOptions, config, recipe, args[1:], prefixes=recipe in AUDIO_VISUAL))


def _parse(kind: type[Any], config: Config, recipe: str, args: list[str], prefixes: bool = False) -> tuple[Any, Any]:
    """The options of this kind and the config with its overrides.

    Args:
        prefixes: options say which part of the config they are of (``--model.video.embed-dim``): where parts share
            names.
    """
    from emolens.recipes import RECIPES

    def request(
        options: Annotated[kind, tyro.conf.arg(name="")],  # type: ignore[valid-type]
        config: Annotated[type(config), tyro.conf.arg(name="")] = config,  # type: ignore[valid-type]
    ) -> tuple[kind, type(config)]:  # type: ignore[valid-type]
        return options, config

    parsed: tuple[Any, Any] = tyro.cli(
        request,
        prog=f"emolens train {recipe}",
        args=args,
        description=f"Train the recipe {recipe}: {RECIPES[recipe]}.",
        config=(tyro.conf.AvoidSubcommands,) if prefixes else (tyro.conf.OmitArgPrefixes,),
    )
    if (out := parsed[0].out).is_file():
        raise ConfigError(f"{out}: is a file; --out names a folder")
    return parsed


def _train_head(recipe: str, options: HeadOptions, config: "HeadConfig") -> int:
    from emolens.training.jobs.train_head import train_head

    predictor = train_head(
        config,
        recipe,
        options.data,
        options.out,
        resume=options.resume,
        cache=options.cache,
        device=options.device,
        precision=options.precision,
        batch_size=options.embed_batch_size,
        workers=options.workers,
    )
    _say(options.out, predictor.config["validation"])
    print(f"next: emolens evaluate run:{options.out} --data {options.data} --split test --out {options.out}/test")
    sys.stdout.flush()
    return 0


def _train_network(
    recipe: str, options: NetworkOptions, config: "UniEmoXPretrainConfig | UniEmoXFinetuneConfig | AVConfig"
) -> int:
    from emolens.training.jobs.av_config import AVConfig
    from emolens.training.jobs.job import Machine
    from emolens.training.jobs.uniemox_config import UniEmoXPretrainConfig

    machine = Machine(options.device, options.precision, options.workers)
    data, run, resume = options.data, options.out, options.resume
    follow = f"evaluate run:{run} --data {data} --split test --out {run}/test"
    if isinstance(config, AVConfig):
        from emolens.training.jobs.train_av import train_av

        fitted = train_av(config, recipe, data, run, resume, machine)
    elif isinstance(config, UniEmoXPretrainConfig):
        from emolens.training.jobs.train_uniemox import train_uniemox

        fitted = train_uniemox(config, recipe, data, run, resume, machine)
        follow = f"train {recipe.replace('pretrain', 'finetune')} --encoder {run} --data M.parquet --out RUN"
    else:
        from emolens.training.jobs.train_finetune import train_finetune

        fitted = train_finetune(config, recipe, data, run, resume, machine)
    if os.environ.get("RANK", "0") == "0":
        _say(run, fitted.metrics)
        print(f"next: emolens {follow}")
        sys.stdout.flush()
    return 0


def _say(run: Path, found: dict[str, float]) -> None:
    metrics = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
    print(f"{run}: on the validation split {metrics}")
