import pytest

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.evaluation.accuracy import one_file as compare
from speech_toolkit.evaluation.accuracy import one_file_on_device
from speech_toolkit.evaluation.accuracy.one_file import compare_devices
from speech_toolkit.evaluation.accuracy.one_file_on_device import transcribe_side
from speech_toolkit.processes.runner import Outcome
from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.transcriber import Transcriber
from tests.end_to_end.support import REPOSITORY

SENTENCE = REPOSITORY / "samples" / "recognition" / "sentence.flac"
LOAD = Transcriber.load


def spoil_half_types(model, name, size):
    """Noise on the weights of a module, as large as they are where ``size`` is 1."""
    import torch

    weights = model.get_submodule(name).weight
    noise = torch.randn(weights.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        weights.add_((noise * weights.float().square().mean().sqrt() * size).to(weights.dtype))


@pytest.mark.parametrize(("size", "verdict"), [(0.0, "PASS"), (2.0, "FAIL")])
def test_fault_that_leaves_one_sentence_as_it_is_is_noticed(monkeypatch, size, verdict):
    def load(*arguments, **options):
        loaded = LOAD(*arguments, **options)
        if arguments[2] == "bfloat16":
            spoil_half_types(loaded.decoder.model, "model.encoder.layers.1.fc2", size)
        return loaded

    def run(target, payload, *, label, **how):
        assert target.endswith(f"one_file_on_device:{transcribe_side.__name__}")
        result, arrays = transcribe_side(payload)
        return Outcome(label, "ok", result, arrays, None, 0, 1.0, ())

    spared = []
    monkeypatch.setattr(one_file_on_device, "spare_loaded", lambda: spared.append(True))
    monkeypatch.setattr(Transcriber, "load", load)
    monkeypatch.setattr(compare, "run_isolated", run)
    monkeypatch.setattr(compare, "prepare_environment", lambda name: None)
    request = WhisperRequest(None, str(SENTENCE), device="cpu", dtype="bfloat16")
    report, _ = compare_devices(request, None, Reporter(quiet=True))
    assert len(spared) == 2  # the collector leaves what was loaded alone, on either side
    assert report["text"]["exact_match"]
    assert report["verdict"] == verdict, report["reason"]
    assert report["sensitivity"]["smallest_noticed"] <= 0.3
