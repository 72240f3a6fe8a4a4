"""Timed text -> subtitles: all stages, one after the other."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from speech_toolkit.formats.cues import cues, one_line
from speech_toolkit.formats.subtitles.atoms import atoms_of
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
    per_segment = atoms_of(replace(timed, segments=tuple(segments)))
    if options.is_plain:
        lines = [(atoms,) for atoms in per_segment]
        times_ms = [(cue.start_ms, cue.end_ms) for cue in cues(segments)]
    else:
        style = style_for(options, " ".join(segment.text for segment in segments))
        atoms = tuple(chain.from_iterable(per_segment))
        groups = [atoms[first:last] for first, last in cue_spans(atoms, style)]
        lines = [lines_of(group, style) for group in groups]
        times_ms = list(shown_times(groups, style))
    return tuple(subtitle(own, *span) for own, span in zip(lines, times_ms, strict=True))
