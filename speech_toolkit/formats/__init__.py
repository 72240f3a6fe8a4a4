"""One transcription in the forms that other programs read: a module for each."""

from speech_toolkit.formats import json_document, plain_text, srt, tsv, vtt
from speech_toolkit.transcription.result import TranscriptionResult

_RENDERERS = {
    "txt": plain_text.render,
    "json": json_document.render,
    "srt": srt.render,
    "vtt": vtt.render,
    "tsv": tsv.render,
}
FORMATS = tuple(_RENDERERS)
TIMED_FORMATS = ("srt", "vtt", "tsv")


def render(result: TranscriptionResult, format_name: str) -> str:
    """Return a result as the text of a file, newline at its end included.

    Args:
        result: what was recognised.
        format_name: one of ``FORMATS``.
    """
    return _RENDERERS[format_name](result)
