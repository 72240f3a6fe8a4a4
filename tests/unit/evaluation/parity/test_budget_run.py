"""A budget over real runs of the bundled aligner on the CPU, with faults planted in a candidate."""

from contextlib import nullcontext
from dataclasses import asdict

import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.evaluation.models.emulations import GELU_TANH, Emulation
from speech_toolkit.evaluation.models.planted_faults import planted_noise
from speech_toolkit.evaluation.models.protocol import ModelSettings
from speech_toolkit.evaluation.models.rounding import emulating
from speech_toolkit.evaluation.parity import on_device
from speech_toolkit.evaluation.parity.budget import OWN_ROUNDING, dtype_cause
from speech_toolkit.evaluation.parity.budget_process import run_budget
from tests.end_to_end.support import MODEL, SAMPLES

GELU, HF32 = Emulation(GELU_TANH), Emulation("hf32", ("convolution",))


def settings(dtype):
    return asdict(ModelSettings(str(MODEL), "cpu", dtype))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return the payload of runs that follow a reference and a golden run."""
    scratch = tmp_path_factory.mktemp("scratch")
    samples = load_audio(str(SAMPLES / "demo.wav"), 16_000, 400).samples
    np.save(scratch / on_device.SAMPLES_FILE, samples[: 2 * 16_000])
    payload = {
        "model": settings("float32"), "scratch": str(scratch), "warmup": 0, "runs": 1,
        "layers": "blocks", "noise_floor": False, "changes": {}, "distances": None, "keep": None,
        "dtype_of_limits": "float32", "noise": {"logits": 0.0}, "rounding": [OWN_ROUNDING],
        "granted": [],
    }  # fmt: skip
    on_device.run_reference(payload)
    on_device.run_golden(payload | {"model": settings("float64")})
    return payload


@pytest.fixture
def budget_of(reference, tmp_path, monkeypatch):
    """Return a function that runs a candidate with a fault and takes its error apart."""

    def run(fault=lambda model: nullcontext(), dtype="float32"):
        load = on_device.load_model
        monkeypatch.setattr(on_device, "_sensitivity", lambda *_: {})
        payload = reference | {
            "model": settings(dtype), "keep": str(tmp_path / "kept"), "dtype_of_limits": dtype,
            "rounding": [dtype_cause(dtype) or OWN_ROUNDING],
        }  # fmt: skip
        with monkeypatch.context() as patch:
            planted = []

            def load_with_fault(how):
                loaded = load(how)
                planted.append(fault(loaded.model))
                planted[-1].__enter__()
                return loaded

            patch.setattr(on_device, "load_model", load_with_fault)
            on_device.run_candidate(payload)
            planted.pop().__exit__(None, None, None)
        return run_budget(payload | {"model": settings("float32")})[0]

    return run


def shares(entry):
    return {part["cause"]: part["share"] for part in entry["parts"]}


def test_gelu_in_its_tanh_form_is_named_at_the_logits_and_in_every_module_that_has_one(budget_of):
    found = budget_of(lambda model: emulating(GELU))
    logits = found["outputs"]["logits"]
    assert logits["relative_error"] > 3e-4
    assert logits["largest_form"] == GELU.label
    assert shares(logits)[GELU.label] > 0.99
    assert logits["unexplained_share"] < 0.01
    assert len(found["modules"]) > 10
    assert {entry["largest_form"] for entry in found["modules"]} == {GELU.label}


def test_two_causes_at_once(budget_of):
    class Both:
        def __enter__(self):
            self.forms = [emulating(GELU), emulating(HF32)]
            for form in self.forms:
                form.__enter__()

        def __exit__(self, *error):
            for form in reversed(self.forms):
                form.__exit__(*error)

    found = budget_of(lambda model: Both())
    logits = found["outputs"]["logits"]
    assert logits["largest_form"] == GELU.label
    assert 0.9 < shares(logits)[GELU.label] < 1
    front = next(e for e in found["modules"] if e["module"].endswith("conv_layers.0"))
    assert shares(front)[GELU.label] > 0.1
    assert shares(front)[HF32.label] > 0.1
    assert front["unexplained_share"] < 0.1


def test_noise_is_left_unexplained(budget_of):
    noisy = "wav2vec2.encoder.layers.3.attention"
    found = budget_of(lambda model: planted_noise(model, noisy, 1e-2))
    logits = found["outputs"]["logits"]
    assert logits["largest_form_share"] < 0.5
    assert logits["unexplained_share"] > 0.8
    entry = next(each for each in found["modules"] if each["module"] == noisy)
    assert entry["unexplained_share"] > 0.99
    assert entry["unexplained_error"] == pytest.approx(entry["relative_error"], rel=0.01)


def test_a_clean_run_is_rounding(budget_of):
    def another_order(model):
        import torch

        class Threads:
            def __enter__(self):
                self.own = torch.get_num_threads()
                torch.set_num_threads(2 if self.own == 1 else 1)

            def __exit__(self, *error):
                torch.set_num_threads(self.own)

        return Threads()

    found = budget_of(another_order)
    assert found["modules"] == []
    for entry in found["outputs"].values():
        assert entry["unexplained_share"] == 0
        assert entry["largest_form"] is None


def test_a_16_bit_dtype_is_its_rounding(budget_of):
    logits = budget_of(dtype="bfloat16")["outputs"]["logits"]
    assert dtype_cause("bfloat16") in shares(logits)
    assert logits["unexplained_share"] < 0.1
    assert logits["largest_form_share"] < 0.5
