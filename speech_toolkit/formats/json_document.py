"""Everything that is known: what ``results/schemas`` describes for transcription and alignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speech_toolkit.files.writing import json_text

if TYPE_CHECKING:
    from speech_toolkit.formats.timed_text import Result


def render(result: Result) -> str:
    """Return the whole result as JSON, with more than the timed text that other formats hold."""
    return json_text(result.to_dict())
