"""Recordings that are far louder or quieter than any that models are trained on -> the usual level.

Aligners bring each waveform to unit variance; Whisper's features know an absolute level, and those
of samples that were never scaled to full scale, or are next to nothing, mean nothing to it.

The factor is a power of two, so that no sample is rounded and a recording that differs from another
by such a factor gives the same text. It follows from the peak: one that is far from full scale is
brought to 0.5..1, and all others are left as they are.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from math import frexp

import numpy as np

from speech_toolkit.audio.defects import PEAK_WARNING
from speech_toolkit.audio.waveform import Waveform

_QUIET_PEAK = 0.01  # -40 dB below full scale; quieter recordings are made louder
_JUDGED_S = 600.0


class UsualLevel:
    """Brings a recording that is read block by block to the usual level.

    Where the first blocks do not tell whether the recording has an odd level, as those of one that
    begins quietly or is kept as floats, up to 10 minutes are held until its peak is known or until
    it ends; digital silence at its start does not count. So the level of a recording of up to 10
    minutes is that of its peak. What follows is brought to the level of the peak so far: speech
    behind a quieter start is made less loud than that was, or not louder at all, and never clips.

    Args:
        sample_rate_hz: of the blocks.
        may_exceed_full_scale: whether a peak within the usual range tells nothing of what follows,
            since samples are kept as floats.
    """

    def __init__(self, sample_rate_hz: int, *, may_exceed_full_scale: bool) -> None:
        self._rate_hz = sample_rate_hz
        self._may_exceed = may_exceed_full_scale
        self._held: deque[np.ndarray] = deque()
        self._held_samples = 0
        self._is_judged = False
        self._peak = 0.0
        self._quiet_samples = 0
        self._num_samples = 0

    def add(self, block: np.ndarray) -> Iterator[np.ndarray]:
        """Yield what is judged with the next block.

        Args:
            block: float32 (N,); it is kept.
        """
        self._peak = max(self._peak, _peak(block))
        if self._is_judged or self._peak == 0:
            yield self._scaled(block)
            return
        self._held.append(block)
        self._held_samples += len(block)
        is_usual = self._peak >= _QUIET_PEAK and not self._may_exceed
        if is_usual or self._held_samples >= _JUDGED_S * self._rate_hz:
            yield from self.finish()

    def finish(self) -> Iterator[np.ndarray]:
        """Yield what was held."""
        self._is_judged = True
        while self._held:
            yield self._scaled(self._held.popleft())

    def warnings(self, source: str) -> tuple[str, ...]:
        """Return what the user should know once the recording is through."""
        if not self._quiet_samples:
            return ()
        if self._peak < _QUIET_PEAK:
            return (_quiet_warning(source, self._peak),)
        return (
            f"{source} begins with {self._quiet_samples / self._rate_hz:.0f} s that are far "
            "quieter than what follows: they were amplified",
        )

    def _scaled(self, block: np.ndarray) -> np.ndarray:
        self._num_samples += len(block)
        exponent = _exponent(self._peak)
        if exponent < 0:
            self._quiet_samples = self._num_samples
        return np.ldexp(block, -exponent) if exponent else block


def at_usual_level(waveform: Waveform) -> Waveform:
    """Bring a waveform whose peak is known to the usual level; most are returned as they are."""
    peak = _peak(waveform.samples)
    exponent = _exponent(peak)
    if not exponent:
        return waveform
    warnings = waveform.warnings
    if peak < _QUIET_PEAK:
        warnings = (*warnings, _quiet_warning(waveform.source, peak))
    return replace(waveform, samples=np.ldexp(waveform.samples, -exponent), warnings=warnings)


def _peak(samples: np.ndarray) -> float:
    return max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))


def _exponent(peak: float) -> int:
    """Return the power of two by which samples of this peak are divided."""
    if peak == 0 or _QUIET_PEAK <= peak <= PEAK_WARNING:
        return 0
    return frexp(peak)[1]


def _quiet_warning(source: str, peak: float) -> str:
    return f"{source} reaches only {peak:.2g} where full scale is 1: it was amplified"
