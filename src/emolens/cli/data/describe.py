"""``emolens data describe``: a text for each picture, from what is known of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from emolens.cli.data.command import check_suffix, run
from emolens.errors import ConfigError

EXAMPLES = 3
REASONS = 3


def describe(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    out: Path,
    language: str = "en",
    replace: bool = False,
) -> int:
    """Write a description of each picture into the column text.

    A sentence each for scene, objects, brightness, colours, face, action and emotion. What is not known is left out;
    brightness and colourfulness are computed from the picture.

    Args:
        manifest: with the attribute columns of the EmoSet importer, or labels, or only pictures; stays as it is.
        out: the new manifest.
        language: code of a language, or the path of its TOML file.
        replace: write over the texts that the manifest has.
    """
    from emolens.data.manifest import Manifest
    from emolens.data.text.descriptions import describe_manifest, overlong_notice
    from emolens.data.text.language import load_language

    check_suffix(out)
    words = load_language(language)
    read = Manifest.read(manifest)
    if read.has("text") and not replace:
        raise ConfigError(f"{manifest}: has texts already; --replace writes over them")
    done = describe_manifest(read, words)
    done.manifest.write(out)
    texts = done.manifest.frame["text"].dropna()
    unique = list(dict.fromkeys(texts))
    print(f"{out}: {len(texts):,} texts, {len(unique):,} of them different, in {words.name}")
    for text in unique[:EXAMPLES]:
        print(f"  {text}")
    if done.measured:
        print(f"brightness and colourfulness of {done.measured:,} pictures were computed")
    if done.errors:
        print(f"{len(done.errors):,} pictures cannot be read and have no brightness and colourfulness")
        for error in list(done.errors.values())[:REASONS]:
            print(f"  {error}")
    if done.missing:
        print(f"{done.missing:,} rows have no text: nothing is known of them")
    if notice := overlong_notice(unique):
        print(notice)
    return 0


def main(args: Sequence[str]) -> int:
    """Run ``emolens data describe ARGS`` and return its exit code."""
    return run(describe, "describe", args)
