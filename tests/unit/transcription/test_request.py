import json

from speech_toolkit.transcription.request import WhisperRequest
from speech_toolkit.transcription.settings import TranscriptionSettings


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
