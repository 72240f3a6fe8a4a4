"""SubRip subtitles, which every player reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from speech_toolkit.formats.cues import clock
from speech_toolkit.formats.subtitles.marks import WORD_JOINER, escaped, joined, word_by_word
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.subtitle import Part, Subtitle
from speech_toolkit.formats.subtitles.writing import is_right_to_left
from speech_toolkit.formats.timed_text import TimedText

# Players read <i>, {\an8} and \N as markup, and SubRip has no escapes.
_MARKUP = re.compile(r"<(?=[A-Za-z/])|\{(?=\\)|\\(?=[Nnh])")
_ARROW = "-->"  # belongs to lines of times


def render(timed: TimedText, options: SubtitleOptions) -> str:
    """Return numbered cues with times as ``HH:MM:SS,mmm``.

    A highlighted word is underlined in a cue of its own, as openai/whisper has it.
    """
    from speech_toolkit.formats.subtitles.making import subtitles

    right_to_left = is_right_to_left(" ".join(segment.text for segment in timed.segments))
    tags = timed.tags if options.is_plain else frozenset()
    shown = (
        (start_ms, end_ms, _text(subtitle, spoken, tags, right_to_left=right_to_left))
        for subtitle in subtitles(timed, options)
        for start_ms, end_ms, spoken in _stretches(subtitle, options)
    )
    return "".join(
        f"{number}\n{_time(start_ms)} --> {_time(end_ms)}\n{text}\n\n"
        for number, (start_ms, end_ms, text) in enumerate(shown, start=1)
    )


def _stretches(
    subtitle: Subtitle, options: SubtitleOptions
) -> Iterator[tuple[int, int, Part | None]]:
    if options.highlight_words:
        return word_by_word(subtitle)
    return iter([(subtitle.start_ms, subtitle.end_ms, None)])


def _text(
    subtitle: Subtitle, spoken: Part | None, tags: frozenset[str], *, right_to_left: bool
) -> str:
    def write(part: Part) -> str:
        text = escaped(part.text, _escape, tags)
        return f"<u>{text}</u>" if part is spoken else text

    text = joined(subtitle, write, "\n", right_to_left=right_to_left)
    return text.replace(_ARROW, f"--{WORD_JOINER}>")


def _escape(text: str) -> str:
    return _MARKUP.sub(rf"\g<0>{WORD_JOINER}", text)


def _time(time_ms: int) -> str:
    return clock(time_ms, ",", with_hours=True)
