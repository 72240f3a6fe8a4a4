"""SubRip subtitles, as openai/whisper writes them."""

from speech_toolkit.formats.cues import clock, cues
from speech_toolkit.formats.timed_text import TimedText


def render(timed: TimedText) -> str:
    """Return numbered cues with times as ``HH:MM:SS,mmm``."""
    return "".join(
        f"{number}\n{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{_safe(cue.text)}\n\n"
        for number, cue in enumerate(cues(timed.segments), start=1)
    )


def _time(time_ms: int) -> str:
    return clock(time_ms, ",", with_hours=True)


def _safe(text: str) -> str:
    """Keep text from being read as a line of times."""
    return text.replace("-->", "->")
