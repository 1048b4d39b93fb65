"""Which activation a CLIP's weights were trained with: GELU, or OpenAI's approximation x * sigmoid(1.702 x), QuickGELU.

Both load into the same tensors, and the wrong one gives embeddings that look sound and are worse: so it must never be
a silent default. A published tag knows. A file does not say, and open_clip has most of these architectures twice,
``ViT-B-32`` and ``ViT-B-32-quickgelu``.

What can be told from a file: OpenAI trained and released its towers with matrices in half precision and all else
(norms, embeddings, the logit scale) in fp32. Copies of that release in fp32 still have matrices of which every value
is an fp16 number, which weights trained in fp32 or with autocast never have, and those of a bf16 training do not either
(they hold values too small for fp16).

What cannot be told: a file that is fp16 throughout, whoever trained it; and other weights trained with QuickGELU
(MetaCLIP, DFN, fine-tuned ones of OpenAI's), which look like any. For those the spec must say it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from emolens.errors import ConfigError

GELU = "-gelu"  # ours, after an architecture; open_clip never sees it
QUICK = "-quickgelu"  # open_clip's own


def without_gelu(arch: str) -> tuple[str, bool]:
    """``ViT-B-32-gelu`` -> ``ViT-B-32``, and whether GELU was asked for by name."""
    return arch.removesuffix(GELU), arch.endswith(GELU)


def uses_quick_gelu(state: Mapping[str, Tensor], arch: str, has_twin: bool, asks_gelu: bool, source: str) -> bool:
    """Whether the weights of a file want QuickGELU.

    Args:
        state: the tensors by open_clip's names.
        arch: open_clip's name without QuickGELU, such as ``ViT-B-32``.
        has_twin: whether open_clip has the architecture with QuickGELU too; else there is nothing to choose.
        asks_gelu: whether the spec says ``-gelu``.
        source: the file, for messages.

    Raises:
        ConfigError: it cannot be told and the spec does not say it, or OpenAI's weights were called GELU ones.
    """
    if not has_twin:
        return False
    if is_openai(state):
        if asks_gelu:
            raise ConfigError(
                f"{source}: these are OpenAI's weights, which were trained with QuickGELU; write {arch}{QUICK}/PATH"
            )
        return True
    if asks_gelu:
        return False
    raise ConfigError(
        f"{source}: a file does not say which activation its weights were trained with, and the wrong one gives "
        f"worse embeddings without an error. Write {arch}{QUICK}/PATH for weights of OpenAI, MetaCLIP or DFN (and "
        f"what was fine-tuned from them), {arch}{GELU}/PATH for those of LAION, DataComp or CommonPool"
    )


def is_openai(state: Mapping[str, Tensor]) -> bool:
    """Whether all matrices hold fp16 numbers only, and something else does not: as in OpenAI's release.

    Stops at the first matrix that says no, so weights of others cost next to nothing; OpenAI's ViT-B-32 takes 0.2 s.
    """
    matrices = {name for name, value in state.items() if value.ndim > 1 and not name.endswith("embedding.weight")}
    matrices = {name for name in matrices if not name.endswith("positional_embedding")}
    rest = [value for name, value in state.items() if name not in matrices and value.is_floating_point()]
    if not matrices or not all(_is_half(state[name]) for name in sorted(matrices)):
        return False
    return not all(_is_half(value) for value in rest)


def _is_half(value: Tensor) -> bool:
    return value.dtype == torch.float16 or torch.equal(value.float(), value.half().float())
