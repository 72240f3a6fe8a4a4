"""What is not the speech of a transcript: music, noise, echoes, and text of other languages."""

import numpy as np
import soxr

from benchmarks.planted.speech import CLEAN, RATE_HZ
from speech_toolkit.evaluation.cases.perturb import FULL_SCALE, Clip, add_noise, change_level
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

CHORDS_HZ = ((220.0, 277.2, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))
CHORD_S, BEAT_S = 1.2, 0.45
MUSIC_BELOW_DB = 15.0
QUIETER_DB = -30.0
LEAD_IN_S = 4.0

OTHER_LANGUAGES = {
    "deu": (
        "Gestern haben wir den alten Bahnhof besucht und lange auf den Zug gewartet. "
        "Die Kinder wollten unbedingt noch ein Eis kaufen. "
        "Am Abend gab es Kartoffeln mit Quark, und niemand wollte schlafen gehen."
    ),
    "fra": (
        "Nous avons marché le long de la rivière jusqu'au petit pont de bois. "
        "Mon frère voulait absolument pêcher quelques poissons. "
        "Le soir, tout le monde chantait autour du feu dans le jardin."
    ),
    "spa": (
        "Mañana por la tarde vamos a visitar el mercado nuevo del pueblo. "
        "Mi abuela siempre compra naranjas, queso y un poco de pan. "
        "Después tomaremos el autobús hasta la playa."
    ),
    "fin": (
        "Huomenna lähdemme mökille ja uimme järvessä koko päivän. "
        "Isoisä keittää kahvia ja kertoo pitkiä tarinoita. "
        "Illalla saunomme ja katselemme tähtiä."
    ),
    "rus": (
        "Вчера мы долго гуляли по старому городу и смотрели на реку. "
        "Моя сестра купила красное яблоко и тёплый хлеб. "
        "Вечером вся семья сидела на кухне и пила чай."
    ),
}


def silence(samples: int, random: np.random.Generator) -> np.ndarray:
    """Return what a microphone gives in an empty room: noise 70 dB below full scale, float32."""
    return (random.standard_normal(samples) * 10 ** (-70 / 20)).astype(np.float32)


def noise(samples: int, random: np.random.Generator) -> np.ndarray:
    """Return white noise that swells and fades, float32 (N,)."""
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.2 * np.arange(samples) / RATE_HZ)
    return (0.1 * swell * random.standard_normal(samples)).astype(np.float32)


def chords(samples: int, random: np.random.Generator) -> np.ndarray:
    """Return plucked chords of five harmonics, one after the other, float32 (N,)."""
    length = round(CHORD_S * RATE_HZ)
    times_s = np.arange(length) / RATE_HZ
    parts = []
    while sum(map(len, parts)) < samples:
        tones_hz = CHORDS_HZ[random.integers(len(CHORDS_HZ))]
        waves = [
            np.sin(2 * np.pi * tone_hz * order * times_s) / order
            for tone_hz in tones_hz
            for order in range(1, 6)
        ]
        parts.append(np.sum(waves, axis=0) * np.exp(-2 * times_s))
    music = np.concatenate(parts)[:samples]
    return (0.5 * music / np.abs(music).max()).astype(np.float32)


def drums(samples: int, random: np.random.Generator) -> np.ndarray:
    """Return beats of a bass drum and a snare in turn, float32 (N,)."""
    times_s = np.arange(round(BEAT_S * RATE_HZ)) / RATE_HZ
    bass = np.sin(2 * np.pi * 60 * times_s) * np.exp(-12 * times_s)
    parts = []
    while sum(map(len, parts)) < samples:
        snare = random.standard_normal(len(times_s)) * np.exp(-25 * times_s)
        parts += [bass, 0.5 * snare]
    beats = np.concatenate(parts)[:samples]
    return (0.6 * beats / np.abs(beats).max()).astype(np.float32)


def _as_it_is(clip: Clip, random: np.random.Generator) -> Clip:
    return clip


def _white_noise(clip: Clip, random: np.random.Generator) -> Clip:
    return add_noise(clip, 20.0, "white", random)


def _pink_noise(clip: Clip, random: np.random.Generator) -> Clip:
    return add_noise(clip, 10.0, "pink", random)


def _telephone(clip: Clip, random: np.random.Generator) -> Clip:
    narrow = soxr.resample(soxr.resample(clip.samples, RATE_HZ, 8000), 8000, RATE_HZ)
    kept = narrow[: len(clip.samples)]
    return _with_samples(clip, np.pad(kept, (0, len(clip.samples) - len(kept))))


def _echo(clip: Clip, random: np.random.Generator) -> Clip:
    """Speak in a room whose sound has died away by 60 dB after 0.4 s."""
    times_s = np.arange(round(0.4 * RATE_HZ)) / RATE_HZ
    room = random.standard_normal(len(times_s)) * 10 ** (-3 * times_s / 0.4)
    room *= 0.5 / np.sqrt(np.sum(room**2))
    room[0] = 1.0
    size = len(clip.samples) + len(room)
    wet = np.fft.irfft(np.fft.rfft(clip.samples, size) * np.fft.rfft(room, size), size)
    return _with_samples(clip, wet[: len(clip.samples)])


def _quiet(clip: Clip, random: np.random.Generator) -> Clip:
    return change_level(clip, QUIETER_DB)


def _music_below(clip: Clip, random: np.random.Generator) -> Clip:
    music = chords(len(clip.samples), random)
    ratio = np.sqrt(np.mean(clip.samples**2) / np.mean(music**2))
    return _with_samples(clip, clip.samples + ratio * 10 ** (-MUSIC_BELOW_DB / 20) * music)


def _music_before(clip: Clip, random: np.random.Generator) -> Clip:
    music = chords(round(LEAD_IN_S * RATE_HZ), random)
    words = tuple(
        TrueWord(word.text, word.start_s + LEAD_IN_S, word.end_s + LEAD_IN_S) for word in clip.words
    )
    whole = np.concatenate([music, clip.samples])
    return Clip(whole, RATE_HZ, clip.text, words, clip.voice)


def _with_samples(clip: Clip, samples: np.ndarray) -> Clip:
    level = max(1.0, float(np.abs(samples).max()) / FULL_SCALE)
    return Clip((samples / level).astype(np.float32), RATE_HZ, clip.text, clip.words, clip.voice)


# What a recording may be like while its transcript is right.
CONDITIONS = {
    CLEAN: _as_it_is,
    "white noise 20 dB": _white_noise,
    "pink noise 10 dB": _pink_noise,
    "telephone": _telephone,
    "echo": _echo,
    "quiet": _quiet,
    "music below": _music_below,
    "music before": _music_before,
}
