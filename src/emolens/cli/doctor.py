"""``emolens doctor``: what this machine has, what emolens chose, what is missing."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import tyro

PARTS = (
    *("torch", "torchvision", "open_clip_torch", "timm", "numpy", "pandas", "pyarrow", "pillow", "scikit-learn"),
    *("safetensors", "huggingface_hub", "lightning-fabric"),
)
EXTRAS = (  # module, what it is for, how to get it
    ("h5py", "import the Keras heads of the CLIP-E authors", 'pip install "emolens[keras]"'),
    ("transformers", "run CLIP models whose text tower or tokenizer is from transformers", "pip install transformers"),
)
DEFAULT_CLIP = ("ViT-B-32", "openai")

Row = tuple[str, str]


@dataclass(frozen=True)
class DoctorOptions:
    """What this machine has, what emolens chose, what is missing. Changes and downloads nothing."""


def main(args: list[str]) -> int:
    """Run the verb; always 0: a part that cannot be looked at says why in its row."""
    tyro.cli(DoctorOptions, args=args, prog="emolens doctor")
    from rich.console import Console
    from rich.table import Table

    table = Table("part", "what", "found", title="emolens doctor", title_justify="left")
    for part, look in (
        ("versions", _versions),
        ("devices", _devices),
        ("weights", _weights),
        ("caches", _caches),
        ("extras", _extras),
    ):
        rows = _safely(look)
        for k, (what, found) in enumerate(rows):
            table.add_row(part if k == 0 else "", what, found, end_section=k == len(rows) - 1)
    # A log or a pipe has no width: it gets whole lines instead of wrapped ones.
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table, markup=False)
    return 0


def _safely(look: Callable[[], list[Row]]) -> list[Row]:
    try:
        return look()
    except Exception as error:  # a broken installation is what this verb is for
        return [("cannot be looked at", f"{type(error).__name__}: {error}")]


def _versions() -> list[Row]:
    from emolens import __version__

    rows = [("emolens", __version__), ("Python", f"{platform.python_version()} on {platform.platform()}")]
    return rows + [(name, _version(name)) for name in PARTS]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return f"missing: pip install {name}"


def _devices() -> list[Row]:
    import torch

    from emolens.embedding.encode import default_workers
    from emolens.models.precision import choose_device, choose_precision, cpu_features

    features = ", ".join(f"{name}: {'yes' if has else 'no'}" for name, has in cpu_features().items())
    name = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    rows = [
        ("CPU", f"{name}; {torch.get_num_threads()} threads for models, {default_workers()} for pictures; {features}")
    ]
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        facts = torch.cuda.get_device_properties(index)
        rows.append((f"cuda:{index}", f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB"))
    if torch.backends.mps.is_available():
        rows.append(("mps", "Apple GPU"))
    device = choose_device("auto")
    rows.append(("torch build", f"{torch.__version__}, CUDA {torch.version.cuda or 'none'}"))
    return [*rows, ("chosen", f"device {device}, precision {choose_precision('auto', device)}")]


def _weights() -> list[Row]:
    from emolens.models.backbones.open_clip import cached_clip_file

    arch, tag = DEFAULT_CLIP
    path = cached_clip_file(arch, tag)
    missing = "not here; the first use fetches them from huggingface.co (about 600 MB), until then predict uses mini"
    return [(f"{arch}/{tag}", str(path) if path is not None else missing)]


def _caches() -> list[Row]:
    from huggingface_hub import constants

    from emolens.files import user_cache

    return [
        ("embeddings", _size(user_cache() / "embeddings")),
        ("Hugging Face", _size(Path(constants.HF_HUB_CACHE))),
    ]


def _size(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder}: empty"
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if not os.path.islink(path):  # Hugging Face links each file of a snapshot to its one copy
                total += os.path.getsize(path)
    return f"{folder}: {total / 1e6:,.1f} MB"


def _extras() -> list[Row]:
    return [
        (module, f"installed ({what})" if find_spec(module) is not None else f"missing: to {what}, {how}")
        for module, what, how in EXTRAS
    ]
