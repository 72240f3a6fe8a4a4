"""One result in the forms that other programs read: a file for each, and the table of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from speech_toolkit.formats import plain_text, srt, tsv, vtt
from speech_toolkit.formats.timed_text import TimedText, timed_text

JSON = "json"


@dataclass(frozen=True)
class Format:
    """A form in which timed text can be written.

    Attributes:
        name: as ``--format`` takes it.
        suffix: of its files, the dot included.
        needs: which times it cannot be without: "none", "segment" or "word".
        render: from timed text to the text of a file, newline at its end included; None for JSON,
            which is the result itself.
    """

    name: str
    suffix: str
    needs: str
    render: Callable[[TimedText], str] | None


_TABLE = (
    Format("txt", ".txt", "none", plain_text.render),
    Format(JSON, ".json", "none", None),
    Format("srt", ".srt", "segment", srt.render),
    Format("vtt", ".vtt", "segment", vtt.render),
    Format("tsv", ".tsv", "segment", tsv.render),
)
FORMATS = {entry.name: entry for entry in _TABLE}


def render(document: Mapping[str, Any], format_name: str) -> str:
    """Return a result as the text of a file, newline at its end included.

    Args:
        document: the JSON form of a transcription or an alignment.
        format_name: one of ``FORMATS``.
    """
    write = FORMATS[format_name].render
    if write is None:
        from speech_toolkit.files.writing import json_text

        return json_text(document)
    return write(timed_text(document))
