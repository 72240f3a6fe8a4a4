"""Waveform -> how much sound there is in each band of frequency, every 10 ms, block by block.

The levels are those of the file itself: in dB, no lower than ``_RANGE_DB`` below the loudest, each
band brought to zero mean and unit variance over its block. So neither loudness nor the colour of a
microphone makes a difference.

Dimensions: N samples, G frames of ``HOP_S``, M bands.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from speech_toolkit.system.products import product

HOP_S = 0.01
BANDS = 12
_WINDOW_S = 0.02
_BLOCK_S = 60.0
_LOWEST_HZ = 80.0
_HIGHEST_HZ = 7600.0
_RANGE_DB = 60.0
_SILENCE_POWER = 1e-12
_DEVIATION_FLOOR = 1e-3


def block_bounds(num_samples: int, rate_hz: int) -> np.ndarray:
    """Return the frames between which blocks of equal length lie, int64, the first of them 0."""
    total = max(1, round(num_samples / rate_hz / HOP_S))
    return np.linspace(0, total, max(1, round(total * HOP_S / _BLOCK_S)) + 1).astype(np.int64)


def sound_levels(
    samples: np.ndarray, rate_hz: int, first: int, stop: int, context: int
) -> np.ndarray:
    """Measure a part of a waveform.

    Args:
        samples: float32 (N,) of the whole recording, at least one.
        rate_hz: of them.
        first: the first frame of the part.
        stop: the frame after its last; above ``first``.
        context: frames that are wanted on either side of it, those beyond the recording like its
            edge.

    Returns:
        float32 (stop - first + 2 * context, M), normalised levels.
    """
    total = max(1, round(len(samples) / rate_hz / HOP_S))
    begin = min(max(0, first - context), total - 1)
    end = min(max(begin + 1, stop + context), total)
    levels_GM = _normalized(_levels_db(samples, rate_hz, begin, end))
    edges = (begin - (first - context), stop + context - end)
    return np.pad(levels_GM, (edges, (0, 0)), mode="edge")


def _levels_db(samples: np.ndarray, rate_hz: int, first: int, stop: int) -> np.ndarray:
    """Return the levels of frames ``first`` to ``stop`` - 1, as float32 (G, M) in dB."""
    hop, width = round(rate_hz * HOP_S), round(rate_hz * _WINDOW_S)
    begin = first * hop - (width - hop) // 2
    end = begin + (stop - first - 1) * hop + width
    part = samples[max(begin, 0) : max(end, 0)]
    part = np.pad(part, (max(-begin, 0), end - max(begin, 0) - len(part)))
    frames = np.lib.stride_tricks.sliding_window_view(part, width)[::hop]
    spectrum = np.fft.rfft(frames * np.hanning(width).astype(np.float32), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return 10 * np.log10(product(power, _filters(rate_hz, width)) + np.float32(_SILENCE_POWER))


def _normalized(levels_db: np.ndarray) -> np.ndarray:
    """Bring each band to zero mean and unit variance, once what is far below the rest is cut."""
    levels = np.maximum(levels_db, levels_db.max() - _RANGE_DB)
    levels -= levels.mean(axis=0)
    return levels / (levels.std(axis=0) + _DEVIATION_FLOOR)


@cache
def _filters(rate_hz: int, width: int) -> np.ndarray:
    """Return triangular bands, even on O'Shaughnessy's mel scale, float32 (bins, M)."""
    highest = min(_HIGHEST_HZ, 0.475 * rate_hz)
    edges_mel = np.linspace(*(1127 * np.log1p(np.array([_LOWEST_HZ, highest]) / 700)), BANDS + 2)
    edges_hz = 700 * np.expm1(edges_mel / 1127)
    bins_hz = np.arange(width // 2 + 1)[:, None] * rate_hz / width
    rising = (bins_hz - edges_hz[:-2]) / np.diff(edges_hz)[:-1]
    falling = (edges_hz[2:] - bins_hz) / np.diff(edges_hz)[1:]
    shares = np.maximum(0.0, np.minimum(rising, falling))
    return (shares / np.maximum(shares.sum(axis=0), _DEVIATION_FLOOR)).astype(np.float32)
