"""Features on emulated NPUs: made there by products, or by the host for a chip that rounds them."""

import ast

import pytest

# Prints, for each precision: how far the features are from the CPU's, what crossed to the card and
# back meanwhile, whether it came from pinned memory, and whether HF32 was left as it was.
MEASURE = """
import sys
from pathlib import Path
from speech_toolkit.device import Device, select_device
device = select_device("npu:1", sys.argv[2])
import torch
from torch_npu import _emulator
from speech_toolkit.transcription.windows.features import FeatureExtractor, FeatureMaker
from tests.unit.transcription.windows.test_features import CPU, noise, tone

windows = [noise(2), noise(0.3), tone(8000), noise(1.9)]
expected = FeatureExtractor(Path(sys.argv[1]), 8, CPU).extract(windows)
extractor = FeatureExtractor(Path(sys.argv[1]), 8, device)
with FeatureMaker(extractor, ahead=True) as maker:
    prepared = [pending() for pending in [maker.begin(samples) for samples in windows]]
_emulator.reset_counters()
features = extractor.batch(prepared)
counters = _emulator.counters()
print((
    (features.cpu() - expected).abs().max().item(),
    features.device.type,
    [counters.get(name, 0) for name in ("copy_to_card", "copy_to_host", "implicit_synchronize")],
    all(window.values.is_pinned() for window in prepared),
    bool(torch.npu.matmul.allow_hf32),
))
"""


@pytest.mark.parametrize("precision", ["highest", "high"])
@pytest.mark.parametrize("chip", ["Ascend910B2", "Ascend310P3"])
def test_features_are_those_of_the_cpu(emulated_npu, whisper_template, chip, precision):
    finished = emulated_npu.python(
        *("-c", MEASURE, whisper_template, precision), EMULATED_NPU_CHIP=chip
    )
    assert finished.code == 0, finished.stderr
    difference, where, copies, is_pinned, allows_hf32 = ast.literal_eval(
        finished.stdout.splitlines()[-1]
    )
    assert allows_hf32 == (precision == "high")
    if chip == "Ascend310P3":
        assert (difference, where, copies) == (0.0, "cpu", [0, 0, 0])
    else:
        assert difference < 1e-4  # with factors rounded to HF32 it is 4e-2
        assert (where, copies, is_pinned) == ("npu", [4, 0, 0], True)
