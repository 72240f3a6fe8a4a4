"""One result in the forms that other programs read: a file for each, and the table of them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speech_toolkit.formats import json_document, plain_text, srt, tsv, vtt
from speech_toolkit.formats.timed_text import TimedText, timed_text

if TYPE_CHECKING:
    from speech_toolkit.formats.timed_text import Result


@dataclass(frozen=True)
class Format:
    """A form in which a result can be written.

    Attributes:
        name: as ``--format`` takes it.
        suffix: of its files, the dot included.
        needs: which times it cannot be without: "none", "segment" or "word".
        render: from a result to the text of a file, newline at its end included.
    """

    name: str
    suffix: str
    needs: str
    render: Callable[[Result], str]


def _of_timed_text(render: Callable[[TimedText], str]) -> Callable[[Result], str]:
    return lambda result: render(timed_text(result))


_TABLE = (
    Format("txt", ".txt", "none", _of_timed_text(plain_text.render)),
    Format("json", ".json", "none", json_document.render),
    Format("srt", ".srt", "segment", _of_timed_text(srt.render)),
    Format("vtt", ".vtt", "segment", _of_timed_text(vtt.render)),
    Format("tsv", ".tsv", "segment", _of_timed_text(tsv.render)),
)
FORMATS = {entry.name: entry for entry in _TABLE}


def render(result: Result, format_name: str) -> str:
    """Return a result as the text of a file, newline at its end included.

    Args:
        result: of a transcription or an alignment.
        format_name: one of ``FORMATS``.
    """
    return FORMATS[format_name].render(result)
