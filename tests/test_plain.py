import doctest
import json
from dataclasses import dataclass, field

import pytest

from emolens import plain
from emolens.errors import ConfigError
from emolens.plain import from_plain, to_plain


@dataclass(frozen=True)
class Encoder:
    depths: tuple[int, ...] = (1, 2)
    weights: str | None = None


@dataclass(frozen=True)
class Config:
    classes: int
    encoder: Encoder = field(default_factory=Encoder)
    corners: tuple[tuple[int, int], ...] = ()

    def __post_init__(self):
        if self.classes < 1:
            raise ConfigError(f"classes {self.classes}: must be positive")


def test_there_and_back_through_json():
    config = Config(3, Encoder((4,), "w.pt"), ((1, 2), (3, 4)))
    assert from_plain(Config, json.loads(json.dumps(to_plain(config))), "model") == config


def test_what_has_a_default_may_be_missing():
    assert from_plain(Config, {"classes": 2}, "model") == Config(2)


def test_what_is_built_already_stays():
    assert from_plain(Config, {"classes": 2, "encoder": Encoder((9,))}, "model").encoder.depths == (9,)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"clases": 3}, 'model: no field "clases"; did you mean "classes"'),
        ({"classes": 3, "encoder": {"depth": [1]}}, 'encoder: no field "depth"; did you mean "depths"'),
        ({}, "model: .*missing .*'classes'"),
        ({"classes": 0}, "classes 0: must be positive"),
    ],
)
def test_what_does_not_fit_names_the_field(values, says):
    with pytest.raises(ConfigError, match=says):
        from_plain(Config, values, "model")


def test_the_examples_run():
    assert doctest.testmod(plain).failed == 0
