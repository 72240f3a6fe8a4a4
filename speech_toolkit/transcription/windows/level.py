"""Recordings that are far louder or quieter than any that models are trained on -> the usual level.

Aligners bring each waveform to unit variance; Whisper's features know an absolute level, and those
of samples that were never scaled to full scale, or are next to nothing, mean nothing to it.
"""

from dataclasses import replace
from math import frexp

import numpy as np

from speech_toolkit.audio.defects import PEAK_WARNING
from speech_toolkit.audio.waveform import Waveform

_QUIET_PEAK = 0.01  # -40 dB below full scale; quieter recordings are made louder


def at_usual_level(waveform: Waveform) -> Waveform:
    """Scale a waveform whose peak is far from full scale, so that its peak is 0.5 to 1.

    The factor is a power of two, so that no sample is rounded and a recording that differs from
    another by such a factor gives the same text. All others are returned as they are.
    """
    samples = waveform.samples
    peak = max(float(samples.max()), -float(samples.min()))
    if peak == 0 or _QUIET_PEAK <= peak <= PEAK_WARNING:
        return waveform
    _, exponent = frexp(peak)
    warnings = waveform.warnings
    if peak < _QUIET_PEAK:
        quiet = f"{waveform.source} reaches only {peak:.2g} where full scale is 1: it was amplified"
        warnings = (*warnings, quiet)
    return replace(waveform, samples=np.ldexp(samples, -exponent), warnings=warnings)
