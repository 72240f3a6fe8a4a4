"""Everything that is known, as ``results/schemas/transcription.schema.json`` describes it."""

from speech_toolkit.files.writing import json_text
from speech_toolkit.transcription.result import TranscriptionResult


def render(result: TranscriptionResult) -> str:
    """Return the whole result as JSON."""
    return json_text(result.to_dict())
