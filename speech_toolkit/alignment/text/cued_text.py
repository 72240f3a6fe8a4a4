"""A transcript whose sentences are known: the cues of subtitles, the intervals of a tier."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CuedText:
    """Text and where each of its cues begins; a cue is a sentence whatever its punctuation.

    Attributes:
        text: of all cues.
        cue_starts: for each cue its first character, rising.
    """

    text: str
    cue_starts: tuple[int, ...]
