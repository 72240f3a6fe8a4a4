"""Results of earlier runs, read back from JSON to be written in another form."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from speech_toolkit.alignment.quality.quality import VERDICTS
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import check_schema, parse_json, read_text, shown_path
from speech_toolkit.files.schema_parts import or_null, record, records

_ADVICE = "give a result of inference_mms.py or inference_whisper.py"
_SECONDS = {"type": "number", "minimum": 0, "maximum": 10**9, "description": "seconds"}
_PROBABILITY = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_INDEX = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}


def read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the JSON of a transcription or an alignment, of this or an earlier version.

    Only what other formats are written from is checked; all else is kept as it is.

    Raises:
        UsageError: it cannot be read, or is no such result; the message names key and value.
    """
    file = Path(path)
    text = read_text(file, error=UsageError, advice=_ADVICE)
    content = parse_json(text, shown_path(path), error=UsageError, advice=_ADVICE)
    is_alignment = isinstance(content, dict) and "transcript" in content
    schema = _ALIGNMENT if is_alignment else _TRANSCRIPTION
    for each in (schema, _OPTIONAL):
        check_schema(content, each, shown_path(path), error=UsageError, advice=_ADVICE)
    return content


def _spans(text_key: str) -> dict[str, Any]:
    return records(
        **{text_key: _TEXT},
        start_time=_SECONDS,
        end_time=_SECONDS,
        probability=_PROBABILITY,
        start_char=_INDEX,
        end_char=_INDEX,
    )


# What only some results have.
_OPTIONAL = {
    "properties": {
        "words": {"items": {"properties": {"confidence": _PROBABILITY}}},
        "quality": or_null(
            record(
                verdict={"enum": list(VERDICTS)},
                confidence={**_PROBABILITY, "type": "number"},
                reasons=records(kind=_TEXT, text=_TEXT),
                not_spoken=records(
                    first_word=_INDEX,
                    end_word=_INDEX,
                    text=_TEXT,
                    start_time=_SECONDS,
                    end_time=_SECONDS,
                ),
                not_in_transcript=records(
                    start_time=_SECONDS,
                    end_time=_SECONDS,
                    after_word={"type": "integer", "minimum": -1},
                    heard=_TEXT,
                    repeats={"type": ["array", "null"]},
                ),
            ),
        ),
        "settings": {
            "type": "object",
            "properties": {
                "audio_track": {"type": "integer", "minimum": 0},
                "start_s": _SECONDS,
                "end_s": {**_SECONDS, "exclusiveMinimum": 0},
            },
        },
    }
}
_ALIGNMENT = record(
    transcript=_TEXT,
    language={"type": ["string", "null"]},
    audio_path=_TEXT,
    audio_duration=_SECONDS,
    segments=_spans("token"),
    words=_spans("text"),
    sentences=_spans("text"),
)
_TRANSCRIPTION = record(
    text=_TEXT,
    language={"type": ["string", "null"]},
    audio_path=_TEXT,
    audio_duration_s=_SECONDS,
    segments=records(text=_TEXT, start_s=_SECONDS, end_s=_SECONDS),
    words=records(text=_TEXT, start_s=_SECONDS, end_s=_SECONDS, probability=_PROBABILITY),
)
