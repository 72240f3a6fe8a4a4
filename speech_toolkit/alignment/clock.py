"""From frames to the times that users are given."""

from dataclasses import dataclass

TIME_DIGITS = 6


@dataclass(frozen=True)
class Clock:
    """Tells when frames are.

    Attributes:
        stride_s: seconds per frame.
        duration_s: seconds of audio, where the last frame ends, which may be filled in part.
        start_s: where in its file the audio begins.
    """

    stride_s: float
    duration_s: float
    start_s: float = 0.0

    def seconds(self, frame: float) -> float:
        """Return when a frame begins, or a part of one, in seconds from the start of the file."""
        in_audio_s = min(round(frame * self.stride_s, TIME_DIGITS), self.duration_s)
        return round(self.start_s + in_audio_s, TIME_DIGITS) if self.start_s else in_audio_s
