"""WebVTT subtitles, as openai/whisper writes them but with markup characters escaped."""

from speech_toolkit.formats.cues import clock, cues
from speech_toolkit.formats.timed_text import TimedText

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def render(timed: TimedText) -> str:
    """Return cues with times as ``MM:SS.mmm``, with hours from the first hour on.

    Source of the escapes: https://www.w3.org/TR/webvtt1/, section 3.5. They also keep ``-->`` out
    of the text, where it would be read as a line of times.
    """
    return "WEBVTT\n\n" + "".join(
        f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{cue.text.translate(_ESCAPES)}\n\n"
        for cue in cues(timed.segments)
    )


def _time(time_ms: int) -> str:
    return clock(time_ms, ".", with_hours=False)
