"""What a device tells of itself, and the errors of torch in words of ours."""

import json
import random

import numpy as np
import pytest
import torch

from speech_toolkit.device import Device, is_out_of_memory, memory, parse_dtype
from speech_toolkit.device.names import DTYPE_NAMES

CPU = Device("cpu", None, "cpu", "asked for by name")


def test_cpu_takes_every_dtype():
    for name in DTYPE_NAMES:
        CPU.check_dtype(parse_dtype(name))


def test_cpu_memory_follows_the_process():
    CPU.reset_peak_memory()
    before = CPU.memory()
    block = torch.ones(16 << 20)  # 64 MiB
    during = CPU.memory()
    assert during.allocated_bytes - before.allocated_bytes > 48 << 20
    del block
    after = CPU.memory()
    assert after.peak_allocated_bytes - before.allocated_bytes > 48 << 20
    assert after.reserved_bytes is None


def test_cpu_memory_without_proc(monkeypatch):
    monkeypatch.setattr(memory, "read_system_file", lambda path: "")
    use = CPU.memory()
    assert use.allocated_bytes is None
    assert use.peak_allocated_bytes > 10e6


def test_cpu_calls_that_do_nothing():
    CPU.synchronize()
    CPU.empty_cache()


def test_seed_reaches_every_stream():
    def draw():
        return random.random(), float(np.random.rand()), float(torch.rand(1))

    CPU.seed(2**40 + 7)
    first = draw()
    assert draw() != first
    CPU.seed(2**40 + 7)
    assert draw() == first


def test_facts_are_json_with_the_same_keys():
    facts = json.loads(json.dumps(CPU.facts()))
    assert set(facts) == {
        *("device", "backend", "index", "device_name", "total_memory_bytes", "torch", "torch_npu"),
        *("cann", "driver", "cuda", "python", "platform", "cpu_model", "threads"),
        *("float32_precision", "hf32", "tf32", "float16_products", "gelu", "env"),
    }
    assert facts["device"] == facts["backend"] == "cpu"
    assert facts["device_name"] == facts["cpu_model"]
    assert facts["total_memory_bytes"] > 2**28
    assert facts["torch"] == torch.__version__


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("any text"), True),
        (MemoryError(), True),
        (RuntimeError("NPU out of memory. Tried to allocate 20.00 MiB (NPU 0; 60.97 GiB"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), True),
        (RuntimeError("call aclnnConv failed\nEL0004: Failed to allocate memory."), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected


def test_a_cpu_overflows_to_infinity():
    assert not CPU.saturates


def test_saturation_is_seen(monkeypatch):
    add = torch.Tensor.__add__
    monkeypatch.setattr(torch.Tensor, "__add__", lambda a, b: add(a, b).clamp(max=65504))
    assert CPU.saturates
