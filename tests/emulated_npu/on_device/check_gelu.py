"""GELU on the emulated cards once the product has selected one: the CPU's, for every caller.

Run by test_emulated_npu.py in a process that has the stand-in torch_npu.
"""

import pytest
import torch
import torch.nn.functional as F
from transformers.activations import ACT2FN

from speech_toolkit.device import select_device

VALUES = torch.linspace(-6, 6, 1201)
NAMES = sorted(name for name in ACT2FN if "gelu" in name)


@pytest.fixture(scope="module", autouse=True)
def _selected():
    assert select_device("npu:1").facts()["gelu"] == "exact"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_both_forms_are_the_cpus(dtype, approximate):
    values = VALUES.to(dtype)
    expected = F.gelu(values, approximate=approximate)
    module = torch.nn.GELU(approximate)
    for found in (
        F.gelu(values.npu(), approximate=approximate),
        torch.ops.aten.gelu(values.npu(), approximate=approximate),
        module(values.npu()),
    ):
        assert found.device == torch.device("npu:1")
        assert torch.equal(found.cpu(), expected)
    assert torch.equal(torch.nn.GELU()(values.npu()).cpu(), F.gelu(values))


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_of_transformers(name):
    activation = ACT2FN[name]
    assert torch.allclose(activation(VALUES.npu()).cpu(), activation(VALUES), atol=1e-6)


def test_the_forms_are_told_apart():
    assert (F.gelu(VALUES) - F.gelu(VALUES, approximate="tanh")).abs().max() > 4e-4


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_in_every_mode_of_autograd(mode):
    layer = torch.nn.Linear(4, 4)
    values = torch.randn(3, 4)
    expected = F.gelu(layer(values))
    layer.npu()
    with mode():
        assert torch.allclose(F.gelu(layer(values.npu())).cpu(), expected, atol=1e-6)
