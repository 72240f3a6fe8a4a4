"""A source-filter vocoder that turns one synthetic voice into endless others.

The envelope (what is said) is measured frame by frame; the excitation (who says it) is made anew:
pulses on any pitch contour, breath noise, or whisper. Time, the length of the vocal tract and the
precision of articulation are warped on the way. Frames are 20 ms windows every 5 ms.

Method: cepstrally smoothed envelopes and minimum-phase overlap-add synthesis, as in Oppenheim and
Schafer, "Discrete-Time Signal Processing", chapters on homomorphic analysis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAMPLE_RATE_HZ = 16000
HOP_SAMPLES = 80
FFT_SAMPLES = 512
_ANALYSIS_WINDOW = np.hanning(402)[1:-1].astype(np.float32)
_SYNTHESIS_WINDOW = (np.hanning(322)[1:-1] / 2).astype(np.float32)
_BINS = FFT_SAMPLES // 2 + 1
_SHORTEST_PERIOD, _LONGEST_PERIOD = 40, 220
_TRACT_KNOTS_HZ = (300, 1000, 2000, 3000, 5000)


@dataclass(frozen=True)
class Analysis:
    """Frames of a waveform; F frames, K = 257 bins.

    Attributes:
        log_envelope: float32 (F, K), natural log of the magnitude.
        voicing: float32 (F,), 0 noise to 1 voiced.
        pitch_hz: float32 (F,), meaningful where `voicing` is high.
    """

    log_envelope: np.ndarray
    voicing: np.ndarray
    pitch_hz: np.ndarray


@dataclass(frozen=True)
class VoiceChange:
    """How to speak the analysed frames again.

    Attributes:
        tract_scales: Factors on the formants around 0.3, 1, 2, 3 and 5 kHz: all above 1 for a
            shorter vocal tract, unequal ones for another mouth or accent.
        pitch_hz: float (F',), pitch of every output frame.
        breath: 0 (pure pulses) to 1 (whisper).
        breath_above_hz: Voiced sounds are noise above this frequency.
        blur_frames: Width of the smoothing of the envelope in time: blurred articulation.
        sharpness: Factor on the cepstrum: below 1 flattens the formants, above 1 sharpens them.
        tilt_db_per_octave: Spectral tilt around 1 kHz.
    """

    tract_scales: tuple[float, ...]
    pitch_hz: np.ndarray
    breath: float
    breath_above_hz: float
    blur_frames: float
    sharpness: float
    tilt_db_per_octave: float


def analyse(samples: np.ndarray) -> Analysis:
    """Measure envelope, voicing and pitch of a 16 kHz waveform.

    Args:
        samples: float32 (N,), -1 to 1.
    """
    half = len(_ANALYSIS_WINDOW) // 2
    padded = np.pad(samples.astype(np.float32), (half, half + HOP_SAMPLES))
    frames = np.lib.stride_tricks.sliding_window_view(padded, len(_ANALYSIS_WINDOW))
    frames = frames[::HOP_SAMPLES] * _ANALYSIS_WINDOW
    power = np.abs(np.fft.rfft(frames, FFT_SAMPLES)) ** 2 + 1e-9
    cepstrum = np.fft.irfft(0.5 * np.log(power), FFT_SAMPLES)
    cepstrum *= _lifter()
    log_envelope = np.fft.rfft(cepstrum, FFT_SAMPLES).real.astype(np.float32)
    voicing, pitch_hz = _voicing(power)
    return Analysis(log_envelope, voicing, pitch_hz)


def _lifter() -> np.ndarray:
    """Weights that keep quefrencies below 2.2 ms and fade out until 3.2 ms, both sides."""
    quefrency = np.minimum(np.arange(FFT_SAMPLES), FFT_SAMPLES - np.arange(FFT_SAMPLES))
    return np.clip((51 - quefrency) / 16, 0, 1).astype(np.float32)


def _voicing(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    correlation = np.fft.irfft(power, FFT_SAMPLES)[:, : _LONGEST_PERIOD + 1]
    window = np.fft.irfft(np.abs(np.fft.rfft(_ANALYSIS_WINDOW, 1024)) ** 2)
    window = window[: _LONGEST_PERIOD + 1] / window[0]
    normalised = correlation / correlation[:, :1] / window
    candidates = normalised[:, _SHORTEST_PERIOD:]
    period = candidates.argmax(1) + _SHORTEST_PERIOD
    peak = candidates.max(1)
    audible = power.sum(1) > 1e-4
    voicing = np.clip((peak - 0.35) / 0.35, 0, 1) * audible
    return voicing.astype(np.float32), (SAMPLE_RATE_HZ / period).astype(np.float32)


def resynthesise(
    analysis: Analysis,
    frame_positions: np.ndarray,
    change: VoiceChange,
    rng: np.random.Generator,
) -> np.ndarray:
    """Speak the analysed frames again.

    Args:
        analysis: F frames of the source.
        frame_positions: float (F',), the source frame that every output frame takes.
        change: The new voice; `pitch_hz` has F' values.
        rng: Source of the noise.

    Returns:
        float32 (F' * 80,) at 16 kHz.
    """
    log_envelope = _take_frames(analysis.log_envelope, frame_positions)
    voicing = _take_frames(analysis.voicing[:, None], frame_positions)[:, 0]
    filters = _filters(log_envelope, change)
    count = len(frame_positions) * HOP_SAMPLES
    pulses, noise = _pulses(change.pitch_hz, count), rng.standard_normal(count, np.float32)
    voiced_gain = np.sqrt(voicing * (1 - change.breath))[:, None] * _low_band(change)
    spectrum = _spectra(pulses) * voiced_gain + _spectra(noise) * np.sqrt(1 - voiced_gain**2)
    frames = np.fft.irfft(spectrum * filters, FFT_SAMPLES)
    return _overlap_add(frames, count)


def _take_frames(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    positions = np.clip(positions, 0, len(values) - 1.001)
    index = positions.astype(int)
    weight = (positions - index)[:, None].astype(np.float32)
    following = np.minimum(index + 1, len(values) - 1)
    return values[index] * (1 - weight) + values[following] * weight


def _filters(log_envelope: np.ndarray, change: VoiceChange) -> np.ndarray:
    """Minimum-phase frequency responses, complex (F', K)."""
    bins = np.arange(_BINS)
    scales = np.interp(bins * SAMPLE_RATE_HZ / FFT_SAMPLES, _TRACT_KNOTS_HZ, change.tract_scales)
    source = np.clip(bins / scales, 0, _BINS - 1.001)
    index = source.astype(int)
    weight = (source - index).astype(np.float32)
    warped = log_envelope[:, index] * (1 - weight)
    warped += log_envelope[:, np.minimum(index + 1, _BINS - 1)] * weight
    if change.blur_frames > 0:
        reach = int(3 * change.blur_frames) + 1
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / change.blur_frames) ** 2)
        warped = _smooth_in_time(warped, kernel / kernel.sum())
    octaves = np.log2(np.maximum(bins, 1) * SAMPLE_RATE_HZ / FFT_SAMPLES / 1000)
    tilt = change.tilt_db_per_octave * octaves * np.log(10) / 20
    warped = warped + tilt.astype(np.float32)
    cepstrum = np.fft.irfft(warped, FFT_SAMPLES)
    cepstrum[:, 1 : FFT_SAMPLES // 2] *= 2 * change.sharpness
    cepstrum[:, FFT_SAMPLES // 2 + 1 :] = 0
    return np.exp(np.fft.rfft(cepstrum, FFT_SAMPLES).astype(np.complex64))


def _smooth_in_time(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    reach = len(kernel) // 2
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    smoothed = np.zeros_like(values)
    for i, weight in enumerate(kernel):
        smoothed += weight.astype(values.dtype) * padded[i : i + len(values)]
    return smoothed


def _low_band(change: VoiceChange) -> np.ndarray:
    """Share of pulses in the voiced excitation, (K,): 1 below the corner, 0 far above it."""
    hertz = np.arange(_BINS) * SAMPLE_RATE_HZ / FFT_SAMPLES
    return (1 / (1 + np.exp((hertz - change.breath_above_hz) / 300))).astype(np.float32)


def _pulses(pitch_hz: np.ndarray, count: int) -> np.ndarray:
    """Unit-power pulse train that follows the pitch of every frame."""
    pitch = np.repeat(pitch_hz, HOP_SAMPLES)[:count]
    phase = np.cumsum(pitch / SAMPLE_RATE_HZ)
    at = np.flatnonzero(np.diff(np.floor(phase)) > 0)
    fraction = (np.floor(phase[at + 1]) - phase[at]) / (phase[at + 1] - phase[at])
    height = np.sqrt(SAMPLE_RATE_HZ / pitch[at])
    train = np.zeros(count, np.float32)
    train[at] += height * (1 - fraction)
    train[at + 1] += height * fraction
    return train


def _spectra(excitation: np.ndarray) -> np.ndarray:
    half = len(_SYNTHESIS_WINDOW) // 2
    padded = np.pad(excitation, (half, half))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)[::HOP_SAMPLES]
    frames = frames[: len(excitation) // HOP_SAMPLES] * _SYNTHESIS_WINDOW
    return np.fft.rfft(frames, FFT_SAMPLES)


def _overlap_add(frames: np.ndarray, count: int) -> np.ndarray:
    """Add frames every hop; the window was centred on the frame's position."""
    pieces = frames.reshape(len(frames), -1)
    half = len(_SYNTHESIS_WINDOW) // 2
    output = np.zeros(count + FFT_SAMPLES + HOP_SAMPLES, np.float32)
    blocks = -(-FFT_SAMPLES // HOP_SAMPLES)
    padded = np.pad(pieces, ((0, 0), (0, blocks * HOP_SAMPLES - FFT_SAMPLES)))
    for block in range(blocks):
        part = padded[:, block * HOP_SAMPLES : (block + 1) * HOP_SAMPLES].ravel()
        start = block * HOP_SAMPLES
        room = min(len(part), len(output) - start)
        output[start : start + room] += part[:room]
    level = np.sqrt(1 / (_ANALYSIS_WINDOW**2).sum())
    return (output[half : half + count] * level).astype(np.float32)
