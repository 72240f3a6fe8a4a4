"""Signs of a device that leaves work to the CPU or hides overflows."""

import numpy as np
import torch

from speech_toolkit.device import Device
from speech_toolkit.evaluation.parity.hidden_faults import (
    count_saturated,
    misplaced_tensors,
)

CPU = Device("cpu", None, "cpu", "test")


def test_saturated_values_are_counted():
    values = np.array([65504.0, -65504.0, 65472.0, np.inf, np.nan], dtype=np.float32)
    assert count_saturated([values, values], "float16") == 4
    assert count_saturated([values], "float32") == 0


def test_misplaced_tensors_are_named():
    model = torch.nn.Linear(2, 2)
    model.bias = torch.nn.Parameter(torch.empty(2, device="meta"))
    outputs = {"logits": torch.zeros(1), "encoder": torch.zeros(1, device="meta")}
    assert misplaced_tensors(model, outputs, CPU) == ["bias on meta", "encoder on meta"]
