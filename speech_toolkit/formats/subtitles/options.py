"""What a user asks of subtitles. The standard library alone, so that ``--help`` is fast."""

from __future__ import annotations

from dataclasses import dataclass, fields

from speech_toolkit.errors import UsageError
from speech_toolkit.ranges import (
    CHARS_PER_LINE,
    CHARS_PER_S,
    CUE_S,
    GAP_S,
    LINES,
    Range,
)

NETFLIX, BBC, PLAIN = "netflix", "bbc", "plain"
STYLES = (NETFLIX, BBC, PLAIN)
LIMITS: dict[str, Range] = {
    "max_chars_per_line": CHARS_PER_LINE,
    "max_lines": LINES,
    "min_cue_s": CUE_S,
    "max_cue_s": CUE_S,
    "max_chars_per_s": CHARS_PER_S,
    "min_gap_s": GAP_S,
}


@dataclass(frozen=True)
class SubtitleOptions:
    """A style by name, and what is to be other than it says.

    Attributes:
        style: one of ``STYLES``; "plain" is a cue for each segment, however long.
        highlight_words: whether each word is marked while it is spoken.
        max_chars_per_line: None, here and below, for what the style says.
        max_lines: of one cue.
        min_cue_s: seconds that a cue is shown at least, where the next leaves room.
        max_cue_s: seconds that it is shown at most.
        max_chars_per_s: read in a second.
        min_gap_s: seconds between a cue and the next.
    """

    style: str = NETFLIX
    highlight_words: bool = False
    max_chars_per_line: int | None = None
    max_lines: int | None = None
    min_cue_s: float | None = None
    max_cue_s: float | None = None
    max_chars_per_s: float | None = None
    min_gap_s: float | None = None

    def __post_init__(self) -> None:
        """Make sure that style and limits are such.

        Raises:
            UsageError: one is none, or has no effect.
        """
        if self.style not in STYLES:
            raise UsageError(f"subtitle_style {self.style!r}: must be one of {', '.join(STYLES)}")
        for name, value in self.limits.items():
            LIMITS[name].check(name, value)
            if self.is_plain:
                raise UsageError(
                    f"{name} has no effect on subtitles of style {PLAIN}; leave it out, or choose "
                    f"{NETFLIX} or {BBC}"
                )

    @property
    def is_plain(self) -> bool:
        """Whether every segment is one cue."""
        return self.style == PLAIN

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are other than the style's, by name."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in given if name in LIMITS and value is not None}
