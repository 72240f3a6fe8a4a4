"""A table of start, end (in milliseconds) and text, as openai/whisper's ``tsv``."""

from speech_toolkit.formats.cues import cues
from speech_toolkit.formats.timed_text import TimedText


def render(timed: TimedText) -> str:
    """Return the header and a row for each cue, separated by tabs."""
    rows = (f"{cue.start_ms}\t{cue.end_ms}\t{cue.text}\n" for cue in cues(timed.segments))
    return "start\tend\ttext\n" + "".join(rows)
