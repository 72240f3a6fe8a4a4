"""Samples -> levels in bands of frequency.

Dimensions: B bands, T frames.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

HOP_S = 0.02
LEAST_LEVEL_DB = -100.0  # of a band; the rounding to 16 bits lies lower

_FRAME_S = 0.032
_SMOOTHED_FRAMES = 5
_AROUND_FRAMES = _SMOOTHED_FRAMES // 2
_BANDS = 12
_BAND_EDGES_HZ = (60, 7800)
_HIGHEST_SHARE = 0.49  # of the sample rate
_BLOCK_FRAMES = 500  # transformed together, to stay within the processor's cache


def hop_of(sample_rate_hz: int) -> int:
    """Return the samples from one frame to the next."""
    return round(HOP_S * sample_rate_hz)


class BandLevels:
    """Measures the levels of frequency bands in dB, frame by frame; a sine of full scale has -3 dB.

    Each is the mean power over the frames around it. The ends of the recording are mirrored.

    Args:
        sample_rate_hz: of the samples.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._hop = hop_of(sample_rate_hz)
        self._frame = 2 ** round(np.log2(_FRAME_S * sample_rate_hz))
        window = np.hanning(self._frame + 1)[:-1]
        self._window = (window / np.sqrt(np.sum(window**2) * self._frame / 2)).astype(np.float32)
        low_hz, high_hz = _BAND_EDGES_HZ
        high_hz = min(high_hz, _HIGHEST_SHARE * sample_rate_hz)
        mels = np.linspace(_mel(low_hz), _mel(high_hz), _BANDS + 1)
        bins_hz = np.fft.rfftfreq(self._frame, 1 / sample_rate_hz)
        self._edges = np.searchsorted(bins_hz, 700 * np.expm1(mels))
        self._block_samples = (_BLOCK_FRAMES - 1) * self._hop + self._frame
        self._most_mirrored = (_AROUND_FRAMES + 1) * self._hop + self._frame
        self._held: list[np.ndarray] = []
        self._held_from = 0  # sample number
        self._held_to = 0
        self._next = self._start_of(-_AROUND_FRAMES)
        self._power = np.empty((_BANDS, 0), np.float32)

    def add(self, samples: np.ndarray) -> Iterator[np.ndarray]:
        """Yield levels, float32 (B, T), of the frames that are known with these samples, (N,)."""
        self._held.append(samples)
        self._held_to += len(samples)
        if not self._has_block():
            self._held[-1] = samples.copy()
            return
        held = self._joined()
        while self._has_block():
            yield self._next_levels(held, self._next + self._block_samples)
        self._held = [held[self._next - self._held_from :].copy()]
        self._held_from = self._next

    def finish(self) -> Iterator[np.ndarray]:
        """Yield levels, float32 (B, T), of the frames that are left."""
        if self._held_to == 0:
            return
        held = self._joined()
        last = -(-self._held_to // self._hop) - 1 + _AROUND_FRAMES
        end = self._start_of(last) + self._frame
        while self._next < end - self._frame:
            yield self._next_levels(held, min(self._next + self._block_samples, end))

    def _start_of(self, frame: int) -> int:
        """Return the sample number at which a frame starts, whose hop it reaches out of evenly."""
        return frame * self._hop - (self._frame - self._hop) // 2

    def _has_block(self) -> bool:
        """Return whether a block of frames is there, and enough behind it to mirror the end."""
        return self._next + self._block_samples + self._most_mirrored <= self._held_to

    def _joined(self) -> np.ndarray:
        return self._held[0] if len(self._held) == 1 else np.concatenate(self._held)

    def _next_levels(self, held: np.ndarray, end: int) -> np.ndarray:
        """Return the levels, float32 (B, T), that are known with the frames up to a sample."""
        first, stop = self._next - self._held_from, end - self._held_from
        missing = (max(-first, 0), max(stop - len(held), 0))
        part = held[max(first, 0) : stop]
        part = np.pad(part, missing, "reflect") if any(missing) else part
        frames = np.lib.stride_tricks.sliding_window_view(part, self._frame)[:: self._hop]
        self._next += _BLOCK_FRAMES * self._hop
        power = np.concatenate([self._power, self._band_power(frames)], axis=1)
        self._power = power[:, 1 - _SMOOTHED_FRAMES :]
        num_frames = power.shape[1] + 1 - _SMOOTHED_FRAMES
        smooth = sum(power[:, lag : lag + num_frames] for lag in range(_SMOOTHED_FRAMES))
        return 10 * np.log10(smooth / _SMOOTHED_FRAMES + 10 ** (LEAST_LEVEL_DB / 10))

    def _band_power(self, frames: np.ndarray) -> np.ndarray:
        """Return the power of the bands, float32 (B, T), of frames (T, samples)."""
        spectra = np.fft.rfft(frames * self._window)
        power = np.square(spectra.real) + np.square(spectra.imag)
        return np.add.reduceat(power, self._edges, axis=1)[:, :-1].T


def _mel(hz: float) -> float:
    return float(np.log1p(hz / 700))
