"""Features on emulated NPUs: made there by products, or by the host for a chip that rounds them."""

import ast

import pytest

# Prints for each precision how far the features are from the CPU's, where they are, what crossed
# to the card and back meanwhile, whether it came from pinned memory, and how HF32 was left.
MEASURE = """
import sys
from pathlib import Path
from speech_toolkit.device import select_device
device = select_device("npu:1")
import torch
from torch_npu import _emulator
from speech_toolkit.transcription.windows.features import FeatureExtractor, FeatureMaker
from tests.unit.transcription.windows.test_features import CPU, noise, tone

directory = Path(sys.argv[1])
windows = [noise(2), noise(0.3), tone(8000), noise(1.9)]
expected = FeatureExtractor(directory, 8, CPU).extract(windows)
found = []
for precision in ("highest", "high"):
    extractor = FeatureExtractor(directory, 8, select_device("npu:1", precision))
    with FeatureMaker(extractor, ahead=True) as maker:
        prepared = [pending() for pending in [maker.begin(samples) for samples in windows]]
    _emulator.reset_counters()
    features = extractor.batch(prepared)
    counters = _emulator.counters()
    found.append((
        (features.cpu() - expected).abs().max().item(),
        features.device.type,
        [counters.get(name, 0) for name in ("copy_to_card", "copy_to_host")],
        counters.get("implicit_synchronize", 0),
        all(window.values.is_pinned() for window in prepared),
        bool(torch.npu.matmul.allow_hf32),
    ))
print(found)
"""


@pytest.mark.parametrize("chip", ["Ascend910B2", "Ascend310P3"])
def test_features_are_those_of_the_cpu(emulated_npu, whisper_template, chip):
    finished = emulated_npu.python("-c", MEASURE, whisper_template, EMULATED_NPU_CHIP=chip)
    assert finished.code == 0, finished.stderr
    found = ast.literal_eval(finished.stdout.splitlines()[-1])
    assert [allows_hf32 for *_, allows_hf32 in found] == [False, True]
    for difference, where, copies, waits, is_pinned, _ in found:
        assert waits == 0
        if chip == "Ascend310P3":
            assert (difference, where, copies) == (0.0, "cpu", [0, 0])
        else:
            assert difference < 1e-4  # with factors rounded to HF32 it is 2e-3
            assert (where, copies, is_pinned) == ("npu", [4, 0], True)
