"""NIST's RTTM, which tools for speech activity and speakers read: where somebody speaks."""

from collections.abc import Iterable

from speech_toolkit.formats.intervals import milliseconds
from speech_toolkit.formats.nist import place
from speech_toolkit.formats.timed_text import TimedText, TimedWord

SHORTEST_PAUSE_MS = 300  # about the shortest that parts one utterance from the next
_NAME = "speech"


def render(timed: TimedText) -> str:
    """Return a line for each stretch of speech, all of one speaker, in order of time.

    Source of the form: https://github.com/nryant/dscore, RTTM.
    """
    return "".join(
        f"SPEAKER {place(timed.source, start_ms, end_ms)} <NA> <NA> {_NAME} <NA> <NA>\n"
        for start_ms, end_ms in _stretches_ms(timed.spoken_parts)
        if end_ms > start_ms
    )


def _stretches_ms(words: Iterable[TimedWord]) -> list[tuple[int, int]]:
    """Join the times of words that follow each other without a pause."""
    joined: list[tuple[int, int]] = []
    spans_s = sorted((word.start_s, word.end_s) for word in words)
    for start_ms, end_ms in (map(milliseconds, span_s) for span_s in spans_s):
        if joined and start_ms - joined[-1][1] < SHORTEST_PAUSE_MS:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_ms)
        else:
            joined.append((start_ms, end_ms))
    return joined
