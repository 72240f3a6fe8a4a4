"""What the stand-in transfer_to_npu changes, and what it leaves, as the real one does.

Run by test_emulated_npu.py in a process that has the stand-in torch_npu.
"""

import sys
import warnings

import pytest
import torch


@pytest.fixture(autouse=True, scope="module")
def banner():
    sys.modules.pop("torch_npu.contrib.transfer_to_npu", None)  # its import is what is checked
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        import torch_npu.contrib.transfer_to_npu  # noqa: F401

        assert warnings.filters[0][0] == "once"
    return [str(warning.message) for warning in caught]


def test_banner(banner):
    assert any("torch.Tensor.cuda and torch.nn.Module.cuda are replaced" in text for text in banner)
    assert any("torch.jit.script" in text for text in banner)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.zeros(2, device="cuda:1"),
        lambda: torch.zeros(2, device=torch.device("cuda:1")),
        lambda: torch.zeros(2, device=1),
        lambda: torch.ones(2).to("cuda:1"),
        lambda: torch.ones(2).to(1),
        lambda: torch.ones(2).cuda(1),
        lambda: torch.ones(2).new_zeros(3, device="cuda:1"),
        lambda: torch.nn.Linear(2, 2).to("cuda:1").weight,
        lambda: torch.nn.Linear(2, 2).cuda(1).weight,
        lambda: torch.rand(2, device="cuda:1", generator=torch.Generator("cuda:1")),
    ],
)
def test_cuda_names_reach_the_card(make):
    assert make().device == torch.device("npu:1")


def test_torch_cuda_speaks_for_the_npu():
    assert torch.cuda.is_available()
    assert torch.cuda.device_count() == 2
    torch.cuda.set_device("cuda:1")
    assert torch.npu.current_device() == 1
    assert torch.cuda.memory_allocated("cuda:0") == torch.npu.memory_allocated(0)
    assert torch.cuda.get_device_name("cuda:0").startswith("Emulated Ascend")
    torch.cuda.synchronize("cuda:0")
    assert torch.ones(1, device="cuda").is_cuda


def test_device_objects_stay_cuda():
    assert torch.device("cuda:0").type == "cuda"
    assert torch.zeros(1, device="cuda:0").device != torch.device("cuda:0")


def test_generator_stays_a_class_and_cpu_stays_cpu():
    generator = torch.Generator(device="cuda:1")
    assert generator.device == torch.device("npu:1")
    assert isinstance(generator, torch.Generator)
    assert isinstance(torch.default_generator, torch.Generator)
    assert torch.zeros(2).device.type == "cpu"
    assert torch.zeros(2, device="cpu").device.type == "cpu"


def test_scripting_is_switched_off():
    def function(x):
        return x

    assert torch.jit.script(function) is function
