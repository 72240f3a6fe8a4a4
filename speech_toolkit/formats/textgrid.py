"""A TextGrid for Praat: a tier each for sentences, words and characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.intervals import MS_PER_S, apart, milliseconds
from speech_toolkit.formats.timed_text import (
    Remark,
    TimedCharacter,
    TimedSegment,
    TimedText,
    TimedWord,
)

_Spoken = TimedSegment | TimedWord | TimedCharacter | Remark


def render(timed: TimedText) -> str:
    """Return the long text form, whose tiers reach from 0 to the end of the audio.

    Intervals of a tier neither overlap nor are empty: what is spoken while the next already is is
    cut there, and a word without length takes a millisecond of its neighbour. Words and characters
    have a tier where they have times, and so has what is said of where text and audio disagree.
    """
    from praatio.utilities.textgrid_io import getTextgridAsStr

    characters = [character for word in timed.words for character in word.characters]
    tiers = {"sentences": _with_text(timed.segments)}
    tiers |= {"words": _with_text(timed.words)} if timed.words else {}
    tiers |= {"characters": _with_text(characters)} if characters else {}
    tiers |= {"quality": _with_text(timed.remarks)} if timed.remarks else {}
    return getTextgridAsStr(
        _grid(tiers, timed.duration_s), format="long_textgrid", includeBlankSpaces=True
    )


def _with_text(spoken: Iterable[_Spoken]) -> list[tuple[_Spoken, str]]:
    return [(part, text) for part in spoken if (text := one_line(part.text))]


def _grid(tiers: Mapping[str, list[tuple[_Spoken, str]]], duration_s: float) -> dict[str, Any]:
    """Return the tiers in praatio's form, whose times must be floats of Python."""
    duration_ms = milliseconds(duration_s)
    ends_ms = (milliseconds(part.end_s) for spoken in tiers.values() for part, _ in spoken)
    limit_ms = max(duration_ms, 1, *map(len, tiers.values()), *ends_ms)
    end_s = float(duration_s) if limit_ms == duration_ms else limit_ms / MS_PER_S

    def seconds(time_ms: int) -> float:
        return end_s if time_ms == limit_ms else time_ms / MS_PER_S

    return {
        "xmin": 0.0,
        "xmax": end_s,
        "tiers": [
            {
                "class": "IntervalTier",
                "name": name,
                "xmin": 0.0,
                "xmax": end_s,
                "entries": [
                    (seconds(start_ms), seconds(end_ms), text)
                    for (start_ms, end_ms), (_, text) in zip(
                        apart([(part.start_s, part.end_s) for part, _ in spoken], limit_ms),
                        spoken,
                        strict=True,
                    )
                ],
            }
            for name, spoken in tiers.items()
        ],
    }
