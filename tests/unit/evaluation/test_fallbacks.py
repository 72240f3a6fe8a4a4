"""Signs of a device that leaves work to the CPU or hides overflows."""

import warnings

import numpy as np
import torch

from speech_toolkit.device import Device
from speech_toolkit.evaluation.fallbacks import (
    count_saturated,
    fallbacks_in,
    misplaced_tensors,
    recorded_fallbacks,
    saturates,
)

CPU = Device("cpu", None, "cpu", "test")
SAID = (
    "CAUTION: The operator 'aten::{}' is not currently supported on the NPU backend and will fall "
    "back to run on the CPU. This may have performance implications."
)


def test_operators_are_found_in_a_log_and_in_warnings():
    lines = ["[W801] " + SAID.format("gelu"), "unrelated", SAID.format("sort.values_stable")]
    assert fallbacks_in(lines) == {"aten::gelu", "aten::sort.values_stable"}
    with recorded_fallbacks() as found:
        warnings.warn(SAID.format("isin"), stacklevel=1)
        warnings.warn("something else", stacklevel=1)
    assert found == {"aten::isin"}


def test_a_cpu_overflows_to_infinity():
    assert not saturates(CPU)


def test_saturation_is_seen(monkeypatch):
    add = torch.Tensor.__add__
    monkeypatch.setattr(torch.Tensor, "__add__", lambda a, b: add(a, b).clamp(max=65504))
    assert saturates(CPU)


def test_saturated_values_are_counted():
    values = np.array([65504.0, -65504.0, 65472.0, np.inf, np.nan], dtype=np.float32)
    assert count_saturated([values, values], "float16") == 4
    assert count_saturated([values], "float32") == 0


def test_misplaced_tensors_are_named():
    model = torch.nn.Linear(2, 2)
    model.bias = torch.nn.Parameter(torch.empty(2, device="meta"))
    outputs = {"logits": torch.zeros(1), "encoder": torch.zeros(1, device="meta")}
    assert misplaced_tensors(model, outputs, CPU) == ["bias on meta", "encoder on meta"]
