"""Samples -> the regions that hold speech, told by energy alone.

Speech stands out of what is around it, in some band of frequencies at least, and it changes from
syllable to syllable, in loudness and in spectrum. What stands out is looked for frame by frame;
what does not change is taken out again: noise, hum, tones and sweeps, however loud. When in doubt
it is speech.

Dimensions: B bands, T frames, S steps at which the surroundings are measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MARGIN_S = 0.25  # of silence, kept on both sides of a region where there is as much

_HOP_S = 0.02
_FRAME_S = 0.032
_SMOOTHED_FRAMES = 5
_BANDS = 12
_BAND_EDGES_HZ = (60, 7800)
_HIGHEST_SHARE = 0.49  # of the sample rate
_FFT_FRAMES = 500  # transformed together, to stay within the processor's cache
_BLOCK_FRAMES = round(300 / _HOP_S)

_CONTEXT_FRAMES = round(21 / _HOP_S)  # the surroundings of a moment
_STEP_FRAMES = round(1 / _HOP_S)  # at which they are measured
_FLOOR_SHARE = 0.10  # of the surroundings are quieter than their floor,
_TOP_SHARE = 0.95  # and this much than their top
_RANGE_DB = 50.0  # below the loudest band's top nothing is told from a codec's leftovers
_LEAST_LEVEL_DB = -100.0  # of a band; the rounding to 16 bits lies lower
_OUTSTANDING_BANDS = 3
_LEAST_EXCESS_DB = 3.0
_EXCESS_SHARE = 0.15  # of the way from the floor to the top

_CHANGE_FRAMES = round(2 / _HOP_S)  # over which change is judged
_CHANGE_STEP_FRAMES = round(0.5 / _HOP_S)
_CHANGE_MARGIN_FRAMES = round(1 / _HOP_S)  # around change, where what stands out is believed
_LEAST_JUDGED_FRAMES = round(0.5 / _HOP_S)  # in shorter clips, what is not silence is speech
_BAND_VARIANCE = 1.0  # dB², steady noise has 0.6
_SHAPE_VARIANCE = 1.5  # dB², noise of varying loudness has 0.6
_LOUDNESS_VARIANCE = 0.01  # dB², a sweep has less
_HEARD_RANGE_DB = 50.0

_JOINED_GAP_FRAMES = 7  # a stop consonant is no longer
_LEAST_PART_FRAMES = round(1 / _HOP_S)  # of speech without a pause, when parted where it dips
_DIP_SEARCH_FRAMES = round(3 / _HOP_S)
_DIP_FRAMES = 9  # over which a dip is averaged, so that it is more than a stop consonant
_DIP_DB = 7.5  # below the speech around it


@dataclass(frozen=True)
class SpeechRegion:
    """A stretch of the file that holds speech, with its margins.

    Attributes:
        start_sample: first sample.
        end_sample: one past the last; regions touch where the pause between them is short.
        runs_on: whether speech goes on at its end and no more than dips there.
    """

    start_sample: int
    end_sample: int
    runs_on: bool = False


def find_speech(samples: np.ndarray, sample_rate_hz: int) -> tuple[SpeechRegion, ...]:
    """Find speech in a recording of any length and level.

    Args:
        samples: float32 (N,), N > 0, mono, full scale is 1.
        sample_rate_hz: of ``samples``.

    Returns:
        Regions in order; none where nothing is heard, or nothing but steady sounds.
    """
    hop_samples = round(_HOP_S * sample_rate_hz)
    num_frames = -(-len(samples) // hop_samples)
    blocks = range(0, num_frames, _BLOCK_FRAMES)
    analyser = _BandAnalyser(samples, sample_rate_hz)
    excess_db = np.concatenate([_block_excess(analyser, first, num_frames) for first in blocks])
    return tuple(_regions(excess_db, hop_samples, len(samples))) if excess_db.any() else ()


class _BandAnalyser:
    """Measures the levels of frequency bands.

    Args:
        samples: float32 (N,).
        sample_rate_hz: of ``samples``.
    """

    def __init__(self, samples: np.ndarray, sample_rate_hz: int) -> None:
        self._samples = samples
        self._hop = round(_HOP_S * sample_rate_hz)
        self._frame = 2 ** round(np.log2(_FRAME_S * sample_rate_hz))
        window = np.hanning(self._frame + 1)[:-1]
        self._window = (window / np.sqrt(np.sum(window**2) * self._frame / 2)).astype(np.float32)
        low_hz, high_hz = _BAND_EDGES_HZ
        high_hz = min(high_hz, _HIGHEST_SHARE * sample_rate_hz)
        mels = np.linspace(_mel(low_hz), _mel(high_hz), _BANDS + 1)
        edges_hz = 700 * np.expm1(mels)
        bins_hz = np.fft.rfftfreq(self._frame, 1 / sample_rate_hz)
        self._edges = np.searchsorted(bins_hz, edges_hz)

    def levels(self, first: int, stop: int) -> np.ndarray:
        """Return levels in dB, float32 (B, T), of the frames from ``first`` to ``stop``.

        Each is the mean power over the frames around it; a sine of full scale has -3 dB.
        """
        around = _SMOOTHED_FRAMES // 2
        power = np.concatenate(list(self._powers(first - around, stop + around)), axis=1)
        smooth = sum(power[:, lag : lag + stop - first] for lag in range(_SMOOTHED_FRAMES))
        return 10 * np.log10(smooth / _SMOOTHED_FRAMES + 10 ** (_LEAST_LEVEL_DB / 10))

    def _powers(self, first: int, stop: int) -> Iterator[np.ndarray]:
        """Yield the power of the bands, float32 (B, T), a few frames at a time."""
        for start in range(first, stop, _FFT_FRAMES):
            frames = self._frames(start, min(start + _FFT_FRAMES, stop))
            spectra = np.fft.rfft(frames * self._window)
            power = np.square(spectra.real) + np.square(spectra.imag)
            yield np.add.reduceat(power, self._edges, axis=1)[:, :-1].T

    def _frames(self, first: int, stop: int) -> np.ndarray:
        """Return frames of samples as a view (T, frame); the file's ends are mirrored."""
        start = first * self._hop - (self._frame - self._hop) // 2
        end = start + (stop - first - 1) * self._hop + self._frame
        part = self._samples[max(start, 0) : max(end, 0)]
        missing = (max(-start, 0), end - max(start, 0) - len(part))
        part = np.pad(part, missing, "reflect") if any(missing) else part
        return np.lib.stride_tricks.sliding_window_view(part, self._frame)[:: self._hop]


