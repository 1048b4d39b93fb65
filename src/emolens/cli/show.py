"""emolens show mae RUN IMAGE... --out DIR."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from emolens.errors import ConfigError, DataError, MediaError

VIEWS = {"mae": "original, masked and reconstruction of pictures, one PNG each"}


@dataclass(frozen=True)
class ShowMaeOptions:
    """What a pretrained model sees of pictures, and how it draws the rest: one PNG each."""

    run: tyro.conf.Positional[str]
    """A pretraining run, or a published file (.pth, .safetensors) with its decoder."""
    images: tyro.conf.Positional[tuple[str, ...]]
    """Files, folders, patterns, or .txt lists of paths."""
    out: Path
    """Folder for the PNG files."""
    mask_ratio: float = 0.75
    """Share of the patches that is hidden."""
    seed: int = 0
    """Which patches."""
    limit: int = 50
    """How many pictures at most."""


def main(args: list[str]) -> int:
    """Run the verb; the exit code."""
    if not args or args[0] in ("-h", "--help"):
        print("usage: emolens show VIEW RUN IMAGE... --out DIR\n")
        print("\n".join(f"  {name:<6}{what}" for name, what in VIEWS.items()))
        return 0 if args else 2
    if args[0] not in VIEWS:
        from emolens.names import did_you_mean

        raise ConfigError(f'unknown view "{args[0]}"; {did_you_mean(args[0], VIEWS)}')
    return _show_mae(tyro.cli(ShowMaeOptions, prog="emolens show mae", args=args[1:]))


def _show_mae(options: ShowMaeOptions) -> int:
    from emolens.drawing.plots import safe_name
    from emolens.drawing.reconstruction import draw_reconstruction
    from emolens.inference.inputs import read_inputs
    from emolens.models.backbones.vit import load_autoencoder
    from emolens.progress import track

    if not options.images:
        raise ConfigError("no pictures to show; name files, folders or patterns")
    if options.out.is_file():
        raise ConfigError(f"{options.out}: is a file; --out names a folder")
    paths = [one.path for one in read_inputs(options.images, ["image"])][: options.limit]
    model, stored = load_autoencoder(options.run)
    model.visible_patches(options.mask_ratio)  # a wrong ratio is told before the first picture
    failed = 0
    for number, path in enumerate(track(paths, "show mae"), start=1):
        target = options.out / f"{number:04d}_{safe_name(path.stem)}.png"
        try:
            draw_reconstruction(path, model, stored.preprocess, target, options.mask_ratio, options.seed)
        except MediaError as error:
            failed += 1
            print(f"emolens: {error}", file=sys.stderr)
    if failed == len(paths):
        raise DataError("not one of the pictures could be read")
    print(f"{options.out}: {len(paths) - failed} pictures")
    return 0
