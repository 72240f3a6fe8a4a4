import json
from types import SimpleNamespace

import pytest
import torch

from speech_toolkit.device import select_device
from speech_toolkit.device.backends import cuda
from speech_toolkit.errors import DeviceError


@pytest.mark.parametrize(("name", "index"), [("cuda", 0), ("cuda:1", 1), ("auto", 0)])
def test_native_cuda(two_gpus, name, index):
    device = select_device(name)
    assert (device.type, device.index, two_gpus) == ("cuda", index, [index])


def test_cuda_index_out_of_range(two_gpus, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with pytest.raises(DeviceError, match=r"cuda:2 .* 2 visible .*CUDA_VISIBLE_DEVICES=4,5"):
        select_device("cuda:2")
    assert two_gpus == []


def test_cuda_dtype_that_the_card_lacks(two_gpus, monkeypatch):
    device = select_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    with pytest.raises(DeviceError, match=r"Tesla T4.* no bfloat16: use float16"):
        device.check_dtype(torch.bfloat16)
    device.check_dtype(torch.float16)


def test_cuda_build_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="finds no GPU, check `nvidia-smi`"):
        select_device("cuda:0")


def test_facts_of_a_gpu(two_gpus, monkeypatch):
    driver = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Fri Jan 17 18:30:21 UTC\n"
    properties = SimpleNamespace(total_memory=16 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(cuda, "read_system_file", lambda path: driver)
    facts = json.loads(json.dumps(select_device("cuda:1").facts()))
    assert set(facts) == set(select_device("cpu").facts())
    assert facts["device"] == "cuda:1"
    assert facts["device_name"] == "Tesla T4"
    assert facts["total_memory_bytes"] == 16 << 30
    assert facts["driver"] == "570.86.15"
    assert facts["cuda"] == "12.8"
    assert facts["tf32"] == {"matmul": False, "conv": True}
    assert facts["hf32"] is None
