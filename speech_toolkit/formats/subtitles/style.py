"""The conventions of subtitles: what fits a line and a cue, and how long it is read.

Published figures are of characters. What is laid out here is columns, as a terminal has them: a
Chinese, Japanese or Korean character takes two, so that a line holds half as many of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from speech_toolkit.errors import UsageError
from speech_toolkit.formats.subtitles.options import BBC, NETFLIX, SubtitleOptions
from speech_toolkit.formats.subtitles.writing import ALPHABET, CHINESE, JAPANESE, KOREAN, writing_of


@dataclass(frozen=True)
class SubtitleStyle:
    """Limits of subtitles.

    Attributes:
        max_chars_per_line: characters, spaces and punctuation included.
        max_lines: of one cue.
        min_cue_s: seconds that a cue is shown at least, where the next leaves room.
        max_cue_s: seconds that it is shown at most.
        max_chars_per_s: characters that are read in a second.
        min_gap_s: seconds between a cue and the next.
        closed_gap_s: seconds; a shorter gap is closed to ``min_gap_s``, lest it flickers.
        columns_per_char: 2 where wide characters are what is counted, and others count half.
    """

    max_chars_per_line: int
    max_lines: int
    min_cue_s: float
    max_cue_s: float
    max_chars_per_s: float
    min_gap_s: float
    closed_gap_s: float
    columns_per_char: int = 1

    @property
    def max_columns(self) -> int:
        """Columns of a line."""
        return self.max_chars_per_line * self.columns_per_char

    @property
    def max_columns_per_s(self) -> float:
        """Columns that are read in a second."""
        return self.max_chars_per_s * self.columns_per_char


# Netflix: https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617 (General Requirements:
# 5/6 to 7 seconds, 2 lines; Subtitle Timing Guidelines: 2 frames between cues, and gaps below half
# a second closed to them; a frame is taken as 1/24 s), and the guides of each language: English 42
# characters a line and 20 a second; Chinese 16 and 9; Japanese 13 and 4; Korean 16 and 12.
_NETFLIX = SubtitleStyle(
    max_chars_per_line=42,
    max_lines=2,
    min_cue_s=5 / 6,
    max_cue_s=7.0,
    max_chars_per_s=20,
    min_gap_s=2 / 24,
    closed_gap_s=0.5,
)
# BBC: https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/: 37 characters (3.1), two
# lines (3.3), at most 180 words a minute (4): 17 characters a second, as an English word takes 5.7
# with its space; gaps of a second or more, else none (4.5). It names no shortest or longest time,
# and nothing for wide characters: the former are Netflix's, the latter half the figures.
_BBC = replace(_NETFLIX, max_chars_per_line=37, max_chars_per_s=17, min_gap_s=0.0, closed_gap_s=1.0)
_WIDE_BBC: Mapping[str, Any] = {"max_chars_per_line": 18, "max_chars_per_s": 8.5}
_STYLES: Mapping[str, tuple[SubtitleStyle, Mapping[str, Mapping[str, Any]]]] = {
    NETFLIX: (
        _NETFLIX,
        {
            ALPHABET: {},
            CHINESE: {"max_chars_per_line": 16, "max_chars_per_s": 9},
            JAPANESE: {"max_chars_per_line": 13, "max_chars_per_s": 4},
            KOREAN: {"max_chars_per_line": 16, "max_chars_per_s": 12},
        },
    ),
    BBC: (_BBC, {ALPHABET: {}, CHINESE: _WIDE_BBC, JAPANESE: _WIDE_BBC, KOREAN: _WIDE_BBC}),
}


def style_for(options: SubtitleOptions, text: str) -> SubtitleStyle:
    """Return the limits that a user asks for, with the figures of the writing that a text is in.

    Args:
        options: not plain.
        text: all of it.

    Raises:
        UsageError: the limits contradict each other.
    """
    general, by_writing = _STYLES[options.style]
    writing = writing_of(text)
    columns_per_char = 1 if writing == ALPHABET else 2
    style = replace(
        general,
        columns_per_char=columns_per_char,
        **{**by_writing[writing], **options.limits},
    )
    if style.min_cue_s > style.max_cue_s:
        raise UsageError(
            f"min_cue_s {style.min_cue_s:g}: is longer than max_cue_s {style.max_cue_s:g}"
        )
    return style
