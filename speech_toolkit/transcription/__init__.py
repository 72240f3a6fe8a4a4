"""Speech to text with Whisper models: windows, decoding, segments of text."""

from importlib import import_module
from typing import Any

_MODULE_OF = {
    "Transcriber": "speech_toolkit.transcription.transcriber",
    "TranscriptionResult": "speech_toolkit.transcription.result",
    "TranscriptionSettings": "speech_toolkit.transcription.settings",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    """Import a public name's module when the name is first asked for."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)
