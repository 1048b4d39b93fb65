"""Where a model runs and in which number format."""

import torch

from emolens.errors import ConfigError
from emolens.names import did_you_mean

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str = "auto") -> torch.device:
    """The device to run on.

    Args:
        name: "auto" (CUDA, else Apple's MPS, else the CPU), "cpu", "cuda", "cuda:N" or "mps".

    Raises:
        ConfigError: unknown, or not on this machine.
    """
    if name == "auto":
        kind = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device(kind)
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not (kind == "cuda" and index.isdecimal())):
        raise ConfigError(f'device "{name}": {did_you_mean(name, ["auto", "cpu", "cuda", "cuda:0", "mps"])}')
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if count == 0:
            raise ConfigError(
                f'device "{name}": torch {torch.__version__} sees no CUDA device here; use "cpu" or "auto"'
            )
        if index and int(index) >= count:
            raise ConfigError(f'device "{name}": there are {count} CUDA devices, cuda:0 to cuda:{count - 1}')
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigError('device "mps": only on Apple machines with Metal; use "cpu" or "auto"')
    return torch.device(name)


def choose_precision(name: str, device: torch.device) -> str:
    """The number format of weights and activations on ``device``.

    "auto" takes bf16 where the hardware multiplies it natively: CPUs with AVX512-BF16 or AMX, CUDA devices of
    compute capability 8.0 or above. Elsewhere it is emulated and slower than fp32, so "auto" takes fp32.

    Args:
        name: "auto", "fp32", "bf16" or "fp16".

    Returns:
        "fp32", "bf16" or "fp16".

    Raises:
        ConfigError: unknown, or impossible on ``device``.
    """
    if name == "auto":
        return "bf16" if has_native_bf16(device) else "fp32"
    if name not in DTYPES:
        raise ConfigError(f'precision "{name}": {did_you_mean(name, ["auto", *DTYPES])}')
    if name == "fp16" and device.type == "cpu":
        raise ConfigError('precision "fp16" is for GPUs; on a CPU use "fp32", "bf16" or "auto"')
    if name == "bf16" and device.type == "cuda" and not has_native_bf16(device):
        raise ConfigError(
            f'precision "bf16": {torch.cuda.get_device_name(device)} does not have it; use "fp16", "fp32" or "auto"'
        )
    return name


def has_native_bf16(device: torch.device) -> bool:
    """Whether ``device`` multiplies bf16 in hardware."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        return any(cpu_features().values())
    return False  # MPS has it from macOS 14 on, without a gain in speed that would pay for the rounding


def cpu_features() -> dict[str, bool]:
    """The CPU features that make bf16 worth while, and whether this CPU has them."""
    found = torch.cpu.get_capabilities()
    return {name: bool(found.get(key)) for name, key in (("AVX512-BF16", "avx512_bf16"), ("AMX-BF16", "amx_bf16"))}
