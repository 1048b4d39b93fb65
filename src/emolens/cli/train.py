"""emolens train RECIPE --data M.parquet --out RUN [overrides]."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from emolens.errors import ConfigError


@dataclass(frozen=True)
class TrainOptions:
    """What a training needs beside its recipe."""

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
    precision: str = "auto"
    """Of the backbone: auto, fp32, bf16 or fp16."""
    embed_batch_size: int = 32
    """Pictures that go through the backbone together."""
    workers: int | None = None
    """Threads that decode (default: chosen)."""


def main(args: list[str]) -> int:
    from emolens.recipes import RECIPES, get_recipe

    if not args or args[0] in ("-h", "--help"):
        print("usage: emolens train RECIPE --data M.parquet --out RUN [overrides]\n")
        print("\n".join(f"  {name:<22}{what}" for name, what in RECIPES.items()))
        print("\nemolens train RECIPE --help shows what can be overridden.")
        return 0 if args else 2
    config = get_recipe(args[0])()

    def request(
        options: Annotated[TrainOptions, tyro.conf.arg(name="")],
        config: Annotated[type(config), tyro.conf.arg(name="")] = config,  # type: ignore[valid-type]
    ) -> tuple[TrainOptions, type(config)]:  # type: ignore[valid-type]
        return options, config

    options, config = tyro.cli(
        request,
        prog=f"emolens train {args[0]}",
        args=args[1:],
        description=f"Train the recipe {args[0]}: {RECIPES[args[0]]}.",
        config=(tyro.conf.OmitArgPrefixes,),
    )
    if options.out.is_file():
        raise ConfigError(f"{options.out}: is a file; --out names a folder")
    from emolens.recipes.train_head import train_head

    predictor = train_head(
        config,
        args[0],
        options.data,
        options.out,
        resume=options.resume,
        cache=options.cache,
        device=options.device,
        precision=options.precision,
        batch_size=options.embed_batch_size,
        workers=options.workers,
    )
    figures = ", ".join(f"{name} {value:.4g}" for name, value in predictor.config["validation"].items())
    print(f"{options.out}: on the validation split {figures}")
    print(f"next: emolens evaluate run:{options.out} --data {options.data} --split test --out {options.out}/test")
    sys.stdout.flush()
    return 0
