"""LRC, the lyrics that music players scroll: when each line begins, in hundredths of a second."""

import math
import re

from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.intervals import apart
from speech_toolkit.formats.timed_text import TimedText

CLEARED_BEFORE_PAUSE_MS = 1_000
_HUNDREDTHS_PER_MINUTE = 6_000
_TIME_OF_A_WORD = re.compile(r"(<\s*\d+:)(?=\d)")


def render(timed: TimedText) -> str:
    """Return a line for each segment, and an empty one where a longer pause follows it.

    A line of LRC has no end: it stands until the next, which an empty one takes off the screen.
    """
    lines = [(segment, text) for segment in timed.segments if (text := one_line(segment.text))]
    spans_ms = apart([(segment.start_s, segment.end_s) for segment, _ in lines])
    nexts_ms = [*(start_ms for start_ms, _ in spans_ms[1:]), math.inf]
    written = []
    for (start_ms, end_ms), next_ms, (_, text) in zip(spans_ms, nexts_ms, lines, strict=False):
        written.append(f"[{_clock(start_ms)}]{_safe(text)}\n")
        if next_ms - end_ms >= CLEARED_BEFORE_PAUSE_MS:
            written.append(f"[{_clock(end_ms)}]\n")
    return "".join(written)


def _clock(time_ms: int) -> str:
    """Return a time as ``MM:SS.xx``; minutes go on beyond 59, for LRC knows no hours."""
    minutes, rest = divmod(round(time_ms / 10), _HUNDREDTHS_PER_MINUTE)
    return f"{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _safe(text: str) -> str:
    """Keep text from being read as a tag of a line, or of a word, by a space."""
    untimed = _TIME_OF_A_WORD.sub(r"\1 ", text)
    return f" {untimed}" if untimed.startswith("[") else untimed
