"""Levels of bands -> how far each frame stands out of its surroundings; 0 outside of speech.

Dimensions: B bands, T frames, S steps at which the surroundings are measured.
"""

from __future__ import annotations

import numpy as np

from speech_toolkit.transcription.windows.speech.bands import HOP_S, LEAST_LEVEL_DB

_CONTEXT_FRAMES = round(21 / HOP_S)  # the surroundings of a moment
_STEP_FRAMES = round(1 / HOP_S)  # at which they are measured
_AHEAD_FRAMES = (_CONTEXT_FRAMES + _STEP_FRAMES) // 2  # of a step, that belong to them
_FLOOR_SHARE = 0.10  # of the surroundings are quieter than their floor,
_TOP_SHARE = 0.95  # and this much than their top
_RANGE_DB = 50.0  # below the loudest band's top nothing is told from a codec's leftovers
_OUTSTANDING_BANDS = 3
_LEAST_EXCESS_DB = 3.0
_EXCESS_SHARE = 0.15  # of the way from the floor to the top

_CHANGE_FRAMES = round(2 / HOP_S)  # over which change is judged
_CHANGE_STEP_FRAMES = round(0.5 / HOP_S)
_CHANGE_MARGIN_FRAMES = round(1 / HOP_S)  # around change, where what stands out is believed
_LEAST_JUDGED_FRAMES = round(0.5 / HOP_S)  # in shorter clips, what is not silence is speech
_BAND_VARIANCE = 1.0  # dB², steady noise has 0.6
_SHAPE_VARIANCE = 1.5  # dB², noise of varying loudness has 0.6
_LOUDNESS_VARIANCE = 0.01  # dB², a sweep has less
_HEARD_RANGE_DB = 50.0


class EnergyRules:
    """Tells how far frames stand out in some bands, where there is change.

    Each frame is judged by those around it, 21 s at most, so it waits for what follows.
    """

    def __init__(self) -> None:
        self._levels: np.ndarray | None = None
        self._decided = 0  # of the frames in ``_levels``; a multiple of the step

    def add(self, levels: np.ndarray) -> np.ndarray:
        """Hear the next frames.

        Args:
            levels: float32 (B, T), in dB.

        Returns:
            How far the frames stand out that can be judged now, float32 (T,) in dB.
        """
        held = levels if self._levels is None else np.concatenate([self._levels, levels], axis=1)
        num_frames = held.shape[1]
        decidable = num_frames - _AHEAD_FRAMES if num_frames >= _CONTEXT_FRAMES else 0
        stop = max(decidable // _STEP_FRAMES * _STEP_FRAMES, self._decided)
        excess_db = _judged(held, self._decided, stop)
        forgotten = max(stop - _CONTEXT_FRAMES, 0)
        self._levels, self._decided = held[:, forgotten:], stop - forgotten
        return excess_db

    def finish(self) -> np.ndarray:
        """Return how far the frames stand out that are left, float32 (T,) in dB."""
        if self._levels is None:
            return np.empty(0, np.float32)
        return _judged(self._levels, self._decided, self._levels.shape[1])


def _judged(levels: np.ndarray, first: int, stop: int) -> np.ndarray:
    """Return how far the frames from ``first`` to ``stop`` stand out, float32 (T,) in dB."""
    if first == stop:
        return np.empty(0, np.float32)
    return np.where(_changes(levels, first, stop), _excess(levels, first, stop), 0)


def _excess(levels: np.ndarray, first: int, stop: int) -> np.ndarray:
    """Return how far frames, float32 (T,) in dB, stand out of their surroundings in some bands.

    It is 0 where that is too little for speech.
    """
    num_frames = levels.shape[1]
    length = min(_CONTEXT_FRAMES, num_frames)
    starts = np.arange(first, stop, _STEP_FRAMES) + (_STEP_FRAMES - length) // 2
    windows = _windows(levels, starts, length)[..., ::2]
    ranks = [int(share * (windows.shape[-1] - 1)) for share in (_FLOOR_SHARE, _TOP_SHARE)]
    floor, top = np.moveaxis(np.partition(windows, ranks, axis=-1)[..., ranks], -1, 0)
    floor = np.maximum(floor, top.max(axis=0) - _RANGE_DB)
    if num_frames < _LEAST_JUDGED_FRAMES:
        floor = np.full_like(floor, LEAST_LEVEL_DB)
    least_excess = np.maximum(_LEAST_EXCESS_DB, _EXCESS_SHARE * _most_outstanding(top - floor))
    steps = np.arange(stop - first) // _STEP_FRAMES
    excess_db = _most_outstanding(levels[:, first:stop] - floor[:, steps])
    return np.where(excess_db > least_excess[steps], excess_db, 0)


def _most_outstanding(excess: np.ndarray) -> np.ndarray:
    """Return the mean, over axis 0, of the few largest."""
    return np.partition(excess, -_OUTSTANDING_BANDS, axis=0)[-_OUTSTANDING_BANDS:].mean(axis=0)


def _changes(levels: np.ndarray, first: int, stop: int) -> np.ndarray:
    """Return which frames, bool (T,), are near to changes in loudness and in spectrum."""
    reach = _CHANGE_FRAMES + _CHANGE_MARGIN_FRAMES
    earliest = max(first - reach, 0)
    levels = levels[:, earliest : stop + reach]
    num_frames = levels.shape[1]
    if num_frames < _LEAST_JUDGED_FRAMES:
        return np.ones(stop - first, bool)
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
    return near[first - earliest : stop - earliest]


def _windows(frames: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Return windows (..., S, length) of ``frames`` (..., T), moved where they would reach out."""
    views = np.lib.stride_tricks.sliding_window_view(frames, length, axis=-1)
    return views[..., np.clip(starts, 0, frames.shape[-1] - length), :]
