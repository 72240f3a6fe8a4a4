"""Music and effects that are no speech, to test the finding of speech with.

The bundled detector learnt from sounds of `tools/training/sound_kinds.py`. These are other kinds,
made in other ways: plucked strings by feedback, bells and keys by frequency modulation, strings and
brass by filters that move, and so on. Each kind is a function of a source of chance and a number
of seconds that gives float32 at 16 kHz, peaks at 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RATE_HZ = 16000
_FRAME, _HOP = 512, 128

Sound = Callable[[np.random.Generator, float], np.ndarray]


def _seconds(count: int) -> np.ndarray:
    return np.arange(count) / RATE_HZ


def _peaked(samples: np.ndarray) -> np.ndarray:
    return (samples / (np.abs(samples).max() + 1e-9)).astype(np.float32)


def _walk(
    rng: np.random.Generator, count: int, pace_hz: float, low: float, high: float
) -> np.ndarray:
    """A value that wanders between two bounds."""
    knots = rng.uniform(low, high, int(count / RATE_HZ * pace_hz) + 3)
    return np.interp(np.arange(count) * pace_hz / RATE_HZ, np.arange(len(knots)), knots)


def _put(output: np.ndarray, start_s: float, part: np.ndarray) -> None:
    first = int(start_s * RATE_HZ)
    part = part[: max(len(output) - first, 0)]
    output[first : first + len(part)] += part


def _filtered(samples: np.ndarray, centres_hz: np.ndarray, widths_hz: float) -> np.ndarray:
    """Let through what lies around centres, which may move, (C, N) or (C, 1)."""
    padded = np.pad(samples, _FRAME)
    window = np.hanning(_FRAME + 1)[:-1]
    starts = np.arange(0, len(padded) - _FRAME, _HOP)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[starts] * window
    hertz = np.fft.rfftfreq(_FRAME, 1 / RATE_HZ)
    at = np.clip(starts - _FRAME // 2, 0, len(samples) - 1)
    centres = centres_hz[:, at % centres_hz.shape[1], None]
    gains = 0.02 + np.exp(-0.5 * ((hertz - centres) / widths_hz) ** 2).sum(axis=0)
    shaped = np.fft.irfft(np.fft.rfft(frames) * gains) * window
    output = np.zeros(len(padded))
    for start, frame in zip(starts.tolist(), shaped, strict=True):
        output[start : start + _FRAME] += frame
    return output[_FRAME:-_FRAME] / 1.5


def _saw(hertz: np.ndarray) -> np.ndarray:
    return 2 * (np.cumsum(hertz) / RATE_HZ % 1) - 1


def _notes(rng: np.random.Generator, duration_s: float) -> list[tuple[float, float, float]]:
    """Return a tune with chords: start and length in seconds, and pitch in Hz."""
    beat_s, notes, at = 60 / rng.uniform(70, 160), [], 0.0
    root_hz, scale = rng.uniform(100, 200), np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    lengths = beat_s * rng.choice([0.25, 0.5, 0.5, 1, 1, 2], 8)
    degrees, number = rng.integers(0, 8, 8), 0
    while at < duration_s:
        if number % 16 == 15:
            degrees = np.roll(degrees, 1)
        length, degree = lengths[number % 8], degrees[number % 8]
        notes.append((at, length, root_hz * 2 ** (scale[degree] / 12)))
        if number % 4 == 0:
            chord = scale[[degree % 3, degree % 3 + 2, degree % 3 + 4]] - 12
            notes += [(at, 2 * beat_s, root_hz * 2 ** (step / 12)) for step in chord]
        at += length
        number += 1
    return notes


def plucked_strings(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Guitars and harps: a burst of noise that runs round a loop and is dulled at each turn."""
    output, damping = np.zeros(int(duration_s * RATE_HZ)), rng.uniform(0.985, 0.998)
    for start_s, length_s, hertz in _notes(rng, duration_s):
        period = max(int(RATE_HZ / hertz), 4)
        loop, turns = rng.uniform(-1, 1, period), []
        for _ in range(int((length_s + 0.6) * RATE_HZ / period)):
            turns.append(loop)
            loop = damping * 0.5 * (loop + np.roll(loop, 1))
        if turns:
            _put(output, start_s, np.concatenate(turns))
    return _peaked(output)


