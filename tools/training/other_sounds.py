"""What is heard and is no speech, synthesised: music of many makes, effects, noises.

Each kind is a function of a source of chance and a number of seconds; all give float32 at 16 kHz,
peaks near 1. `benchmarks/other_sounds.py` makes other kinds in other ways, to test with.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE_HZ = 16000
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 6, 7, 10))
_VOWELS_HZ = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))


def levelled(samples: np.ndarray) -> np.ndarray:
    """Scale to a peak of 1, float32."""
    return (samples / (np.abs(samples).max() + 1e-9)).astype(np.float32)


def curve(rng: np.random.Generator, count: int, knots_hz: float, spread: float) -> np.ndarray:
    """A random smooth factor around 1, (count,), that turns some `knots_hz` times a second."""
    knots = rng.normal(0, spread, max(int(count / SAMPLE_RATE_HZ * knots_hz), 1) + 2)
    return np.exp(np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots))


def noise(rng: np.random.Generator, count: int, exponent: float) -> np.ndarray:
    """Noise of unit power that falls with frequency to the power `exponent`."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    shaped = np.fft.irfft(spectrum / np.maximum(hertz, 30) ** (exponent / 2), count)
    return shaped / shaped.std()


def band_noise(rng: np.random.Generator, count: int, centre_hz: float, width: float) -> np.ndarray:
    """Noise of unit power around a frequency; the width is in octaves."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ), 1)
    spectrum *= np.exp(-0.5 * (np.log2(hertz / centre_hz) / width) ** 2)
    shaped = np.fft.irfft(spectrum, count)
    return shaped / (shaped.std() + 1e-9)


def add_at(output: np.ndarray, start: int, part: np.ndarray) -> None:
    """Add a part where it fits."""
    part = part[: max(len(output) - start, 0)]
    output[start : start + len(part)] += part


class Instrument:
    """A random way of playing notes: harmonics, envelope, vibrato, tremolo, at times formants."""

    def __init__(self, rng: np.random.Generator) -> None:
        numbers = np.arange(1, 25)
        self._levels = rng.uniform(0.2, 1, 24) / numbers ** rng.uniform(0.3, 2.2)
        if rng.random() < 0.3:
            self._levels[1::2] *= rng.uniform(0, 0.3)
        self._attack_s = float(np.exp(rng.uniform(np.log(0.002), np.log(0.25))))
        self._decay_s = float(np.exp(rng.uniform(np.log(0.08), np.log(3))))
        self._sustain = float(rng.choice([0.0, rng.uniform(0.2, 1)]))
        self._vibrato = (rng.uniform(3, 8), rng.choice([0.0, rng.uniform(0, 0.025)]))
        self._tremolo = (rng.uniform(2, 9), rng.choice([0.0, rng.uniform(0, 0.6)]))
        self._bend = (rng.choice([0.0, rng.normal(0, 0.1)]), rng.uniform(0.02, 0.15))
        self._detune = float(rng.choice([0.0, rng.uniform(0.001, 0.01)]))
        self._brightness = float(rng.uniform(0, 6))
        self._vowel_hz = _VOWELS_HZ[int(rng.integers(4))]
        self._is_voice_like = rng.random() < 0.25

    def play(self, pitch_hz: float, duration_s: float) -> np.ndarray:
        """One note."""
        count = int((duration_s + min(self._decay_s, 0.3)) * SAMPLE_RATE_HZ)
        seconds = np.arange(count, dtype=np.float32) / np.float32(SAMPLE_RATE_HZ)
        rate, depth = self._vibrato
        pitch = pitch_hz * (1 + depth * np.minimum(seconds * 3, 1) * np.sin(6.283 * rate * seconds))
        depth, within_s = self._bend
        pitch *= 1 + depth * np.exp(-seconds / np.float32(within_s))
        turns = np.cumsum(pitch) / SAMPLE_RATE_HZ
        output = np.zeros(count, np.float32)
        for detune in (0.0, self._detune) if self._detune else (0.0,):
            phase = (2 * np.pi * (turns * (1 + detune) % 1)).astype(np.float32)
            for number, level in enumerate(self._levels, start=1):
                if pitch_hz * number < 7600 and level > 0.01:
                    fade = np.exp(-seconds * np.float32(self._brightness * number / 8))
                    level *= self._formants(pitch_hz * number)
                    output += np.float32(level) * fade * np.sin(np.float32(number) * phase)
        held = np.minimum(seconds / self._attack_s, 1)
        held *= self._sustain + (1 - self._sustain) * np.exp(-seconds / self._decay_s)
        held *= np.clip((count / SAMPLE_RATE_HZ - seconds) / 0.05, 0, 1)
        rate, depth = self._tremolo
        return output * held * (1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * rate * seconds)))

    def _formants(self, hertz: float) -> float:
        if not self._is_voice_like:
            return 1.0
        return sum(np.exp(-0.5 * ((hertz - f) / 120) ** 2) for f in self._vowel_hz) + 0.03


def _drums(rng: np.random.Generator, count: int, beat_s: float) -> np.ndarray:
    output = np.zeros(count)
    kick_hz, snare_hz = rng.uniform(40, 90), rng.uniform(900, 3000)
    patterns = rng.random((3, 16)) < np.array([[0.3], [0.2], [0.6]])
    patterns[0, ::8], patterns[1, 4::8] = True, True
    t = np.arange(int(0.4 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    kick = np.sin(6.283 * (kick_hz * t - rng.uniform(2, 8) * np.exp(-t * 30))) * np.exp(-t * 9)
    snare = band_noise(rng, len(t), snare_hz, 1.2) * np.exp(-t * rng.uniform(10, 30)) * 0.4
    hat = band_noise(rng, len(t), rng.uniform(5000, 7500), 0.4) * np.exp(-t * rng.uniform(25, 90))
    for step in range(int(count / SAMPLE_RATE_HZ / beat_s * 4)):
        start = int((step * beat_s / 4 + rng.normal(0, 0.004)) * SAMPLE_RATE_HZ)
        for pattern, part in zip(patterns, (kick, snare, 0.2 * hat), strict=True):
            if pattern[step % 16]:
                add_at(output, max(start, 0), part * rng.uniform(0.6, 1))
    return output


def music(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """A few random parts over a random progression of chords."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    output, beat_s = np.zeros(count), 60 / rng.uniform(55, 190)
    scale, root_hz = _SCALES[int(rng.integers(len(_SCALES)))], 55 * 2 ** rng.uniform(0, 1)

    def pitch(degree: int, octave: float) -> float:
        octaves, place = divmod(degree, len(scale))
        return root_hz * 2 ** (octave + octaves + scale[place] / 12)

    progression = rng.integers(0, len(scale), int(rng.choice([2, 4, 8])))
    wanted = rng.random(5) < (0.5, 0.5, 0.45, 0.5, 0.5)
    wanted[int(rng.integers(4))] = True
    players = [Instrument(rng) for _ in range(4)]
    gains = np.exp(rng.normal(0, 0.5, 5))
    touch, rests, staccato = rng.uniform(0, 0.6), rng.uniform(0, 0.4, 4), rng.uniform(0.2, 1.2, 4)
    steps = int(rng.choice([1, 2, 3, 4]))

    def play(part: int, at: int, degree: int, octave: float, length_s: float) -> None:
        if wanted[part] and rng.random() >= rests[part]:
            note = players[part].play(pitch(degree, octave), length_s * staccato[part])
            add_at(output, at, gains[part] * np.exp(rng.normal(0, touch)) * note)

    for beat in range(int(duration_s / beat_s) + 1):
        chord = int(progression[beat // 4 % len(progression)])
        at = int(beat * beat_s * SAMPLE_RATE_HZ)
        if beat % 4 == 0:
            for degree in (0, 2, 4):
                play(0, at, chord + degree, 2, 4 * beat_s)
        play(1, at, chord, 0, beat_s)
        for step in range(steps):
            then = at + int(step * beat_s / steps * SAMPLE_RATE_HZ)
            play(2, then, chord + int(rng.choice([0, 2, 4, 7])), 2, beat_s / steps)
            if rng.random() < 0.5:
                play(3, then, int(rng.integers(0, 12)), 2.6, beat_s / steps * rng.choice([1, 2, 3]))
    output /= output.std() + 1e-6
    if wanted[4]:
        output += gains[4] * _drums(rng, count, beat_s)
    return levelled(output)


def tones(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Beeps, busy and dialling tones, rings, alarms: tones that come and go in a pattern."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    on_s, off_s = np.exp(rng.uniform(np.log(0.04), np.log(1.5), 2))
    number = (seconds / (on_s + off_s)).astype(int)
    choices = np.exp(rng.uniform(np.log(250), np.log(4000), (int(rng.choice([1, 1, 2, 10])), 2)))
    order = rng.integers(len(choices), size=number.max() + 1)
    hertz = choices[order][number]
    if rng.random() < 0.4:  # a warble
        hertz = (
            hertz * (1 + 0.12 * np.sign(np.sin(2 * np.pi * rng.uniform(6, 25) * seconds)))[:, None]
        )
    phases = 2 * np.pi * np.cumsum(hertz, axis=0) / SAMPLE_RATE_HZ
    is_on = np.convolve(seconds % (on_s + off_s) < on_s, np.ones(80) / 80, "same")
    output = np.sin(phases[:, 0]) + rng.choice([0, 1]) * np.sin(phases[:, 1])
    if rng.random() < 0.3:
        output = np.tanh(3 * output)
    return levelled(output * is_on)


def sweeps(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Sirens, chirps, birds: a tone that glides to and fro, with harmonics."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    rate_hz = float(np.exp(rng.uniform(np.log(0.08), np.log(14))))
    phase = seconds * rate_hz * curve(rng, count, 0.3, 0.1) % 1
    shapes = (phase, 1 - phase, 1 - np.abs(2 * phase - 1), 0.5 + 0.5 * np.sin(2 * np.pi * phase))
    low, high = np.sort(np.exp(rng.uniform(np.log(200), np.log(5500), 2)))
    hertz = low * (high / low) ** shapes[int(rng.integers(4))]
    angle = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE_HZ
    output = sum(
        rng.uniform(0, 1) / k**2 * np.sin(k * angle) * (k * hertz < 7800) for k in (1, 2, 3, 4)
    )
    if rng.random() < 0.5:
        output *= np.clip(1.5 * np.sin(np.pi * phase), 0, 1)
    if rng.random() < 0.4:
        output *= curve(rng, count, 2, 1.2)
    return levelled(output)


def steady_noise(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Noise of any colour, or hum, or both, whose level drifts."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    output = noise(rng, count, rng.uniform(0, 2.2)) * curve(rng, count, 0.5, rng.uniform(0, 0.6))
    if rng.random() < 0.4:
        base_hz = rng.choice([50, 60, 100, rng.uniform(40, 300)])
        harmonics = rng.uniform(0, 1, 20) / np.arange(1, 21)
        output = 0.2 * output + sum(
            level * np.sin(2 * np.pi * base_hz * k * seconds + k)
            for k, level in enumerate(harmonics, start=1)
        )
    return levelled(output)


def swelling_noise(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Noise in bands that swell and fade on their own, at any pace: wind, waves, static, breath."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    pace_hz, spread = np.exp(rng.uniform(np.log(0.3), np.log(16))), rng.uniform(0.4, 1.6)
    together = curve(rng, count, pace_hz, spread)
    output = np.zeros(count)
    for _ in range(int(rng.integers(1, 6))):
        part = band_noise(
            rng, count, np.exp(rng.uniform(np.log(120), np.log(6500))), rng.uniform(0.2, 2)
        )
        own = curve(rng, count, pace_hz, spread) if rng.random() < 0.5 else together
        output += rng.uniform(0.1, 1) * part * own
    if rng.random() < 0.3:
        rate_hz = rng.uniform(1, 14)
        output *= np.clip(
            np.sin(2 * np.pi * rate_hz * np.arange(count) / SAMPLE_RATE_HZ) + 0.3, 0, 1
        )
    return levelled(output)


def _hit(rng: np.random.Generator) -> np.ndarray:
    """Return one short sound: a click, a knock, a clap, a drop, a bell, a bark of a machine."""
    count = int(np.exp(rng.uniform(np.log(60), np.log(9000))))
    seconds = np.arange(count) / SAMPLE_RATE_HZ
    fade = np.exp(-np.arange(count) / count * rng.uniform(3, 8))
    part = band_noise(
        rng, count, np.exp(rng.uniform(np.log(150), np.log(6500))), rng.uniform(0.2, 2)
    )
    ring = np.zeros(count)
    for hertz in np.exp(rng.uniform(np.log(150), np.log(6000), int(rng.integers(1, 6)))):
        glide = 1 + rng.normal(0, 0.2) * seconds / seconds[-1] if count > 1 else 1
        ring += rng.uniform(0.2, 1) * np.sin(2 * np.pi * hertz * seconds * glide)
    share = rng.choice([0.0, 1.0, rng.random()])
    return (share * part + (1 - share) * ring) * fade


def hits(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Clicks, knocks, steps, typing, applause, rain, bells: short sounds, sparse to dense."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    output = np.zeros(count)
    sounds = [_hit(rng) for _ in range(int(rng.integers(1, 7)))]
    number = max(int(duration_s * np.exp(rng.uniform(np.log(0.4), np.log(120)))), 1)
    starts = rng.uniform(0, count, number)
    if rng.random() < 0.3:
        starts = np.arange(number) * count / number + rng.normal(0, 0.02 * count / number, number)
    for start in np.maximum(starts, 0).astype(int):
        add_at(output, start, np.exp(rng.normal(0, 0.6)) * sounds[int(rng.integers(len(sounds)))])
    return levelled(output)


def engine(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Engines, rotors, purring, buzzing: pulses whose rate and load vary, through resonances."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    rate_hz = np.exp(rng.uniform(np.log(6), np.log(250))) * curve(
        rng, count, 0.8, rng.uniform(0, 0.4)
    )
    phase = np.cumsum(rate_hz) / SAMPLE_RATE_HZ % 1
    pulses = np.exp(-phase * rng.uniform(3, 40)) * (1 + 0.2 * rng.standard_normal(count))
    spectrum = np.fft.rfft(pulses - pulses.mean())
    hertz = np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ), 1)
    peaks_hz = np.exp(rng.uniform(np.log(100), np.log(4000), int(rng.integers(1, 5))))
    gain = 0.05 + sum(np.exp(-0.5 * (np.log2(hertz / f) / 0.3) ** 2) for f in peaks_hz)
    output = np.fft.irfft(spectrum * gain, count)
    output = output / output.std() + rng.uniform(0, 0.5) * noise(rng, count, 1.0)
    return levelled(output * curve(rng, count, 0.8, rng.uniform(0, 0.5)))


def calls(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Animals, horns, game sounds: short calls with harmonics, each call much like the last."""
    count = int(duration_s * SAMPLE_RATE_HZ)
    output, at = np.zeros(count), 0.0
    base_hz, length_s = np.exp(rng.uniform(np.log(90), np.log(3000))), np.exp(rng.uniform(-3, 0))
    bend, numbers = rng.normal(0, 0.5), np.arange(1, 20)
    levels = rng.uniform(0.1, 1, 19) / numbers ** rng.uniform(0.2, 2)
    pause_s = np.exp(rng.uniform(np.log(0.04), np.log(2)))
    while at < duration_s:
        own = length_s * np.exp(rng.normal(0, 0.1))
        seconds = np.arange(int(own * SAMPLE_RATE_HZ) + 2) / SAMPLE_RATE_HZ
        pitch = base_hz * np.exp(rng.normal(0, 0.04) + bend * np.sin(np.pi * seconds / own))
        angle = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE_HZ
        heard = [
            level * np.sin(k * angle) * (k * pitch < 7800)
            for k, level in zip(numbers, levels, strict=True)
        ]
        add_at(output, int(at * SAMPLE_RATE_HZ), sum(heard) * np.sin(np.pi * seconds / seconds[-1]))
        at += own + pause_s * np.exp(rng.normal(0, 0.4))
    return levelled(output + 0.003 * noise(rng, count, 1))
