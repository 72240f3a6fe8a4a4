"""What the NIST formats CTM and RTTM have in common: fields between spaces, times in seconds."""

from pathlib import PurePath

from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.intervals import MS_PER_S

_CHANNEL = "1"
_UNNAMED = "-"


def place(source: str, start_ms: int, end_ms: int) -> str:
    """Return recording, channel, and start and duration in seconds.

    Args:
        source: the audio file; its name without suffix is the recording's.
        start_ms: milliseconds from the start of the audio.
        end_ms: milliseconds, no earlier.
    """
    start_s, duration_s = start_ms / MS_PER_S, (end_ms - start_ms) / MS_PER_S
    return f"{_recording(source)} {_CHANNEL} {start_s:.3f} {duration_s:.3f}"


def field(text: str) -> str:
    """Return ``text`` as one field: each run of white space and control characters as ``_``."""
    return one_line(text).replace(" ", "_")


def _recording(source: str) -> str:
    name = field(PurePath(source).stem) or _UNNAMED
    return name.replace(";", "_", 1) if name.startswith(";") else name  # ";;" begins a comment
