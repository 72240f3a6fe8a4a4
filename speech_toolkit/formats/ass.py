"""Advanced SubStation Alpha subtitles: a style that is read easily, and karaoke times for words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speech_toolkit.errors import UsageError
from speech_toolkit.formats.intervals import MS_PER_S, apart
from speech_toolkit.formats.subtitles.marks import WORD_JOINER, joined
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.subtitle import Part, Subtitle
from speech_toolkit.formats.subtitles.writing import is_right_to_left
from speech_toolkit.formats.timed_text import TimedText

if TYPE_CHECKING:
    from pysubs2 import SSAStyle

_MS_PER_CS = 10
_LATEST_MS = 10 * 3_600_000  # the format has one digit for hours
# The format escapes nothing: braces become their wide forms, which no player takes for tags, and
# a backslash is kept from the letter with which it would be one.
_ESCAPES = str.maketrans({"{": "｛", "}": "｝", "\\": f"\\{WORD_JOINER}"})
_WHITE = (255, 255, 255)
_YELLOW = (255, 230, 80)
_SIZE = (1920, 1080)


def render(timed: TimedText, options: SubtitleOptions) -> str:
    r"""Return a script whose cues hold a ``{\k..}`` before each word that has a time.

    Without highlighting the colours before and after a word is spoken are the same, so that the
    times are there for whoever wants them and are not seen.

    Raises:
        UsageError: a cue ends later than the format can say.
    """
    from pysubs2 import SSAEvent, SSAFile

    from speech_toolkit.formats.subtitles.making import subtitles

    file = SSAFile()
    file.info |= {"PlayResX": str(_SIZE[0]), "PlayResY": str(_SIZE[1])}
    file.info["ScaledBorderAndShadow"] = "yes"
    file.styles = {"Default": _style(highlighted=options.highlight_words)}
    right_to_left = is_right_to_left(" ".join(segment.text for segment in timed.segments))
    shown = subtitles(timed, options)
    if shown and shown[-1].end_ms >= _LATEST_MS:
        raise UsageError(
            f"{timed.source}: speech after 10 hours cannot be written as ass; choose srt or vtt"
        )
    spans_s = [(cue.start_ms / MS_PER_S, cue.end_ms / MS_PER_S) for cue in shown]
    for cue, (start_ms, end_ms) in zip(shown, apart(spans_s, step_ms=_MS_PER_CS), strict=True):
        text = _text(cue, start_ms // _MS_PER_CS, right_to_left=right_to_left)
        file.append(SSAEvent(start_ms, end_ms, text))
    return file.to_string("ass", header_notice="speech-toolkit").rstrip("\n") + "\n"


def _style(*, highlighted: bool) -> SSAStyle:
    """Return large white letters with a dark edge; a highlighted word turns yellow once spoken."""
    from pysubs2 import Color, SSAStyle

    return SSAStyle(
        fontname="Arial",
        fontsize=60,
        primarycolor=Color(*(_YELLOW if highlighted else _WHITE)),
        secondarycolor=Color(*_WHITE),
        outlinecolor=Color(0, 0, 0),
        backcolor=Color(0, 0, 0, 128),
        outline=3,
        shadow=1,
        marginl=96,
        marginr=96,
        marginv=60,
        encoding=-1,  # libass then takes the direction of a line from its text
    )


def _text(subtitle: Subtitle, start_cs: int, *, right_to_left: bool) -> str:
    at_cs = start_cs

    def write(part: Part) -> str:
        nonlocal at_cs
        text = part.text.translate(_ESCAPES)
        if not part.is_timed:
            return text
        begins_cs = max(at_cs, _rounded(part.start_ms))
        pause_cs, ends_cs = begins_cs - at_cs, max(begins_cs, _rounded(part.end_ms))
        at_cs = ends_cs
        return f"{{\\k{pause_cs}}}" * (pause_cs > 0) + f"{{\\k{ends_cs - begins_cs}}}{text}"

    return joined(subtitle, write, r"\N", right_to_left=right_to_left)


def _rounded(time_ms: int) -> int:
    return (time_ms + _MS_PER_CS // 2) // _MS_PER_CS
