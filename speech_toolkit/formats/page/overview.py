"""What a page draws of a recording: its outline and its spectrogram, both of bounded size.

Dimensions: N samples, P peaks, C columns, B bands.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

MAX_PEAKS = 1 << 20  # of two bytes: an hour at 16 kHz in steps of 4 ms
MAX_COLUMNS = 1 << 18  # of BANDS bytes before compression: an hour in steps of 14 ms
BANDS = 64
LEVELS = 16
RANGE_DB = 70.0
_FEWEST_SAMPLES_A_PEAK = 16
_SHORTEST_HOP_S = 0.005
_WINDOW_S = 0.032
_COLUMNS_AT_ONCE = 2048
_FLOOR_POWER = 1e-10


@dataclass(frozen=True)
class Overview:
    """A recording as a picture.

    Attributes:
        peaks: zlib of int8 pairs (P, 2): lowest and highest sample of each stretch, full scale 127.
        samples_a_peak: length of a stretch.
        spectrogram: zlib of uint8 (C, B): loudness of each band in 0..LEVELS-1, low bands first.
        samples_a_column: from one column to the next.
        rate_hz: of the samples.
        bands: B, from 0 Hz to half the rate, equally wide in mel.
        levels: of loudness.
    """

    peaks: bytes
    samples_a_peak: int
    spectrogram: bytes
    samples_a_column: int
    rate_hz: int
    bands: int = BANDS
    levels: int = LEVELS


def make_overview(samples_N: np.ndarray, rate_hz: int) -> Overview:
    """Return what is drawn of a waveform.

    Args:
        samples_N: float32, full scale is -1..1.
        rate_hz: of the samples.
    """
    samples_a_peak = _FEWEST_SAMPLES_A_PEAK
    while len(samples_N) > samples_a_peak * MAX_PEAKS:
        samples_a_peak *= 2
    hop_samples = max(round(_SHORTEST_HOP_S * rate_hz), -(-len(samples_N) // MAX_COLUMNS))
    return Overview(
        zlib.compress(peaks_P2(samples_N, samples_a_peak).tobytes()),
        samples_a_peak,
        zlib.compress(spectrogram_CB(samples_N, rate_hz, hop_samples).tobytes()),
        hop_samples,
        rate_hz,
    )


def peaks_P2(samples_N: np.ndarray, samples_a_peak: int) -> np.ndarray:
    """Return the lowest and the highest sample of each stretch, as int8 of full scale 127."""
    starts = np.arange(0, len(samples_N), samples_a_peak)
    extremes = (np.minimum.reduceat(samples_N, starts), np.maximum.reduceat(samples_N, starts))
    scaled = np.clip(np.stack(extremes, axis=1), -1, 1) * 127
    return np.round(scaled).astype(np.int8)


def spectrogram_CB(samples_N: np.ndarray, rate_hz: int, hop_samples: int) -> np.ndarray:
    """Return the loudness in bands as uint8, RANGE_DB below the loudest in LEVELS steps."""
    window_samples = round(_WINDOW_S * rate_hz)
    bands_BF = _bands(window_samples, rate_hz)
    padded = np.pad(samples_N, window_samples // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window_samples)[::hop_samples]
    window = np.hanning(window_samples).astype(np.float32)
    loudness_CB = np.concatenate(
        [
            _loudness(frames[first : first + _COLUMNS_AT_ONCE] * window, bands_BF)
            for first in range(0, len(frames), _COLUMNS_AT_ONCE)
        ]
    )
    top = loudness_CB.max() - RANGE_DB
    steps = np.clip((loudness_CB - top) / RANGE_DB, 0, 1) * (LEVELS - 1)
    return np.round(steps).astype(np.uint8)


def _loudness(frames: np.ndarray, bands_BF: np.ndarray) -> np.ndarray:
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    return 10 * np.log10(power.astype(np.float32) @ bands_BF.T + _FLOOR_POWER)


def _bands(window_samples: int, rate_hz: int) -> np.ndarray:
    """Return triangles over the frequencies of the transform, equally wide in mel.

    A band narrower than the step of the transform takes the frequency that is nearest to it.
    """
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(window_samples, 1 / rate_hz) / 700)
    edges = np.linspace(0, mel[-1], BANDS + 2)
    rising = (mel - edges[:-2, None]) / (edges[1] - edges[0])
    falling = (edges[2:, None] - mel) / (edges[1] - edges[0])
    bands = np.maximum(0, np.minimum(rising, falling))
    empty = np.flatnonzero(bands.sum(axis=1) == 0)
    bands[empty, np.abs(mel - edges[1:-1][empty, None]).argmin(axis=1)] = 1
    return (bands / bands.sum(axis=1, keepdims=True)).astype(np.float32)
