"""Labels for Audacity: start and end in seconds, and a word, separated by tabs."""

from itertools import chain

from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.timed_text import TimedText


def render(timed: TimedText) -> str:
    """Return a label for each word, or for a segment whose words have no times.

    A word without length is a point label. Below them stands where text and audio disagree.
    """
    return "".join(
        f"{part.start_s:.6f}\t{max(part.start_s, part.end_s):.6f}\t{text}\n"
        for part in chain(timed.parts, timed.remarks)
        if (text := one_line(part.text))
    )
