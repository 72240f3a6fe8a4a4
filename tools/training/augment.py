"""Rooms, microphones and noise for clean 16 kHz speech; nothing here moves speech in time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SAMPLE_RATE_HZ = 16000
_BANK_SAMPLES = 30 * SAMPLE_RATE_HZ


class NoiseBank:
    """Noises of 30 s each, of which random parts are taken.

    Args:
        rng: Source of chance.
        speeches: Utterances (float32) of which babble is mixed.
    """

    def __init__(self, rng: np.random.Generator, speeches: Sequence[np.ndarray]) -> None:
        self._noises = [coloured(rng, exponent) for exponent in (0.0, 0.5, 1.0, 1.5, 2.0)]
        self._noises += [hum(rng, base_hz) for base_hz in (50.0, 60.0, 100.0, 120.0, 180.0)]
        self._noises += [gusts(rng, exponent) for exponent in (0.3, 1.0)]
        self._noises += [babble(rng, speeches, talkers) for talkers in (3, 6, 12)]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Take `count` samples of unit-power noise, at times a mixture of two kinds."""
        picks = rng.choice(len(self._noises), int(rng.integers(1, 3)), replace=False)
        mixed = np.zeros(count, np.float32)
        for pick in picks:
            start = int(rng.integers(_BANK_SAMPLES))
            positions = np.arange(start, start + count) % _BANK_SAMPLES
            mixed += float(rng.uniform(0.3, 1)) * self._noises[pick][positions]
        return mixed / (_rms(mixed) + 1e-6)


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2) + 1e-12))


def _unit(samples: np.ndarray) -> np.ndarray:
    return (samples / _rms(samples)).astype(np.float32)


def coloured(rng: np.random.Generator, exponent: float) -> np.ndarray:
    """Noise whose power falls with frequency to the power `exponent`."""
    spectrum = np.fft.rfft(rng.standard_normal(_BANK_SAMPLES))
    hertz = np.fft.rfftfreq(_BANK_SAMPLES, 1 / SAMPLE_RATE_HZ)
    return _unit(np.fft.irfft(spectrum / np.maximum(hertz, 40) ** (exponent / 2)))


def hum(rng: np.random.Generator, base_hz: float) -> np.ndarray:
    """Harmonics of a machine or of the mains, whose levels drift."""
    seconds = np.arange(_BANK_SAMPLES) / SAMPLE_RATE_HZ
    harmonics = sum(
        rng.uniform(0, 1) / k * np.sin(2 * np.pi * (base_hz * k * seconds + rng.random()))
        for k in range(1, 12)
    )
    harmonics *= np.interp(seconds, np.arange(31), np.exp(rng.normal(0, 0.5, 31)))
    return _unit(harmonics + 0.1 * rng.standard_normal(_BANK_SAMPLES))


def gusts(rng: np.random.Generator, exponent: float) -> np.ndarray:
    """Coloured noise that swells and fades, as traffic or wind does."""
    knots = np.exp(rng.normal(0, 1, 60))
    envelope = np.interp(np.linspace(0, 59, _BANK_SAMPLES), np.arange(60), knots)
    return _unit(coloured(rng, exponent) * envelope)


def babble(rng: np.random.Generator, speeches: Sequence[np.ndarray], talkers: int) -> np.ndarray:
    """Several voices at once, each played backwards so that it says nothing."""
    mixed = np.zeros(_BANK_SAMPLES, np.float32)
    for _ in range(talkers):
        position = 0
        while position < _BANK_SAMPLES:
            speech = _unit(speeches[int(rng.integers(len(speeches)))][::-1])
            part = speech[: _BANK_SAMPLES - position]
            mixed[position : position + len(part)] += part
            position += len(part)
    return _unit(mixed)


def knocks(rng: np.random.Generator, count: int) -> np.ndarray:
    """Short noises that are no speech, as of a door, a key, a cup: float32 (count,)."""
    output = np.zeros(count, np.float32)
    for _ in range(int(rng.integers(1, 5))):
        length = int(min(count, rng.integers(300, 6000)))
        burst = rng.standard_normal(length) * np.exp(-np.arange(length) / rng.uniform(60, 1500))
        if rng.random() < 0.5:
            burst = np.convolve(burst, np.ones(int(rng.integers(2, 30))), "same")
        start = int(rng.integers(count - length + 1))
        output[start : start + length] += (burst / np.abs(burst).max()).astype(np.float32)
    return output


def drifting_level(rng: np.random.Generator, count: int) -> np.ndarray:
    """Gain of a talker who turns away and comes back: float32 (count,), around 1."""
    knots = np.exp(rng.normal(0, rng.uniform(0, 0.5), count // 12000 + 2))
    return np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(knots)), knots).astype(
        np.float32
    )


