import json

from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.transcriber import Transcriber


def test_a_request_survives_json():
    request = WhisperRequest(
        model_path="model",
        audio_path="a.wav",
        device="npu:1",
        dtype="float16",
        decode_graph="off",
        settings=TranscriptionSettings(language="en", temperatures=(0.0, 0.5), seed=3),
    )

    assert WhisperRequest.from_payload(json.loads(json.dumps(request.to_payload()))) == request


def test_on_another_device_all_else_stays():
    request = WhisperRequest(model_path=None, audio_path="a.wav", device="npu", dtype="float16")

    moved = request.on("cpu", "float32")

    assert (moved.device, moved.dtype) == ("cpu", "float32")
    assert moved.on("npu", "float16") == request


def test_a_model_is_loaded_as_its_request_says(monkeypatch):
    asked = {}
    names = ("model_path", "device", "dtype", "attn_implementation", "decode_graph")

    def load(*values, float32_precision, on_device):
        asked.update(zip(names, values, strict=True), float32_precision=float32_precision)
        return on_device

    monkeypatch.setattr(Transcriber, "load", load)
    request = WhisperRequest(
        "model", "a.wav", "npu:1", "float32", "eager", "off", float32_precision="high"
    )

    assert Transcriber.for_request(request, on_device=print) is print
    assert asked == {name: getattr(request, name) for name in (*names, "float32_precision")}