def _mel(hz: float) -> float:
    return float(np.log1p(hz / 700))


def _block_excess(analyser: _BandAnalyser, first: int, num_frames: int) -> np.ndarray:
    """Return how far the frames of a block stand out, float32 (T,) in dB; 0 outside of speech."""
    stop = min(first + _BLOCK_FRAMES, num_frames)
    start = max(first - _CONTEXT_FRAMES, 0)
    levels = analyser.levels(start, min(stop + _CONTEXT_FRAMES, num_frames))
    excess_db = np.where(_changes(levels), _excess(levels), 0)
    return excess_db[first - start : stop - start]


def _excess(levels: np.ndarray) -> np.ndarray:
    """Return how far frames, float32 (T,) in dB, stand out of their surroundings in some bands.

    It is 0 where that is too little for speech.
    """
    num_frames = levels.shape[1]
    length = min(_CONTEXT_FRAMES, num_frames)
    steps = np.arange(num_frames) // _STEP_FRAMES
    starts = np.arange(0, num_frames, _STEP_FRAMES) + (_STEP_FRAMES - length) // 2
    windows = _windows(levels, starts, length)[..., ::2]
    ranks = [int(share * (windows.shape[-1] - 1)) for share in (_FLOOR_SHARE, _TOP_SHARE)]
    floor, top = np.moveaxis(np.partition(windows, ranks, axis=-1)[..., ranks], -1, 0)
    floor = np.maximum(floor, top.max(axis=0) - _RANGE_DB)
    if num_frames < _LEAST_JUDGED_FRAMES:
        floor = np.full_like(floor, _LEAST_LEVEL_DB)
    least_excess = np.maximum(_LEAST_EXCESS_DB, _EXCESS_SHARE * _most_outstanding(top - floor))
    excess_db = _most_outstanding(levels - floor[:, steps])
    return np.where(excess_db > least_excess[steps], excess_db, 0)


