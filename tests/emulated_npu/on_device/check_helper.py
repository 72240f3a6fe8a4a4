"""speech_toolkit.device.device on the emulated cards, with tensors.

Run by test_emulated_npu.py in a process that has the stand-in torch_npu.
"""

import gc
import json
import random

import numpy as np
import pytest
import torch

from speech_toolkit.device import is_out_of_memory, select_device
from speech_toolkit.errors import DeviceError


@pytest.fixture(scope="module")
def device():
    return select_device("npu:1")


def test_selected_card_is_the_current_one(device):
    assert device.name == "npu:1"
    assert torch.ones(1, device="npu").device == torch.device(device.name)
    assert torch.ones(1).cuda().device == torch.device(device.name)
    assert torch.npu.is_jit_compile_false()


@pytest.mark.parametrize(
    "value", ["abc", "999999999999", "-1", "0,,1", "0;1", "0,1\n", "1," * 2500, "0x1", "\u0661"]
)
def test_a_list_of_cards_that_cannot_be_read_is_one_line(monkeypatch, value):
    monkeypatch.setenv("ASCEND_RT_VISIBLE_DEVICES", value)
    with pytest.raises(
        DeviceError, match="ASCEND_RT_VISIBLE_DEVICES=.*: give the indexes"
    ) as error:
        select_device("npu:1")
    assert len(str(error.value)) < 300
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("value", ["", "0,1", "0, 1", "0-1,3"])
def test_a_list_of_cards_is_the_runtimes_to_read(monkeypatch, device, value):
    monkeypatch.setenv("ASCEND_RT_VISIBLE_DEVICES", value)
    assert select_device("npu:1").name == "npu:1"


def test_compilation_is_off(device):
    def function(x):
        return x + 1

    def compiler(graph, inputs):
        raise AssertionError("compiled")

    assert torch.compile(function, backend=compiler)(torch.ones(1)).item() == 2


def test_memory_is_this_cards(device):
    device.empty_cache()
    gc.collect()
    before = device.memory()
    elsewhere = torch.ones(1 << 20, device="npu:0")
    block = torch.empty(3 << 20, dtype=torch.int8, device=device.name)
    during = device.memory()
    assert during.allocated_bytes - before.allocated_bytes == 3 << 20
    assert during.reserved_bytes >= during.allocated_bytes
    del block, elsewhere
    after = device.memory()
    assert after.allocated_bytes == before.allocated_bytes
    assert after.peak_allocated_bytes >= during.allocated_bytes
    device.empty_cache()
    device.reset_peak_memory()
    reset = device.memory()
    assert reset.peak_allocated_bytes == reset.allocated_bytes
    assert reset.reserved_bytes < during.reserved_bytes


def test_seed_reaches_the_card(device):
    def draw():
        on_card = torch.rand(1, device=device.name).item()
        return on_card, torch.rand(1).item(), np.random.rand(), random.random()

    device.seed(11)
    first = draw()
    assert not set(first) & set(draw())
    device.seed(11)
    assert draw() == first


def test_synchronize_waits_once(device):
    from torch_npu import _emulator

    _emulator.reset_counters()
    device.synchronize()
    assert _emulator.counters() == {"synchronize": 1}


def test_dtypes(device):
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        device.check_dtype(dtype)
    with pytest.raises(DeviceError, match="npu:1 has no float64"):
        device.check_dtype(torch.float64)


def test_facts(device):
    facts = json.loads(json.dumps(device.facts()))
    assert facts["device"] == "npu:1"
    assert facts["backend"] == "npu"
    assert facts["index"] == 1
    assert facts["device_name"] == "Emulated Ascend910B2"
    assert facts["total_memory_bytes"] == 64 << 30
    assert facts["torch_npu"] == torch.__version__.split("+")[0]
    assert facts["cann"] == "8.5.0"
    assert facts["driver"] == "25.5.0"
    assert facts["float32_precision"] == "highest"
    assert facts["hf32"] == {"matmul": False, "conv": False}
    assert facts["tf32"] is None


def test_hf32_is_set_as_asked_for_and_reported_as_set(device):
    facts = select_device("npu:1", "high").facts()
    assert facts["float32_precision"] == "high"
    assert facts["hf32"] == {"matmul": True, "conv": True}
    torch.npu.conv.allow_hf32 = False
    assert device.facts()["hf32"] == {"matmul": True, "conv": False}
    assert device.facts()["float32_precision"] == "high"
    assert select_device("npu:1").facts()["hf32"] == {"matmul": False, "conv": False}
    with pytest.raises(TypeError, match="must be a bool, but got int"):
        torch.npu.matmul.allow_hf32 = 1


def test_out_of_memory_is_recognised(device):
    with pytest.raises(RuntimeError) as caught:
        torch.empty(65 << 30, dtype=torch.int8, device=device.name)
    assert is_out_of_memory(caught.value)
    with pytest.raises(RuntimeError) as caught:
        torch.ones(2, 2, device=device.name) @ torch.ones(3, 3, device=device.name)
    assert not is_out_of_memory(caught.value)


def test_cuda_is_mapped_and_the_cpu_stays(device):
    mapped = select_device("cuda:0")
    assert mapped.name == "npu:0"
    assert "transfer_to_npu maps cuda:0 to npu:0" in mapped.reason
    assert torch.ones(1).cuda().device == torch.device("npu:0")
    assert select_device("cpu").name == "cpu"
