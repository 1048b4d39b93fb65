"""Each fusion against loops in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emolens.errors import ConfigError
from emolens.models.fusion_prior import PRIORS, PsychologicalPrior, build_prior

DIM = 6


def views(batch: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(batch, DIM, generator=generator), 2 * torch.randn(batch, DIM, generator=generator)


def build(name: str) -> torch.nn.Module:
    """With every weight away from its first value, so that none can be left out unnoticed."""
    module = build_prior(name, DIM)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return module


def norm(row, weight, bias):
    mean = sum(row) / len(row)
    variance = sum((x - mean) ** 2 for x in row) / len(row)
    return [(x - mean) / math.sqrt(variance + 1e-5) * w + b for x, w, b in zip(row, weight, bias, strict=True)]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def naive(name: str, w: dict[str, np.ndarray], scene: np.ndarray, person: np.ndarray) -> np.ndarray:
    if name == "psychological_prior":
        total = np.array(norm(scene, w["norm.weight"], w["norm.bias"])) + norm(person, w["norm.weight"], w["norm.bias"])
        out = [sum(w["linear.weight"][i, j] * total[j] for j in range(DIM)) + w["linear.bias"][i] for i in range(DIM)]
        return np.array([x if x > 0 else math.exp(x) - 1 for x in out])
    if name == "scaled_sum":
        return w["linear.weight"] @ (w["scale"][0] * scene + person) + w["linear.bias"]
    if name == "weighted_sum":
        return np.array(norm(w["alpha"] * scene + w["beta"] * person, w["norm.weight"], w["norm.bias"]))
    if name == "attention":
        out = np.zeros(DIM)
        for h in range(4):
            scores = [
                w["scene_score.weight"][h] @ scene + w["scene_score.bias"][h],
                w["person_score.weight"][h] @ person + w["person_score.bias"][h],
            ]
            share = softmax(np.array(scores))
            out += share[0] * scene + share[1] * person
        return out * sigmoid(out)
    if name == "gated_mlp":
        heads = []
        for h in range(4):
            rows = slice(h * DIM, (h + 1) * DIM)
            heads.append(
                softmax(w["scene_score.weight"][rows] @ scene + w["scene_score.bias"][rows]) * scene
                + softmax(w["person_score.weight"][rows] @ person + w["person_score.bias"][rows]) * person
            )
        hidden = np.maximum(w["mlp.0.weight"] @ np.concatenate(heads) + w["mlp.0.bias"], 0)
        mixed = w["mlp.2.weight"] @ hidden + w["mlp.2.bias"]
        return mixed * sigmoid(w["gate.weight"] @ mixed + w["gate.bias"])
    return scene


@pytest.mark.parametrize("name", PRIORS)
def test_equals_the_obvious_version(name):
    module, (scene, person) = build(name), views()
    weights = {key: value.double().numpy() for key, value in module.state_dict().items()}
    expected = [
        naive(name, weights, s, p) for s, p in zip(scene.double().numpy(), person.double().numpy(), strict=True)
    ]
    np.testing.assert_allclose(module(scene, person).detach().numpy(), np.array(expected), atol=1e-5)


@pytest.mark.parametrize("name", [name for name in PRIORS if name != "none"])
def test_every_weight_learns(name):
    module, (scene, person) = build(name), views()
    (module(scene, person) * torch.arange(1, DIM + 1)).square().sum().backward()
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", [name for name in PRIORS if name != "none"])
def test_both_views_matter(name):
    module, (scene, person) = build(name), views()
    assert not torch.allclose(module(scene, person), module(scene, person.flip(0)))
    assert not torch.allclose(module(scene, person), module(scene.flip(0), person))


def test_prior_by_hand():
    """(1, -1) has mean 0 and variance 1; twice that, through minus the identity, is (-2, 2); ELU(-2) = e^-2 - 1."""
    prior = PsychologicalPrior(2)
    with torch.no_grad():
        prior.linear.weight.copy_(-torch.eye(2))
    row = torch.tensor([[1.0, -1.0]])
    torch.testing.assert_close(prior(row, row), torch.tensor([[math.exp(-2) - 1, 2.0]]), atol=1e-4, rtol=0)
    assert set(prior.state_dict()) == {"norm.weight", "norm.bias", "linear.weight", "linear.bias"}


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.5, 20), st.floats(-5, 5))
def test_prior_does_not_see_who_is_who_nor_scale_nor_shift(seed, scale, shift):
    prior, (scene, person) = build("psychological_prior"), views(seed=seed)
    expected = prior(scene, person)
    torch.testing.assert_close(prior(person, scene), expected)
    torch.testing.assert_close(prior(scale * scene + shift, person), expected, atol=2e-3, rtol=1e-3)


def test_a_batch_of_one_keeps_its_axis():
    for name in PRIORS:
        assert build(name)(*views(1)).shape == (1, DIM)


def test_unknown_name():
    with pytest.raises(ConfigError, match='fusion "gated": did you mean "gated_mlp"'):
        build_prior("gated", DIM)
