"""Which windows are taken up again, and from where."""

from __future__ import annotations

from speech_toolkit.transcription.windows.planner import WindowPlanner
from speech_toolkit.transcription.windows.window import Window

_LEAST_DISTANCE_S = 10.0  # in the file, from one retake to the next


class Retakes:
    """Decides for one file, window after window, whether the rest of one is heard once more.

    Only speech is, no second of the file twice, and nothing shortly behind what was: over music,
    invented lines would else step through the file.

    Args:
        planner: knows where speech is.
        sample_rate_hz: of the file.
    """

    def __init__(self, planner: WindowPlanner, sample_rate_hz: int) -> None:
        self._planner = planner
        self._least_distance = int(_LEAST_DISTANCE_S * sample_rate_hz)
        self._earliest_sample = 0

    def allow(self, window: Window, time_s: float) -> bool:
        """Tell whether a window may be taken up again from a second of it on."""
        start = window.to_file_sample(time_s)
        return (
            start >= self._earliest_sample and self._planner.speech_s(start, window.end_sample) > 0
        )

    def note(self, window: Window, time_s: float) -> None:
        """Keep that a window is taken up again from a second of it on."""
        start = window.to_file_sample(time_s)
        self._earliest_sample = max(window.end_sample, start + self._least_distance)