def _most_outstanding(excess: np.ndarray) -> np.ndarray:
    """Return the mean, over axis 0, of the few largest."""
    return np.partition(excess, -_OUTSTANDING_BANDS, axis=0)[-_OUTSTANDING_BANDS:].mean(axis=0)


def _changes(levels: np.ndarray) -> np.ndarray:
    """Return which frames, bool (T,), are near to changes in loudness and in spectrum."""
    num_frames = levels.shape[1]
    if num_frames < _LEAST_JUDGED_FRAMES:
        return np.ones(num_frames, bool)
    length = min(_CHANGE_FRAMES, num_frames)
    loudness = 10 * np.log10(np.sum(10 ** (levels / 10), axis=0))
    starts = np.minimum(np.arange(0, num_frames, _CHANGE_STEP_FRAMES), num_frames - length)
    bands = _windows(levels, starts, length)
    shapes = _windows(levels - loudness, starts, length)
    loud = _windows(loudness, starts, length)
    heard = bands.max(axis=-1) > loud.max(axis=-1) - _HEARD_RANGE_DB
    changing = (
        (bands.var(axis=-1).mean(axis=0, where=heard) > _BAND_VARIANCE)
        & (shapes.var(axis=-1).mean(axis=0, where=heard) > _SHAPE_VARIANCE)
        & (loud.var(axis=-1) > _LOUDNESS_VARIANCE)
    )
    near = np.zeros(num_frames, bool)
    for start in starts[changing]:
        near[max(start - _CHANGE_MARGIN_FRAMES, 0) : start + length + _CHANGE_MARGIN_FRAMES] = True
    return near


def _windows(frames: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Return windows (..., S, length) of ``frames`` (..., T), moved where they would reach out."""
    views = np.lib.stride_tricks.sliding_window_view(frames, length, axis=-1)
    return views[..., np.clip(starts, 0, frames.shape[-1] - length), :]


def _regions(excess_db: np.ndarray, hop_samples: int, num_samples: int) -> Iterator[SpeechRegion]:
    """Join frames of speech over the gaps inside words, and put margins around what results.

    Where the pause between two regions is too short for two margins, they meet in its middle.
    Speech without a pause is parted where it dips.
    """
    edges = np.flatnonzero(np.diff(excess_db > 0, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    parted = starts[1:] - ends[:-1] > _JOINED_GAP_FRAMES
    starts, ends = starts[np.append(True, parted)], ends[np.append(parted, True)]
    runs = zip(starts.tolist(), ends.tolist(), strict=True)
    dips = [dip for run in runs for dip in _dips(excess_db, *run)]
    dip_samples = {dip * hop_samples for dip in dips}
    starts = np.sort(np.append(starts, dips).astype(int)) * hop_samples
    ends = np.sort(np.append(ends, dips).astype(int)) * hop_samples
    middles = (starts[1:] + ends[:-1]) // 2
    margin = round(MARGIN_S / _HOP_S * hop_samples)
    starts = np.maximum(starts - margin, [0, *middles])
    ends = np.minimum(ends + margin, [*middles, num_samples])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield SpeechRegion(start, end, runs_on=end in dip_samples)


def _dips(excess_db: np.ndarray, start: int, end: int) -> Iterator[int]:
    """Yield the frames between words at which a run of speech can be parted, in order."""
    smooth = np.convolve(excess_db[start:end], np.ones(_DIP_FRAMES) / _DIP_FRAMES, "same")
    first, stop = _LEAST_PART_FRAMES, end - start - _LEAST_PART_FRAMES
    while first < stop:
        search = smooth[first : min(first + _DIP_SEARCH_FRAMES, stop)]
        around = smooth[first - _LEAST_PART_FRAMES : first + len(search) + _LEAST_PART_FRAMES]
        dip = int(np.argmin(search))
        if search[dip] < np.median(around) - _DIP_DB:
            yield start + first + dip
            first += dip + _LEAST_PART_FRAMES
        else:
            first += len(search)
