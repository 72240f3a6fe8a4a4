"""Which part of a recording is read: its track, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from speech_toolkit.errors import UsageError
from speech_toolkit.ranges import AUDIO_TRACK, MOMENT_S


@dataclass(frozen=True)
class AudioPart:
    """A track of a recording, and a stretch of it.

    Attributes:
        track: audio track, counted from 0 as ffmpeg's ``0:a:N`` is.
        start_s: seconds into the recording at which the stretch begins.
        end_s: seconds at which it ends; None for the recording's end.
    """

    track: int = 0
    start_s: float = 0.0
    end_s: float | None = None

    def __post_init__(self) -> None:
        AUDIO_TRACK.check("audio_track", self.track)
        MOMENT_S.check("start_s", self.start_s)
        if self.end_s is None:
            return
        MOMENT_S.check("end_s", self.end_s)
        if self.end_s <= self.start_s:
            raise UsageError(
                f"end_s {self.end_s:.10g} is not after start_s {self.start_s:.10g}: "
                "give a later end"
            )

    def settings(self) -> dict[str, Any]:
        """Return what was asked for, as the settings of a result name it; nothing for a whole."""
        asked_for = {"audio_track": self.track, "start_s": self.start_s, "end_s": self.end_s}
        whole = {"audio_track": 0, "start_s": 0.0, "end_s": None}
        return {name: value for name, value in asked_for.items() if value != whole[name]}


WHOLE = AudioPart()
