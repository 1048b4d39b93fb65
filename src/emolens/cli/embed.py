"""``emolens embed``: compute the embeddings of a data set once."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.options import Compute, ComputeOptions

REASONS = 3  # failures that the summary names


@dataclass(frozen=True)
class EmbedOptions:
    """Compute backbone embeddings into a cache that train, evaluate and compare read, and predict if it is named.

    An interrupted run, started again, continues where it stopped.
    """

    inputs: tyro.conf.Positional[tuple[str, ...]]
    """One manifest (.parquet or .csv), or pictures: files, folders, patterns."""
    backbone: Annotated[str, tyro.conf.arg(aliases=["-b"])] = "ViT-B-32/openai"
    """ARCH/TAG or ARCH/PATH (CLIP), timm:NAME[/PATH], torchvision:NAME/PATH, or mini."""
    cache: Path | None = None
    """Folder of the cache, which any number of backbones may share (default: the user's cache)."""
    compute: Compute = field(default_factory=ComputeOptions)


def main(args: list[str]) -> int:
    """Run the verb; the exit code: 0, or 3 where every file failed."""
    options = tyro.cli(EmbedOptions, args=args, prog="emolens embed")
    paths = _paths(options.inputs)  # before the model: a wrong path should not cost the loading of weights
    from emolens.compute import ComputeConfig
    from emolens.embedding.cache import EmbeddingCache
    from emolens.files import user_cache
    from emolens.models.backbones.load import load_backbone

    backbone = load_backbone(options.backbone, ComputeConfig(options.compute.device, options.compute.precision))
    cache = EmbeddingCache(options.cache or user_cache() / "embeddings", backbone)
    start = time.perf_counter()
    embedded = cache.embed(paths, options.compute.batch_size, options.compute.workers)
    rate = embedded.encoded / (time.perf_counter() - start)
    done = f"{embedded.encoded} embedded" + (f" ({rate:.1f} images/s)" if embedded.encoded else "")
    where = f"{backbone.spec}, D = {backbone.embed_dim}, {backbone.precision} on {backbone.device}"
    print(f"{done}, {embedded.reused} reused, {len(embedded.errors)} failed")
    for error in list(embedded.errors.values())[:REASONS]:
        print(f"  {error}")
    if len(embedded.errors) > REASONS:
        print(f"  and {len(embedded.errors) - REASONS} more")
    print(f"{cache.directory}: {len(cache)} embeddings of {where}")
    return 3 if len(embedded.errors) == len(paths) else 0


def _paths(inputs: tuple[str, ...]) -> list[Path]:
    from emolens.errors import ConfigError, DataError

    if not inputs:
        raise ConfigError("nothing to embed; name a manifest (.parquet or .csv), or pictures: files, folders, patterns")
    if len(inputs) == 1 and Path(inputs[0]).suffix.lower() in (".parquet", ".csv"):
        from emolens.data.manifest import Manifest

        manifest = Manifest.read(inputs[0])
        pictures = manifest.frame["media"] == "image"
        paths = [path for path, is_picture in zip(manifest.paths(), pictures, strict=True) if is_picture]
        if not paths:
            raise DataError(f"{inputs[0]}: none of its {len(manifest)} rows is a picture (media = image)")
        if len(paths) < len(manifest):
            print(f"{inputs[0]}: {len(manifest) - len(paths)} rows are not pictures and are left out")
        return paths
    from emolens.inference.inputs import read_inputs

    return [one.path for one in read_inputs(inputs, ["image"])]
