"""Waveform -> how loud each frame is, against the background around it.

Dimensions: T frames.
"""

from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.models.frame_geometry import FrameGeometry

_SILENCE_POWER = 1e-10
_BLOCK_FRAMES = 1500
_BACKGROUND_PERCENTILE = 5
_LOUD_SHARE = 0.5


@dataclass(frozen=True)
class Loudness:
    """Levels of the frames of one recording.

    Attributes:
        levels_db: float32 (T,), mean power of each frame's samples, full scale is 0.
        background_db: float32 (T,), the level that the quietest frames around it have.
    """

    levels_db: np.ndarray
    background_db: np.ndarray

    def thresholds_db(
        self, peaks_db: np.ndarray | float, frames: np.ndarray | slice | int
    ) -> np.ndarray:
        """Return the levels from which on sound at ``frames`` counts as loud.

        Each is the middle, in dB, between the background there and the peak of what is spoken.
        """
        background = self.background_db[frames]
        return background + _LOUD_SHARE * (peaks_db - background)


def measure_loudness(samples: np.ndarray, geometry: FrameGeometry) -> Loudness:
    """Measure a waveform frame by frame, in blocks, so that no second copy of it is made.

    Args:
        samples: float32 (N,), of at least one frame.
        geometry: which samples stand at each frame's place.

    Returns:
        T = ``geometry.frames(N)`` levels, and the background of the half minute that each frame
        is in.
    """
    num_frames = geometry.frames(len(samples))
    stride, width = geometry.stride_samples, geometry.place_samples
    levels_db = np.empty(num_frames, dtype=np.float32)
    background_db = np.empty(num_frames, dtype=np.float32)
    blocks = np.array_split(np.arange(num_frames), -(-num_frames // _BLOCK_FRAMES))
    for first, stop in ((int(block[0]), int(block[-1]) + 1) for block in blocks):
        start = first * stride
        part = samples[start : start + (stop - first - 1) * stride + width]
        seen = np.minimum(width, len(samples) - stride * np.arange(first, stop))
        part = np.pad(part, (0, width - seen[-1]))
        frames = np.lib.stride_tricks.sliding_window_view(part, width)
        power = np.einsum("ts,ts->t", *[frames[::stride]] * 2) / seen.astype(np.float32)
        levels_db[first:stop] = 10 * np.log10(power + _SILENCE_POWER)
        background_db[first:stop] = np.percentile(levels_db[first:stop], _BACKGROUND_PERCENTILE)
    return Loudness(levels_db, background_db)
