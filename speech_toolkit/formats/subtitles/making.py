"""Timed text -> subtitles: all stages, one after the other."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, chain

from speech_toolkit.formats.cues import cues, one_line
from speech_toolkit.formats.subtitles.atoms import Atom, atoms_of
from speech_toolkit.formats.subtitles.layout import cue_spans, lines_of
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.style import style_for
from speech_toolkit.formats.subtitles.subtitle import Subtitle
from speech_toolkit.formats.subtitles.timing import shown_times, subtitle
from speech_toolkit.formats.timed_text import TimedSegment, TimedText, TimedWord

_NEWLINE = re.compile(r"[\r\n]+")


def subtitles(timed: TimedText, options: SubtitleOptions) -> tuple[Subtitle, ...]:
    """Turn timed text into subtitles, one after the other, none shown while another is.

    Args:
        timed: of a transcription or an alignment. Where its words have no times, a segment's time
            is shared out by length.
        options: what the user asks for.
    """
    segments = [segment for segment in timed.segments if one_line(segment.text)]
    if options.is_plain:
        lines = _own_lines(timed, segments)
        times_ms = [(cue.start_ms, cue.end_ms) for cue in cues(segments)]
    else:
        style = style_for(options, " ".join(segment.text for segment in segments))
        atoms = tuple(chain.from_iterable(atoms_of(replace(timed, segments=tuple(segments)))))
        groups = [atoms[first:last] for first, last in cue_spans(atoms, style)]
        lines = [lines_of(group, style) for group in groups]
        times_ms = list(shown_times(groups, style))
    return tuple(subtitle(own, *span) for own, span in zip(lines, times_ms, strict=True))


def _own_lines(
    timed: TimedText, segments: Sequence[TimedSegment]
) -> list[tuple[tuple[Atom, ...], ...]]:
    """Return the atoms of each segment in the lines that its text has."""
    per_segment = [_lines_of(segment) for segment in segments]
    atoms = iter(atoms_of(replace(timed, segments=tuple(chain.from_iterable(per_segment)))))
    return [tuple(next(atoms) for _ in lines) for lines in per_segment]


def _lines_of(segment: TimedSegment) -> list[TimedSegment]:
    """Part a segment at its newlines; each word goes with the line in which it begins."""
    lines = [line for line in _NEWLINE.split(segment.text) if one_line(line)]
    if len(lines) == 1:
        return [segment]
    ends = list(accumulate(map(_letters, lines)))
    begins = accumulate((_letters(word.text) for word in segment.words), initial=0)
    own: list[list[TimedWord]] = [[] for _ in lines]
    for word, begin in zip(segment.words, begins, strict=False):
        own[min(bisect_right(ends, begin), len(lines) - 1)].append(word)
    return [
        replace(segment, text=line, words=tuple(words))
        for line, words in zip(lines, own, strict=True)
    ]


def _letters(text: str) -> int:
    return sum(not character.isspace() for character in text)
