"""Timed text -> subtitles: all stages, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from speech_toolkit.formats.cues import cues, one_line
from speech_toolkit.formats.subtitles.atoms import Atom, atoms_of
from speech_toolkit.formats.subtitles.layout import cue_spans, lines_of
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.style import style_for
from speech_toolkit.formats.subtitles.subtitle import Subtitle
from speech_toolkit.formats.subtitles.timing import shown_times, subtitle
from speech_toolkit.formats.timed_text import TimedText


def subtitles(timed: TimedText, options: SubtitleOptions) -> tuple[Subtitle, ...]:
    """Turn timed text into subtitles, one after the other, none shown while another is.

    Args:
        timed: of a transcription or an alignment. Where its words have no times, a segment's time
            is shared out by length.
        options: what the user asks for.
    """
    segments = [segment for segment in timed.segments if one_line(segment.text)]
    timed = replace(timed, segments=tuple(segments))
    made = _one_each(timed) if options.is_plain else _laid_out(timed, options)
    return tuple(subtitle(lines, start_ms, end_ms) for lines, start_ms, end_ms in made)


_Laid = tuple[tuple[tuple[Atom, ...], ...], int, int]


def _one_each(timed: TimedText) -> Iterator[_Laid]:
    """Yield a cue for each segment, on one line, as openai/whisper does."""
    atoms = atoms_of(timed)
    for own, cue in zip(atoms, cues(timed.segments), strict=True):
        yield (own,), cue.start_ms, cue.end_ms


def _laid_out(timed: TimedText, options: SubtitleOptions) -> Iterator[_Laid]:
    atoms = tuple(atom for own in atoms_of(timed) for atom in own)
    style = style_for(options, " ".join(segment.text for segment in timed.segments))
    spans = cue_spans(atoms, style)
    groups = [atoms[first:last] for first, last in spans]
    times = shown_times(groups, style)
    for group, (start_ms, end_ms) in zip(groups, times, strict=True):
        yield lines_of(group, style), start_ms, end_ms
