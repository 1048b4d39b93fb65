import pytest

from emolens.errors import ConfigError
from emolens.training.devices import build_fabric


def test_one_process_on_the_device_that_is_asked_for():
    fabric = build_fabric("cpu")
    assert (fabric.world_size, fabric.device.type, fabric.is_global_zero) == (1, "cpu", True)


def test_unknown_precisions_and_devices_are_refused():
    with pytest.raises(ConfigError, match=r'precision "fp16" of a training'):
        build_fabric("cpu", "fp16")
    with pytest.raises(ConfigError, match='device "gpu"'):
        build_fabric("gpu")
