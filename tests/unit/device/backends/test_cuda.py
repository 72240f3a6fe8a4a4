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
    assert facts["float32_precision"] == "highest"
    assert facts["tf32"] == {"matmul": False, "conv": False}
    assert facts["hf32"] is None


@pytest.fixture
def precisions():
    """Let a test change how float32 is rounded, and put that back."""
    yield torch.backends
    torch.backends.fp32_precision = "none"
    torch.set_float32_matmul_precision("highest")
    select_device("cpu")


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize("before", ["nothing", "all", "products", "older"])
@pytest.mark.parametrize(("asked_for", "is_rounded"), [("highest", False), ("high", True)])
def test_tf32_is_what_was_asked_for(precisions, before, asked_for, is_rounded):
    if before == "all":
        precisions.fp32_precision = "tf32"
    elif before == "products":
        precisions.cuda.matmul.fp32_precision = precisions.cudnn.conv.fp32_precision = "tf32"
    elif before == "older":
        torch.set_float32_matmul_precision("medium")
    backend = cuda.Cuda()
    backend.set_float32_precision(asked_for)
    assert backend.facts()["tf32"] == {"matmul": is_rounded, "conv": is_rounded}
    assert precisions.cuda.matmul.allow_tf32 is is_rounded
    assert precisions.cudnn.allow_tf32 is is_rounded


def test_precision_of_a_gpu(two_gpus, monkeypatch, precisions):
    properties = SimpleNamespace(total_memory=16 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    assert select_device("cuda", "high").facts()["float32_precision"] == "high"
    assert select_device("cuda").facts()["float32_precision"] == "highest"