def record(
    samples: np.ndarray, noises: NoiseBank, rng: np.random.Generator, severity: float
) -> np.ndarray:
    """Play speech in a random room to a random microphone.

    Args:
        samples: float32 (N,), clean speech.
        noises: Where background noise is taken from.
        rng: Source of chance.
        severity: 0 (studio) to 1 (all that is modelled).

    Returns:
        float32 (N,), same timing.
    """
    response = _equaliser(rng, len(samples), severity)
    if rng.random() < 0.55 * severity:
        response = response * np.fft.rfft(room_response(rng), _fft_length(len(samples)))
    length = _fft_length(len(samples))
    output = np.fft.irfft(np.fft.rfft(samples, length) * response, length)[: len(samples)]
    output = _unit(output)
    if rng.random() < 0.85:
        decibels = rng.uniform(3, 40) if severity > 0.5 else rng.uniform(18, 50)
        noise = noises.draw(rng, len(output))
        output = output + noise * np.float32(10 ** (-decibels / 20))
    if rng.random() < 0.12 * severity:
        ceiling = np.float32(rng.uniform(1.2, 3.5))
        output = np.clip(output, -ceiling, ceiling)
    if rng.random() < 0.12 * severity:
        output = companded(output)
    return output.astype(np.float32)


def _fft_length(count: int) -> int:
    """A length that is quick to transform and long enough for the tail of a room."""
    step = 1 << 14
    return -(-(count + SAMPLE_RATE_HZ) // step) * step


def _equaliser(rng: np.random.Generator, count: int, severity: float) -> np.ndarray:
    """Smooth random gain over frequency and the band limits of a microphone or a telephone."""
    hertz = np.fft.rfftfreq(_fft_length(count), 1 / SAMPLE_RATE_HZ)
    knots_hz = np.array([0, 120, 250, 500, 1000, 2000, 3000, 4500, 6000, 8000])
    decibels = np.cumsum(rng.normal(0, 3.0 * severity, len(knots_hz)))
    gain = 10 ** (np.interp(hertz, knots_hz, decibels - decibels.mean()) / 20)
    kind = rng.random()
    low_hz, high_hz = rng.uniform(20, 150), 8000.0
    if kind < 0.15 * severity:
        low_hz, high_hz = rng.uniform(200, 350), rng.uniform(3000, 3800)
    elif kind < 0.4 * severity:
        high_hz = rng.uniform(3500, 7500)
    gain *= 1 / (1 + (low_hz / np.maximum(hertz, 1)) ** 4)
    gain *= 1 / (1 + (hertz / high_hz) ** 24)
    if rng.random() < 0.4 * severity:
        centre_hz, width_hz = np.exp(rng.uniform(np.log(200), np.log(6000))), rng.uniform(100, 800)
        gain *= 1 - 0.97 * np.exp(-(((hertz - centre_hz) / width_hz) ** 4))
    return gain.astype(np.float32)


def room_response(
    rng: np.random.Generator, decays_s: tuple[float, float] = (0.08, 0.8)
) -> np.ndarray:
    """Impulse response: the direct sound, then noise that decays exponentially."""
    decay_s = float(np.exp(rng.uniform(np.log(decays_s[0]), np.log(decays_s[1]))))
    count = int(min(decay_s, 0.9) * SAMPLE_RATE_HZ)
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(count) * np.exp(-6.9 * seconds / decay_s)
    tail[: int(rng.integers(16, 120))] = 0
    tail *= 10 ** (rng.uniform(-16, 2) / 20) / np.sqrt((tail**2).sum() + 1e-9)
    tail[0] = 1.0
    return tail.astype(np.float32)


def companded(samples: np.ndarray) -> np.ndarray:
    """Eight-bit mu-law, as on a telephone line."""
    peak = np.abs(samples).max() + 1e-6
    compressed = np.sign(samples) * np.log1p(255 * np.abs(samples) / peak) / np.log(256)
    compressed = np.round(compressed * 127) / 127
    return np.sign(compressed) * np.expm1(np.abs(compressed) * np.log(256)) / 255 * peak


def breath(rng: np.random.Generator, count: int) -> np.ndarray:
    """A breath of `count` samples: noise with a broad peak, swelling and fading."""
    length = max(count, 64)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hertz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    centre_hz, width = rng.uniform(500, 3500), rng.uniform(0.4, 1.2)
    spectrum *= np.exp(-0.5 * (np.log(np.maximum(hertz, 20) / centre_hz) / width) ** 2)
    shaped = np.fft.irfft(spectrum, length) * np.hanning(length)
    return _unit(shaped)[:count]
