"""``emolens data verify``: look for everything that can be wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from emolens.cli.data.command import run
from emolens.cli.data.tables import terminal
from emolens.errors import ConfigError

if TYPE_CHECKING:
    from emolens.data.check.verify import Finding

EXIT_DATA = 3
EXAMPLES = 3  # cases of a finding on the terminal; the report has all of them


def verify(
    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")],
    report: Path | None = None,
    near: int = 4,
) -> int:
    """Look for everything that can be wrong with a data set; exit code 3 if something is.

    Counts against the facts, unreadable files, exact and near duplicates within and across splits, videos without
    sound or pictures, unknown labels, groups that straddle splits, frozen splits that were changed. Nothing is edited.

    Args:
        manifest: to be checked, with all its files.
        report: where to write all findings as JSON: a file, or a folder. By default beside the manifest,
            as MANIFEST.verify.json.
        near: pictures are near duplicates if at most this many of 64 bits of their perceptual hashes differ; of
            videos, the middle frames.
    """
    from emolens.data.check.verify import verify_manifest

    if not 0 <= near <= 16:
        raise ConfigError(f"--near {near}: must be 0 to 16 bits of 64")
    found = verify_manifest(manifest, near=near)
    default = f"{manifest.stem}.verify.json"
    place = manifest.with_name(default) if report is None else report
    if place.suffix != ".json":
        place = place / default
    found.write(place)
    console = terminal()
    for finding in found.findings:
        _print_finding(finding)
    problems = len(found.problems)
    verdict = f"[red]{problems} problems[/red]" if problems else "[green]no problems[/green]"
    console.print(f"{found.rows} rows, {found.files} files: {verdict}")
    console.print(f"report: {place}", markup=False, soft_wrap=True)
    return EXIT_DATA if problems else 0


def _print_finding(finding: "Finding") -> None:
    console = terminal()
    style = "red" if finding.severity == "problem" else "yellow"
    console.print(f"[{style}]{finding.severity}[/{style}] {finding.check}:", end=" ")
    console.print(finding.message, markup=False, soft_wrap=True)
    for example in finding.examples[:EXAMPLES]:
        console.print("    " + ", ".join(example), markup=False, soft_wrap=True)
    if len(finding.examples) > EXAMPLES:
        console.print(f"    ... {len(finding.examples) - EXAMPLES} more in the report")


def main(args: Sequence[str]) -> int:
    """Run ``emolens data verify ARGS`` and return its exit code."""
    return run(verify, "verify", args)
