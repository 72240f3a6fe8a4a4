"""Segments as subtitle cues: whole milliseconds, one after the other."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from speech_toolkit.formats.intervals import MS_PER_S, apart
from speech_toolkit.formats.timed_text import TimedSegment

MS_PER_HOUR = 3_600_000
MS_PER_MINUTE = 60_000


@dataclass(frozen=True)
class Cue:
    """A line of text and when it is shown.

    Attributes:
        start_ms: milliseconds from the start of the audio.
        end_ms: later than ``start_ms``, half-open.
        text: one line, not empty.
    """

    start_ms: int
    end_ms: int
    text: str


def cues(segments: Iterable[TimedSegment]) -> list[Cue]:
    """Return the segments that have text as cues in order of time.

    Every cue is shown for a millisecond at least and none while another is: a player drops a cue
    without length, and stacks cues that overlap. A segment that reaches into the next is cut there.
    """
    spoken = [(segment, text) for segment in segments if (text := one_line(segment.text))]
    spans_ms = apart([(segment.start_s, segment.end_s) for segment, _ in spoken])
    return [Cue(*span_ms, text) for span_ms, (_, text) in zip(spans_ms, spoken, strict=True)]


def one_line(text: str) -> str:
    """Return ``text`` with each run of white space and control characters as one space."""
    visible = (" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join("".join(visible).split())


def clock(time_ms: int, decimal_mark: str, *, with_hours: bool) -> str:
    """Return a time as ``HH:MM:SS.mmm``.

    Args:
        time_ms: milliseconds, 0 or more.
        decimal_mark: between seconds and milliseconds.
        with_hours: whether the hours are shown where they are 0.
    """
    hours, rest_ms = divmod(time_ms, MS_PER_HOUR)
    minutes, rest_ms = divmod(rest_ms, MS_PER_MINUTE)
    seconds, rest_ms = divmod(rest_ms, MS_PER_S)
    shown_hours = f"{hours:02d}:" if with_hours or hours else ""
    return f"{shown_hours}{minutes:02d}:{seconds:02d}{decimal_mark}{rest_ms:03d}"
