"""Text alone: one line for each segment, as openai/whisper's ``txt``."""

from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.timed_text import TimedText


def render(timed: TimedText) -> str:
    """Return the segments' text, a line each; segments without text are left out."""
    lines = (one_line(segment.text) for segment in timed.segments)
    return "".join(f"{line}\n" for line in lines if line)
