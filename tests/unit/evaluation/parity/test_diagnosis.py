"""Each hypothesis on a result that it explains, and none where nothing fits."""

import numpy as np
import pytest
import torch

from speech_toolkit.evaluation.parity.diagnosis import explain, other_epsilon

RNG = np.random.default_rng(0)


def array(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


@pytest.fixture
def norm():
    module = torch.nn.LayerNorm(32)
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(array(32)))
        module.bias.copy_(torch.from_numpy(array(32)))
    return module


def normalised(module, inputs, epsilon):
    return (
        torch.nn.functional.layer_norm(
            torch.from_numpy(inputs), (32,), module.weight, module.bias, epsilon
        )
        .detach()
        .numpy()
    )


@pytest.mark.parametrize("epsilon", [1e-3, 0.1, 2e-4])
def test_epsilon_is_fitted(norm, epsilon):
    inputs = array(4, 9, 32)
    expected, found = (normalised(norm, inputs, value) for value in (1e-5, epsilon))
    assert other_epsilon(norm, inputs, expected, found) == pytest.approx(epsilon, rel=0.02)


def test_epsilon_does_not_explain_other_errors(norm):
    inputs = array(4, 9, 32)
    expected = normalised(norm, inputs, 1e-5)
    assert other_epsilon(norm, inputs, expected, expected + 0.01 * array(4, 9, 32)) is None
    assert other_epsilon(torch.nn.Linear(3, 3), inputs, expected, expected * 1.01) is None


def plain():
    return torch.nn.Linear(2, 2)


def test_swapped_channels_on_either_axis():
    frames_last, channels_last = array(1, 64, 50), array(1, 50, 64)
    swapped = frames_last.copy()
    swapped[:, [3, 40]] = swapped[:, [40, 3]]
    assert explain(plain(), {}, [], frames_last, swapped) == "channels 3 and 40 changed places"
    swapped = channels_last.copy()
    swapped[..., [3, 40]] = swapped[..., [40, 3]]
    assert explain(plain(), {}, [], channels_last, swapped) == "channels 3 and 40 changed places"


def test_a_few_channels():
    expected = array(1, 50, 64)
    found = expected.copy()
    found[..., 7] *= 1.1
    assert explain(plain(), {}, [], expected, found) == "the error is in 1 of 64 channels (7)"


def test_tanh_form_of_gelu():
    inputs = array(10, 10)
    forms = [
        torch.nn.functional.gelu(torch.from_numpy(inputs), approximate=form).numpy()
        for form in ("none", "tanh")
    ]
    assert explain(torch.nn.GELU(), {}, [inputs], *forms) == "as GELU in its tanh form"


def test_rounding_of_the_result():
    expected = array(40, 40)
    found = expected.astype(np.float16).astype(np.float32)
    assert explain(plain(), {}, [], expected, found) == "as if it were computed in float16"


def test_rounding_of_factors():
    expected = array(40, 40)
    found = expected + 1.4e-4 * array(40, 40)
    sizes = {"hf32": 1.4e-4, "float16": 2.8e-4}
    said = explain(plain(), sizes, [], expected, found)
    assert said == "as if its factors were rounded to hf32"


def test_noise_and_what_is_no_noise():
    expected = array(40, 40)
    said = explain(plain(), {}, [], expected, expected + 0.05 * array(40, 40))
    assert said == "as if noise were added to its result"
    assert explain(plain(), {}, [], expected, expected * 1.05) is None
    assert explain(plain(), {}, [], expected, expected + 0.05) is None


def test_values_that_are_not_finite():
    expected = array(3, 4)
    found = expected.copy()
    found[1, 2:] = np.inf
    said = explain(plain(), {}, [], expected, found)
    assert said == "values that are NaN or Inf: 2, the first (Inf) at [1, 2]"


def test_another_shape():
    assert "(2, 2)" in explain(plain(), {}, [], array(2, 3), array(2, 2))


def test_16_bit_values_are_no_surprise_in_a_16_bit_module():
    expected = RNG.standard_normal((50, 8)).astype(np.float32)
    found = expected.astype(np.float16).astype(np.float32)
    linear = torch.nn.Linear(8, 8)
    assert explain(linear, {}, [expected], expected, found) == "as if it were computed in float16"
    assert explain(linear.half(), {}, [expected], expected, found) != (
        "as if it were computed in float16"
    )
