"""A model that overflows in float16 where the audio is loud, and nowhere in float32."""

import ast
import shutil

import numpy as np
import pytest

from speech_toolkit.alignment import Aligner
from speech_toolkit.alignment.models import registry
from speech_toolkit.alignment.preparation import AlignmentSettings
from speech_toolkit.audio.waveform import Waveform, load_audio
from speech_toolkit.bundled import bundled_model
from tests.end_to_end.support import SAMPLES

MODEL = "tiny-mms-aligner"
SETTINGS = AlignmentSettings(window_s=2, context_s=0.5)
SCALE = 2.0**13


@pytest.fixture(scope="module")
def overflowing(tmp_path_factory):
    """The bundled aligner, its first convolution scaled up; the normalisation behind undoes it."""
    from safetensors.torch import load_file, save_file

    directory = tmp_path_factory.mktemp("overflow") / "model"
    shutil.copytree(bundled_model(MODEL), directory)
    tensors = load_file(directory / "model.safetensors")
    for name in tensors:
        if "conv_layers.0.conv." in name:
            tensors[name] *= SCALE
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    return directory


@pytest.fixture(scope="module")
def quiet_then_loud():
    """A sentence, twice; and what is said."""
    spoken = load_audio(SAMPLES / "demo.wav", 16000).samples
    samples = np.concatenate([spoken / 8, spoken])
    text = (SAMPLES / "demo.txt").read_text(encoding="utf-8")
    return Waveform(samples, 16000, "twice.wav", 16000, 1), f"{text} {text}"


def test_loud_windows_alone_are_run_in_float32(overflowing, quiet_then_loud, monkeypatch):
    exact = Aligner.load(bundled_model(MODEL), "cpu").align(*quiet_then_loud, SETTINGS)
    aligner = Aligner.load(overflowing, "cpu", "float16")
    loaded = []
    load = registry.load_ctc_model
    monkeypatch.setattr(
        "speech_toolkit.alignment.aligner.load_ctc_model",
        lambda checkpoint, device, dtype, *rest: (
            loaded.append(dtype) or load(checkpoint, device, dtype, *rest)
        ),
    )
    for _ in range(2):
        result = aligner.align(*quiet_then_loud, SETTINGS)
        (warning,) = result.warnings
        assert "float16 overflowed in" in warning
        assert " of 5 windows (from " in warning
        assert "(from 0.00 s" not in warning
        assert [word.start_time for word in result.words] == pytest.approx(
            [word.start_time for word in exact.words], abs=0.021
        )
        assert [word.score for word in result.words] == pytest.approx(
            [word.score for word in exact.words], abs=0.02
        )
    assert list(map(str, loaded)) == ["torch.float32"]
    assert result.dtype == "torch.float16"


SATURATING = """
import sys
import numpy as np
from speech_toolkit.alignment import Aligner
from speech_toolkit.audio.waveform import Waveform
from tests.unit.alignment.test_overflow import SETTINGS
waveform = Waveform(np.load(sys.argv[2]), 16000, "twice.wav", 16000, 1)
aligner = Aligner.load(sys.argv[1], "npu", "float16")
result = aligner.align(waveform, sys.argv[3], SETTINGS)
print((result.warnings, [word.start_time for word in result.words]))
"""


@pytest.mark.slow
def test_a_card_that_saturates_shows_nothing_and_is_watched(
    emulated_npu, overflowing, quiet_then_loud, tmp_path
):
    waveform, text = quiet_then_loud
    np.save(tmp_path / "samples.npy", waveform.samples)
    exact = Aligner.load(bundled_model(MODEL), "cpu").align(*quiet_then_loud, SETTINGS)
    for directory, warnings in ((overflowing, 1), (bundled_model(MODEL), 0)):
        finished = emulated_npu.python(
            *("-c", SATURATING, directory, tmp_path / "samples.npy", text),
            EMULATED_NPU_CHIP="Ascend310P3",
            EMULATED_NPU_ARITHMETIC="saturation",
        )
        assert finished.code == 0, finished.stderr
        said, starts_s = ast.literal_eval(finished.stdout.splitlines()[-1])
        assert len(said) == warnings
        assert "".join(said).startswith("float16 overflowed in" if warnings else "")
        assert "(from 0.00 s" not in "".join(said)
        assert starts_s == pytest.approx([word.start_time for word in exact.words], abs=0.021)
