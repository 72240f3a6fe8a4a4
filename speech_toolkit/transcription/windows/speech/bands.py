"""Samples -> levels in bands of frequency.

Dimensions: B broad bands, F fine bands, T frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

HOP_S = 0.02
FINE_BANDS = 40
LEAST_LEVEL_DB = -100.0  # of a band; the rounding to 16 bits lies lower

_FRAME_S = 0.032
_SMOOTHED_FRAMES = 5
_AROUND_FRAMES = _SMOOTHED_FRAMES // 2
_BANDS = 12
_BAND_EDGES_HZ = (60, 7800)
_HIGHEST_SHARE = 0.49  # of the sample rate
_BLOCK_FRAMES = 500  # transformed together, to stay within the processor's cache


@dataclass(frozen=True)
class Levels:
    """Levels of some frames in dB; a sine of full scale has -3 dB.

    Attributes:
        broad: float32 (B, T), of the mean power over the frames around each.
        fine: float32 (F, T), of the frames themselves; the same bands at any sample rate.
    """

    broad: np.ndarray
    fine: np.ndarray


def hop_of(sample_rate_hz: int) -> int:
    """Return the samples from one frame to the next."""
    return round(HOP_S * sample_rate_hz)


class BandLevels:
    """Measures the levels of frequency bands, frame by frame.

    The ends of the recording are mirrored.

    Args:
        sample_rate_hz: of the samples.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._hop = hop_of(sample_rate_hz)
        self._frame = 2 ** round(np.log2(_FRAME_S * sample_rate_hz))
        window = np.hanning(self._frame + 1)[:-1]
        self._window = (window / np.sqrt(np.sum(window**2) * self._frame / 2)).astype(np.float32)
        bins_hz = np.fft.rfftfreq(self._frame, 1 / sample_rate_hz)
        low_hz, high_hz = _BAND_EDGES_HZ
        broad_hz = _mel_spaced(low_hz, min(high_hz, _HIGHEST_SHARE * sample_rate_hz), _BANDS)
        fine_hz = _mel_spaced(low_hz, high_hz, FINE_BANDS)
        self._edges = np.searchsorted(bins_hz, broad_hz)
        self._fine_edges = np.minimum(np.searchsorted(bins_hz, fine_hz), len(bins_hz) - 1)
        self._is_heard = fine_hz[1:] < bins_hz[-1]
        self._block_samples = (_BLOCK_FRAMES - 1) * self._hop + self._frame
        self._most_mirrored = (_AROUND_FRAMES + 1) * self._hop + self._frame
        self._held: list[np.ndarray] = []
        self._held_from = 0  # sample number
        self._held_to = 0
        self._next = self._start_of(-_AROUND_FRAMES)
        self._power = np.empty((_BANDS, 0), np.float32)
        self._fine = np.empty((FINE_BANDS, 0), np.float32)

    def add(self, samples: np.ndarray) -> Iterator[Levels]:
        """Yield the levels of the frames that are known with these samples, float32 (N,)."""
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

    def finish(self) -> Iterator[Levels]:
        """Yield the levels of the frames that are left."""
        if self._held_to == 0:
            return
        last = -(-self._held_to // self._hop) - 1 + _AROUND_FRAMES
        end = self._start_of(last) + self._frame
        held = np.pad(self._joined(), (0, end - self._held_to), "reflect")
        while self._next <= end - self._frame:
            yield self._next_levels(held, min(self._next + self._block_samples, end))

    def _start_of(self, frame: int) -> int:
        """Return the sample number at which a frame starts, whose hop it reaches out of evenly."""
        return frame * self._hop - (self._frame - self._hop) // 2

    def _has_block(self) -> bool:
        """Return whether a block of frames is there, and enough behind it to mirror the end."""
        return self._next + self._block_samples + self._most_mirrored <= self._held_to

    def _joined(self) -> np.ndarray:
        return self._held[0] if len(self._held) == 1 else np.concatenate(self._held)

    def _next_levels(self, held: np.ndarray, end: int) -> Levels:
        """Return the levels that are known with the frames up to a sample."""
        first, stop = self._next - self._held_from, end - self._held_from
        part = held[max(first, 0) : stop]
        part = np.pad(part, (-first, 0), "reflect") if first < 0 else part
        frames = np.lib.stride_tricks.sliding_window_view(part, self._frame)[:: self._hop]
        self._next += _BLOCK_FRAMES * self._hop
        broad, fine = self._band_power(frames)
        power = np.concatenate([self._power, broad], axis=1)
        fine = np.concatenate([self._fine, fine], axis=1)
        self._power = power[:, 1 - _SMOOTHED_FRAMES :]
        self._fine = fine[:, 1 - _SMOOTHED_FRAMES :]
        num_frames = power.shape[1] + 1 - _SMOOTHED_FRAMES
        smooth = sum(power[:, lag : lag + num_frames] for lag in range(_SMOOTHED_FRAMES))
        around = fine[:, _AROUND_FRAMES : _AROUND_FRAMES + num_frames]
        return Levels(_level(smooth / _SMOOTHED_FRAMES), _level(around))

    def _band_power(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the power of the bands, float32 (B, T) and (F, T), of frames (T, samples)."""
        spectra = np.fft.rfft(frames * self._window)
        power = np.square(spectra.real) + np.square(spectra.imag)
        broad = np.add.reduceat(power, self._edges, axis=1)[:, :-1].T
        fine = np.add.reduceat(power, self._fine_edges, axis=1)[:, :-1] * self._is_heard
        return broad, fine.T


def _level(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(power + 10 ** (LEAST_LEVEL_DB / 10))


def _mel_spaced(low_hz: float, high_hz: float, bands: int) -> np.ndarray:
    """Return the edges of bands of equal width in mel, in Hz."""
    mels = np.linspace(_mel(low_hz), _mel(high_hz), bands + 1)
    return 700 * np.expm1(mels)


def _mel(hz: float) -> float:
    return float(np.log1p(hz / 700))
