import pytest
import torch

from emolens.errors import ConfigError
from emolens.models.precision import choose_device, choose_precision, cpu_features, has_native_bf16

CPU = torch.device("cpu")


def test_auto_takes_what_is_there():
    kind = choose_device("auto").type
    assert kind == ("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cpu:1", "", "cuda:-1"])
def test_unknown_device(name):
    with pytest.raises(ConfigError, match="device"):
        choose_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about machines without CUDA")
def test_cuda_where_there_is_none():
    with pytest.raises(ConfigError, match='no CUDA device here; use "cpu"'):
        choose_device("cuda:1")


def test_auto_precision_follows_the_cpu():
    assert choose_precision("auto", CPU) == ("bf16" if any(cpu_features().values()) else "fp32")
    assert has_native_bf16(CPU) == any(cpu_features().values())


def test_features_agree_with_the_kernel():
    try:
        with open("/proc/cpuinfo") as stream:
            flags = stream.read().split()
    except OSError:
        pytest.skip("no /proc/cpuinfo")
    if "fpu" not in flags:
        pytest.skip("not an x86 CPU")
    assert cpu_features() == {"AVX512-BF16": "avx512_bf16" in flags, "AMX-BF16": "amx_bf16" in flags}


def test_a_choice_is_kept():
    assert choose_precision("bf16", CPU) == "bf16"
    assert choose_precision("fp32", CPU) == "fp32"


@pytest.mark.parametrize(("name", "says"), [("fp16", "for GPUs"), ("fp33", 'did you mean "fp32"'), ("half", "known")])
def test_impossible_or_unknown_precision(name, says):
    with pytest.raises(ConfigError, match=says):
        choose_precision(name, CPU)
