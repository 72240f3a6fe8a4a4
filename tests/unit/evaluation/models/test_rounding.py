"""Emulated rounding against bits worked out by hand, and which products it reaches."""

import math

import pytest
import torch

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.models.emulations import Emulation, parse_emulations
from speech_toolkit.evaluation.models.rounding import RoundedProducts, round_factor

CASES = [  # format, value, what is left of it
    ("hf32", 1 + 2**-11, 1 + 2**-11),  # the last bit that is kept
    ("hf32", 1 + 2**-12, 1.0),  # a tie goes to even
    ("hf32", 1 + 3 * 2**-12, 1 + 2 * 2**-11),  # and so does this one
    ("hf32", 1 + 2**-12 + 2**-20, 1 + 2**-11),
    ("hf32", -(1 + 3 * 2**-12), -(1 + 2 * 2**-11)),
    ("hf32", 2 - 2**-13, 2.0),  # carries into the exponent
    ("hf32", 1e30, pytest.approx(1e30, rel=2**-12)),  # the exponent keeps its range
    ("hf32", 0.0, 0.0),
    ("hf32", math.inf, math.inf),
    ("hf32", -math.inf, -math.inf),
    ("tf32", 1 + 2**-10, 1 + 2**-10),
    ("tf32", 1 + 2**-11, 1.0),
    ("float16", 1 + 2**-10, 1 + 2**-10),
    ("float16", 1 + 2**-11, 1.0),
    ("float16", 1e6, math.inf),
    ("bfloat16", 1 + 2**-7, 1 + 2**-7),
    ("bfloat16", 1 + 2**-8, 1.0),
]


@pytest.mark.parametrize(("number_format", "value", "left"), CASES)
def test_bits(number_format, value, left):
    assert round_factor(torch.tensor([value], dtype=torch.float32), number_format).item() == left


def test_nan_stays_and_other_dtypes_pass():
    assert math.isnan(round_factor(torch.tensor([math.nan]), "hf32").item())
    half = torch.tensor([1.1], dtype=torch.float16)
    assert round_factor(half, "bfloat16") is half


def test_a_view_that_is_not_contiguous():
    matrix = torch.randn(4, 6).t()
    assert torch.equal(round_factor(matrix, "hf32"), round_factor(matrix.contiguous(), "hf32"))


@pytest.fixture
def modules():
    torch.manual_seed(0)
    return torch.nn.Conv1d(3, 4, 3).eval(), torch.nn.Linear(5, 6).eval()


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_a_module_computes_with_rounded_factors(modules, context):
    convolution, linear = modules
    image, row = torch.randn(1, 3, 9), torch.randn(2, 5)
    with context(), RoundedProducts(Emulation("float16")):
        found = convolution(image), linear(row)
    with context():
        weights = [round_factor(module.weight, "float16") for module in modules]
        expected = (
            torch.nn.functional.conv1d(
                round_factor(image, "float16"), weights[0], convolution.bias
            ),
            torch.nn.functional.linear(round_factor(row, "float16"), weights[1], linear.bias),
        )
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_only_the_products_asked_for(modules, context):
    convolution, linear = modules
    image, row = torch.randn(1, 3, 9), torch.randn(2, 5)
    with context():
        exact = convolution(image), linear(row)
        with RoundedProducts(Emulation("bfloat16", ("convolution",))):
            assert not torch.equal(convolution(image), exact[0])
            assert torch.equal(linear(row), exact[1])
        with RoundedProducts(Emulation("bfloat16", ("matmul",))):
            assert torch.equal(convolution(image), exact[0])
            assert not torch.equal(linear(row), exact[1])


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_attention_and_batched_products(context):
    q, k, v = torch.randn(3, 1, 2, 7, 8)
    attention = torch.nn.functional.scaled_dot_product_attention
    with context():
        for product in (lambda: attention(q, k, v), lambda: q @ k.transpose(-1, -2)):
            exact = product()
            with RoundedProducts(Emulation("bfloat16")):
                rounded = product()
            error = (rounded - exact).norm() / exact.norm()
            assert 1e-4 < error < 1e-2


SHUT = torch.ones(7, 7).tril().bool()


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize(
    ("how", "bias", "heads"),
    [
        ({}, 0, 2),
        ({"is_causal": True}, torch.zeros(7, 7).masked_fill(~SHUT, -math.inf), 2),
        ({"attn_mask": SHUT}, torch.zeros(7, 7).masked_fill(~SHUT, -math.inf), 2),
        ({"attn_mask": SHUT.float()}, SHUT.float(), 2),
        ({"enable_gqa": True}, 0, 1),
    ],
)
def test_both_products_inside_an_attention_kernel(context, how, bias, heads):
    torch.manual_seed(0)
    q = torch.randn(3, 2, 7, 8)
    k, v = torch.randn(2, 3, heads, 7, 8)
    attention = torch.nn.functional.scaled_dot_product_attention

    def rounded(tensor):
        return round_factor(tensor, "bfloat16")

    with context():
        with RoundedProducts(Emulation("bfloat16", ("matmul",))):
            found = attention(q, k, v, **how)
        scale = 8**-0.25  # each factor by the root of the root, as the kernel in parts has it
        scores = rounded(q * scale) @ rounded(k * scale).transpose(-1, -2) + bias
        expected = rounded(scores.softmax(-1)) @ rounded(v)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        with RoundedProducts(Emulation("bfloat16", ("convolution",))):
            untouched = attention(q, k, v, **how)
        assert torch.equal(untouched, attention(q, k, v, **how))


def test_names_of_emulations():
    assert parse_emulations(None) == ()
    assert parse_emulations("hf32,float16, tf32:matmul,hf32:all") == (
        Emulation("hf32", ("convolution",)),
        Emulation("float16"),
        Emulation("tf32", ("matmul",)),
        Emulation("hf32"),
    )
    assert Emulation("hf32").label == "hf32 in convolution and matmul"
    for wrong in ("fp8", "hf32:every", "hf32,"):
        with pytest.raises(UsageError, match="--emulate"):
            parse_emulations(wrong)
