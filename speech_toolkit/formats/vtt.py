"""WebVTT subtitles, which browsers read."""

from __future__ import annotations

from speech_toolkit.formats.cues import clock
from speech_toolkit.formats.subtitles.marks import escaped, joined
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.subtitle import Part, Subtitle
from speech_toolkit.formats.subtitles.writing import is_right_to_left
from speech_toolkit.formats.timed_text import TimedText

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HIGHLIGHT = "STYLE\n::cue(c:past) { color: yellow }\n::cue(c:future) { color: white }\n\n"


def render(timed: TimedText, options: SubtitleOptions) -> str:
    """Return cues with times as ``MM:SS.mmm``, with hours from the first hour on.

    Highlighted words carry their times inside their cue, for which players and style sheets have
    ``:past`` and ``:future``.

    Source: https://www.w3.org/TR/webvtt1/, sections 3.1 and 3.5. The escapes also keep ``-->`` out
    of the text, where it would be read as a line of times.
    """
    from speech_toolkit.formats.subtitles.making import subtitles

    right_to_left = is_right_to_left(" ".join(segment.text for segment in timed.segments))
    tags = timed.tags if options.is_plain else frozenset()
    header = f"WEBVTT\n\n{_HIGHLIGHT if options.highlight_words else ''}"
    return header + "".join(
        f"{_time(subtitle.start_ms)} --> {_time(subtitle.end_ms)}\n"
        f"{_text(subtitle, options, tags, right_to_left=right_to_left)}\n\n"
        for subtitle in subtitles(timed, options)
    )


def _text(
    subtitle: Subtitle, options: SubtitleOptions, tags: frozenset[str], *, right_to_left: bool
) -> str:
    at_ms = subtitle.start_ms

    def write(part: Part) -> str:
        nonlocal at_ms
        text = escaped(part.text, _escape, tags)
        if not (options.highlight_words and part.is_timed):
            return text
        # A timestamp is later than those before it, and inside of the cue.
        is_later = at_ms < part.start_ms < subtitle.end_ms
        at_ms = max(at_ms, part.start_ms)
        return f"{f'<{_time(part.start_ms)}>' if is_later else ''}<c>{text}</c>"

    return joined(subtitle, write, "\n", right_to_left=right_to_left)


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)


def _time(time_ms: int) -> str:
    return clock(time_ms, ".", with_hours=False)