def electric_keys(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Electric pianos, marimbas and bells by frequency modulation."""
    output, ratio = np.zeros(int(duration_s * RATE_HZ)), rng.choice([1, 2, 3.5, 1.41, 7])
    depth, decay = rng.uniform(0.5, 5), rng.uniform(1.5, 6)
    for start_s, length_s, hertz in _notes(rng, duration_s):
        t = _seconds(int((length_s + 1) * RATE_HZ))
        bend = depth * np.exp(-t * 2 * decay) * np.sin(2 * np.pi * ratio * hertz * t)
        _put(output, start_s, np.sin(2 * np.pi * hertz * 2 * t + bend) * np.exp(-t * decay))
    return _peaked(output)


def organ(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Drawbars behind a turning loudspeaker."""
    output, bars = np.zeros(int(duration_s * RATE_HZ)), rng.uniform(0, 1, 7)
    rotor_hz = rng.choice([0.9, 6.5])
    for start_s, length_s, hertz in _notes(rng, duration_s):
        t = _seconds(int(length_s * RATE_HZ))
        turn = 0.3 * np.sin(2 * np.pi * rotor_hz * (t + start_s))
        parts = (
            bar * np.sin(2 * np.pi * hertz * k * t + turn)
            for k, bar in zip((0.5, 1, 1.5, 2, 3, 4, 6), bars, strict=True)
        )
        edge = np.clip(np.minimum(t, length_s - t) / 0.01, 0, 1)
        _put(output, start_s, sum(parts) * edge * (1 + turn))
    return _peaked(output)


def strings_and_brass(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Saw teeth with vibrato in section, through a filter that opens and closes."""
    count = int(duration_s * RATE_HZ)
    output, rise_s = np.zeros(count), rng.uniform(0.02, 0.3)
    for start_s, length_s, hertz in _notes(rng, duration_s):
        t = _seconds(int((length_s + 0.1) * RATE_HZ))
        voices = 0.0
        for _ in range(3):
            shake = 1 + 0.006 * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t + rng.uniform(0, 6))
            voices = voices + _saw(hertz * rng.normal(1, 0.004) * shake)
        _put(output, start_s, voices * np.clip(np.minimum(t / rise_s, (t[-1] - t) / 0.08), 0, 1))
    centres = np.stack([_walk(rng, count, 0.8, 300, 1500), _walk(rng, count, 0.8, 600, 3500)])
    return _peaked(_filtered(output, centres, 500))


def drum_machine(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Drums alone."""
    output, step_s = np.zeros(int(duration_s * RATE_HZ)), 15 / rng.uniform(80, 170)
    t = _seconds(6400)
    boom = np.sin(2 * np.pi * (50 * t + 12 * (1 - np.exp(-t * 40)))) * np.exp(-t * 11)
    rattle = rng.standard_normal(6400) * np.exp(-t * 22) + np.sin(2 * np.pi * 190 * t) * np.exp(
        -t * 18
    )
    metal = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (2050, 3040, 3690, 5220)) * np.exp(
        -t * 45
    )
    tom = np.sin(2 * np.pi * (110 * t + 6 * (1 - np.exp(-t * 20)))) * np.exp(-t * 8)
    bars = rng.random((4, 16)) < np.array([[0.25], [0.15], [0.7], [0.08]])
    for number in range(int(duration_s / step_s)):
        for bar, part in zip(bars, (boom, 0.5 * rattle, 0.08 * metal, 0.7 * tom), strict=True):
            if bar[number % 16]:
                _put(output, number * step_s, rng.uniform(0.7, 1) * part)
    return _peaked(output)


def chip_tune(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Pulses of a game console: tune, quick arpeggios, noise for drums, blips."""
    count = int(duration_s * RATE_HZ)
    output, width = np.zeros(count), rng.choice([0.125, 0.25, 0.5])
    for start_s, length_s, hertz in _notes(rng, duration_s):
        t = _seconds(int(length_s * 0.9 * RATE_HZ))
        steps = np.array([1, 1.26, 1.5, 2])[(t * 50).astype(int) % int(rng.choice([1, 1, 4]))]
        phase = np.cumsum(2 * hertz * steps) / RATE_HZ % 1
        _put(output, start_s, np.where(phase < width, 1.0, -1.0) * np.exp(-t * 2))
    hiss = np.repeat(rng.standard_normal(count // 3 + 1), 3)[:count]
    return _peaked(output + hiss * (np.exp(-(_seconds(count) % 0.4) * 25)))


def choir_pad(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Voice-like: a pad of buzzing voices whose vowels change slowly, with vibrato."""
    count = int(duration_s * RATE_HZ)
    output = np.zeros(count)
    for start_s, length_s, hertz in _notes(rng, duration_s):
        t = _seconds(int((2 * length_s + 0.3) * RATE_HZ))
        shake = 1 + 0.012 * np.sin(2 * np.pi * 5.3 * t + rng.uniform(0, 6))
        swell = np.clip(np.minimum(t / 0.25, (t[-1] - t) / 0.25), 0, 1)
        _put(output, start_s, _saw(hertz * shake) * swell)
    centres = np.stack(
        [_walk(rng, count, 0.5, *span) for span in ((320, 800), (900, 2100), (2400, 2900))]
    )
    return _peaked(_filtered(output, centres, 110))


def wah_lead(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Voice-like: a lead that glides from note to note, through a filter that says wah."""
    count = int(duration_s * RATE_HZ)
    notes = _notes(rng, duration_s)
    hertz = np.interp(_seconds(count), [n[0] for n in notes], [n[2] for n in notes])
    hertz *= 1 + 0.015 * np.sin(2 * np.pi * 5.8 * _seconds(count))
    wah_hz = rng.uniform(0.7, 3.5)
    centre = 900 + 600 * np.sin(2 * np.pi * wah_hz * _seconds(count))
    return _peaked(_filtered(np.tanh(3 * _saw(hertz)), np.stack([centre, 2.3 * centre]), 200))


def theremin(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """One tone that glides without steps and shakes."""
    count = int(duration_s * RATE_HZ)
    hertz = 440 * 2 ** _walk(rng, count, 1.2, -1, 1)
    hertz *= 1 + 0.02 * np.sin(2 * np.pi * 6 * _seconds(count))
    angle = 2 * np.pi * np.cumsum(hertz) / RATE_HZ
    return _peaked((np.sin(angle) + 0.3 * np.sin(2 * angle)) * _walk(rng, count, 2, 0.1, 1))


def band(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Several of these together."""
    players = (plucked_strings, electric_keys, organ, strings_and_brass, choir_pad)
    chosen = rng.choice(len(players), 2, replace=False)
    parts = [rng.uniform(0.4, 1) * players[each](rng, duration_s) for each in chosen]
    return _peaked(sum(parts) + rng.uniform(0.3, 1) * drum_machine(rng, duration_s))


def sirens(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Two tones in turn, or a wail, behind a street."""
    count = int(duration_s * RATE_HZ)
    t, rate_hz = _seconds(count), rng.choice([0.12, 0.5, 1.1, 3.3])
    wave = np.sin(2 * np.pi * rate_hz * t)
    hertz = rng.uniform(550, 900) * np.where(rng.random() < 0.5, 1.17 ** np.sign(wave), 1.4**wave)
    street = np.cumsum(rng.standard_normal(count)) * 1e-3
    horn = np.tanh(2 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE_HZ))
    return _peaked(horn + 0.05 * (street - street.mean()))


def telephones(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """A bell struck 25 times a second, or a ringing tone of melody, with pauses; at times a fax."""
    count = int(duration_s * RATE_HZ)
    t, kind = _seconds(count), rng.integers(3)
    if kind == 0:
        struck = sum(np.sin(2 * np.pi * f * t) for f in (1130, 1420, 2210, 3160, 4470))
        return _peaked(struck * np.exp(-(t % 0.04) * 40) * (t % 3 < 1.2))
    if kind == 1:
        tune = rng.choice([660, 784, 880, 988, 1175, 1319], 6)[(t * 7).astype(int) % 6]
        angle = 2 * np.pi * np.cumsum(tune) / RATE_HZ
        return _peaked(np.sin(angle + 2 * np.sin(2 * angle)) * (t % 4 < 1.8))
    bits = rng.choice([1650, 1850, 1300, 2100], int(duration_s * 300) + 1)[(t * 300).astype(int)]
    fax = np.sin(2 * np.pi * np.cumsum(bits) / RATE_HZ)
    return _peaked(np.where(t % 6 < 2, np.sin(2 * np.pi * 1100 * t), fax))


def machines(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """An engine that is accelerated through its gears, a saw, a helicopter."""
    count = int(duration_s * RATE_HZ)
    t, kind = _seconds(count), rng.integers(3)
    if kind == 2:
        beat = np.exp(-(t * rng.uniform(9, 16) % 1) * 6)
        return _peaked(beat * _filtered(rng.standard_normal(count), np.array([[180.0]]), 150))
    low, high = ((25, 110), (180, 420))[kind]
    turning = low + (high - low) * (t / rng.uniform(1.5, 5) % 1)
    fired = _saw(turning) ** 3 + 0.5 * _saw(turning / 2) ** 5 + 0.1 * rng.standard_normal(count)
    return _peaked(_filtered(fired, rng.uniform(100, 3000, (4, 1)), 250))


def weather(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Howling wind, rain with thunder, breakers on a shore."""
    count = int(duration_s * RATE_HZ)
    hiss, kind = rng.standard_normal(count), rng.integers(3)
    if kind == 0:
        howl = _filtered(hiss, _walk(rng, count, 0.7, 250, 1100)[None], 60)
        return _peaked(howl * _walk(rng, count, 0.9, 0.1, 1))
    if kind == 1:
        drops = (rng.random(count) < 0.01) * rng.exponential(1, count)
        thunder = np.cumsum(hiss) * _walk(rng, count, 0.3, 0, 0.03) ** 2
        return _peaked(
            np.convolve(drops, rng.standard_normal(60), "same") + thunder - thunder.mean()
        )
    swell = np.clip(np.sin(2 * np.pi * 0.13 * _seconds(count)), 0.05, 1) ** 2
    return _peaked(_filtered(hiss * swell, np.array([[500.0], [2500.0]]), 900))


def animals(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Birdsong, crickets, a dog."""
    count = int(duration_s * RATE_HZ)
    output, kind, at = np.zeros(count), rng.integers(3), 0.0
    if kind == 1:
        t = _seconds(count)
        chirp = np.clip(np.sin(2 * np.pi * 32 * t), 0, 1) * (t % 0.6 < 0.25)
        return _peaked(np.sin(2 * np.pi * rng.uniform(3800, 5200) * t) * chirp)
    while at < duration_s:
        if kind == 0:
            t = _seconds(int(rng.uniform(0.03, 0.3) * RATE_HZ))
            hertz = rng.uniform(2000, 4500) + rng.uniform(200, 1200) * np.sin(
                2 * np.pi * rng.uniform(5, 45) * t
            )
            part = np.sin(2 * np.pi * np.cumsum(hertz) / RATE_HZ) * np.sin(np.pi * t / t[-1])
            pause_s = rng.exponential(0.15)
        else:
            t = _seconds(int(rng.uniform(0.12, 0.25) * RATE_HZ))
            hertz = rng.uniform(350, 600) * (1 - 1.2 * t) + 40 * rng.standard_normal(len(t))
            buzz = _saw(hertz) + 0.3 * rng.standard_normal(len(t))
            part = _filtered(buzz, np.array([[800.0], [1700.0]]), 300) * np.sin(np.pi * t / t[-1])
            pause_s = rng.choice([0.15, 0.3, 1.5])
        _put(output, at, part * rng.uniform(0.5, 1))
        at += t[-1] + pause_s
    return _peaked(output)


def things(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Typing, steps on gravel, a ball, clapping in time, breaking glass, a door."""
    output, kind, at = np.zeros(int(duration_s * RATE_HZ)), rng.integers(6), 0.0
    while at < duration_s:
        t = _seconds(int((0.03, 0.2, 0.05, 0.06, 0.8, 0.4)[kind] * RATE_HZ))
        hiss = rng.standard_normal(len(t))
        if kind == 1:
            part = hiss * (rng.random(len(t)) < 0.1) * np.sin(np.pi * t / t[-1])
        elif kind == 4:
            tones = rng.uniform(2000, 7500, 30)
            part = np.sin(2 * np.pi * tones[:, None] * t).sum(0) * np.exp(-t * 9) + hiss * np.exp(
                -t * 30
            )
        elif kind == 5:
            part = np.sin(2 * np.pi * 85 * t) * np.exp(-t * 12) + 0.4 * hiss * np.exp(-t * 60)
        else:
            centre = (3000.0, 0.0, 900.0, 1600.0)[kind] * rng.uniform(0.8, 1.2)
            part = _filtered(hiss * np.exp(-t * 90), np.array([[centre]]), 600)
        _put(output, at, rng.uniform(0.4, 1) * part)
        at += (rng.exponential(0.12) + 0.05, 0.55, 0.7, 0.5, 2.5, 1.6)[kind] * rng.uniform(0.9, 1.1)
    return _peaked(output)


def applause(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Many hands."""
    count = int(duration_s * RATE_HZ)
    claps = (rng.random(count) < rng.uniform(0.002, 0.02)) * rng.exponential(1, count)
    hiss = rng.standard_normal(160) * np.exp(-np.arange(160) / 30)
    return _peaked(np.convolve(claps, hiss, "same") * _walk(rng, count, 0.3, 0.3, 1))


def static(rng: np.random.Generator, duration_s: float) -> np.ndarray:
    """Noise of a receiver, cut in and out, with whistles that wander."""
    count = int(duration_s * RATE_HZ)
    whistle = np.sin(2 * np.pi * np.cumsum(_walk(rng, count, 0.8, 200, 4000)) / RATE_HZ)
    level = np.repeat(rng.choice([0.05, 0.4, 1], count // 1600 + 1), 1600)[:count]
    return _peaked(rng.standard_normal(count) * level + 0.8 * whistle)


def _named(*kinds: Sound) -> dict[str, Sound]:
    return {make.__name__.replace("_", " "): make for make in kinds}


MUSIC = _named(
    plucked_strings, electric_keys, organ, strings_and_brass, drum_machine,
    chip_tune, choir_pad, wah_lead, theremin, band,
)  # fmt: skip
EFFECTS = _named(sirens, telephones, machines, weather, animals, things, applause, static)
