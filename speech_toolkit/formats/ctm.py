"""NIST's CTM, which scoring tools read: a line a word with start, duration and confidence."""

from speech_toolkit.formats.intervals import milliseconds
from speech_toolkit.formats.nist import field, place
from speech_toolkit.formats.timed_text import TimedText, TimedWord


def render(timed: TimedText) -> str:
    """Return a line for each word; the confidence is left out where nothing could be heard.

    It is the calibrated one where there is one, and the probability elsewhere.

    Source of the form: https://github.com/usnistgov/SCTK, doc/infmts.htm, CTM.
    """
    return "".join(_line(timed.source, word) for word in timed.spoken_parts if field(word.text))


def _line(source: str, word: TimedWord) -> str:
    confidence = "" if word.sureness is None else f" {word.sureness:.4f}"
    start_ms = milliseconds(word.start_s)
    end_ms = max(start_ms, milliseconds(word.end_s))
    return f"{place(source, start_ms, end_ms)} {field(word.text)}{confidence}\n"
