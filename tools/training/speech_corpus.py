"""Build the training speech: random talk, many voices, known phone times, stored in shards.

python tools/training/speech_corpus.py --output DIR --shards 0:40 --utterances 200
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import soxr
import vocoder
from espeak import Espeak
from festival import festival_speak
from flite import Flite
from shards import SAMPLE_RATE_HZ, shard_parser, write_missing_shards
from speech_synthesis import PAUSE, Phone, SpokenToken, SynthesisedSpeech
from spoken_text import random_words, speak_words

_ESPEAK_LANGUAGES = (
    "en-us",
    "en-us",
    "en-us",
    "en-us-nyc",
    "en",
    "en-gb-scotland",
    "en-gb-x-rp",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-029",
)
_VARIANT_NAMES = (
    "m1 m2 m3 m4 m5 m6 m7 f1 f2 f3 f4 adam Alex Alicia Andrea Annie anika antonio aunty "
    "belinda benjamin boris caleb david Denis Diogo ed edward edward2 Gene grandma grandpa "
    "Henrique Hugo iven john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 Lee linda marcelo "
    "Marco Mario max michel Michael miguel norbert pablo paul pedro quincy rob robert sandro "
    "shelby steph steph2 travis victor zac"
)
_ESPEAK_VARIANTS = tuple(_VARIANT_NAMES.split())
_VOICE_SHARES = {
    "espeak": 0.28,
    "flite slt": 0.15,
    "flite awb": 0.18,
    "flite kal16": 0.1,
    "festival ked_diphone": 0.14,
    "festival cmu_us_slt_arctic_hts": 0.15,
}
_DROPPABLE_NAMES = "t d hh h ax @ @2 ih dh D d# t# t2 I2"
_EASILY_DROPPED = frozenset(_DROPPABLE_NAMES.split())


@dataclass(frozen=True)
class Request:
    """One utterance to make."""

    tokens: tuple[SpokenToken, ...]
    synthesiser: str
    voice: str


def draw_requests(rng: np.random.Generator, count: int) -> list[Request]:
    """Draw the texts and voices of a shard."""
    requests = []
    for _ in range(count):
        words = random_words(rng, int(rng.integers(2, 22)))
        tokens = speak_words(words, rng, slur=rng.uniform(0, 0.7), pause=rng.uniform(0, 0.12))
        requests.append(request_of_any_voice(rng, tokens))
    return requests


def request_of_any_voice(rng: np.random.Generator, tokens: Sequence[SpokenToken]) -> Request:
    """Draw who speaks the tokens."""
    names, shares = list(_VOICE_SHARES), np.array(list(_VOICE_SHARES.values()))
    synthesiser, _, voice = str(rng.choice(names, p=shares / shares.sum())).partition(" ")
    if synthesiser == "espeak":
        voice = f"{rng.choice(_ESPEAK_LANGUAGES)}+{rng.choice(_ESPEAK_VARIANTS)}"
    return Request(tuple(tokens), synthesiser, voice)


class Studio:
    """All synthesisers behind one call."""

    def __init__(self) -> None:
        self._espeak, self._flite = Espeak(), Flite(("slt", "awb", "kal16"))

    def speak(
        self, requests: Sequence[Request], rng: np.random.Generator
    ) -> list[SynthesisedSpeech]:
        """Speak what can be spoken; requests that a synthesiser cuts otherwise are left out."""
        spoken: list[SynthesisedSpeech | None] = []
        for request in requests:
            try:
                if request.synthesiser == "espeak":
                    rate, pitch = int(rng.integers(120, 240)), int(rng.integers(15, 90))
                    spoken.append(
                        self._espeak.speak(
                            request.tokens, request.voice, rate, pitch, int(rng.integers(10, 90))
                        )
                    )
                elif request.synthesiser == "flite":
                    spoken.append(
                        self._flite.speak(request.tokens, request.voice, rng.uniform(0.75, 1.3))
                    )
            except (ValueError, UnicodeEncodeError):
                continue
        for voice in sorted({r.voice for r in requests if r.synthesiser == "festival"}):
            batch = [r.tokens for r in requests if r.voice == voice]
            spoken += festival_speak(batch, voice, rng.uniform(0.8, 1.25))
        return [speech for speech in spoken if speech is not None and is_sane(speech)]


def is_sane(speech: SynthesisedSpeech) -> bool:
    """Reject speech whose phone times cannot be right."""
    spoken = [phone for phone in speech.phones if phone.group != PAUSE]
    lengths = np.array([phone.end_s - phone.start_s for phone in spoken])
    duration = len(speech.samples) / speech.sample_rate_hz
    in_order = all(a.end_s <= b.start_s + 1e-3 for a, b in pairwise(spoken))
    groups_heard = {phone.group for phone in spoken} == set(range(len(speech.groups)))
    return bool(
        in_order
        and groups_heard
        and len(spoken) > 2
        and lengths.min() > 0.001
        and lengths.max() < 0.8
        and spoken[-1].end_s <= duration + 0.05
        and np.abs(speech.samples).max() > 0.02
    )


def vary(speech: SynthesisedSpeech, rng: np.random.Generator) -> SynthesisedSpeech:
    """Give the speech another voice, rhythm and care of articulation, at 16 kHz."""
    samples = speech.samples
    if rng.random() < 0.2:
        return sped_up(speech, float(np.exp(rng.uniform(-0.2, 0.16))), "MQ")
    if speech.sample_rate_hz != SAMPLE_RATE_HZ:
        samples = soxr.resample(samples, speech.sample_rate_hz, SAMPLE_RATE_HZ, "MQ")
    analysis = vocoder.analyse(samples)
    source_s, target_s = warp_times(speech.phones, rng)
    hop_s = vocoder.HOP_SAMPLES / SAMPLE_RATE_HZ
    frame_times = np.arange(0, target_s[-1], hop_s)
    positions = np.interp(frame_times, target_s, source_s) / hop_s
    change = draw_voice(analysis, positions, rng)
    output = vocoder.resynthesise(analysis, positions, change, rng)
    phones = tuple(
        replace(
            phone,
            start_s=float(np.interp(phone.start_s, source_s, target_s)),
            end_s=float(np.interp(phone.end_s, source_s, target_s)),
        )
        for phone in speech.phones
    )
    return replace(speech, samples=output, sample_rate_hz=SAMPLE_RATE_HZ, phones=phones)


def sped_up(speech: SynthesisedSpeech, factor: float, quality: str = "VHQ") -> SynthesisedSpeech:
    """Play speech `factor` times faster at 16 kHz, pitch and formants moving along."""
    samples = soxr.resample(speech.samples, speech.sample_rate_hz * factor, SAMPLE_RATE_HZ, quality)
    phones = tuple(
        replace(p, start_s=p.start_s / factor, end_s=p.end_s / factor) for p in speech.phones
    )
    return replace(speech, samples=samples, sample_rate_hz=SAMPLE_RATE_HZ, phones=phones)


def warp_times(phones: Sequence[Phone], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw a human, uneven rhythm.

    Returns:
        Matching times in seconds of the source and of the warped speech, both increasing.
    """
    edges = np.array([phones[0].start_s] + [phone.end_s for phone in phones])
    lengths = np.maximum(np.diff(edges), 1e-4)
    haste = 0.35 if rng.random() < 0.3 else 0.12
    global_rate = np.exp(rng.normal(-haste, 0.22))
    drift = np.cumsum(rng.normal(0, 0.12, len(phones)))
    drift -= np.linspace(0, drift[-1], len(drift)) + drift.mean() * 0.5
    factors = global_rate * np.exp(np.clip(drift, -0.5, 0.5) + rng.normal(0, 0.28, len(phones)))
    carelessness = rng.uniform(0, 0.35)
    for i, phone in enumerate(phones):
        before_pause = i + 1 == len(phones) or phones[i + 1].group == PAUSE
        if phone.group == PAUSE:
            factors[i] = _pause_s(rng) / lengths[i]
        elif phone.name in _EASILY_DROPPED and rng.random() < carelessness:
            factors[i] *= 0.3
        elif before_pause:
            factors[i] *= rng.uniform(0.9, 1.9)
        elif rng.random() < 0.012:
            factors[i] *= rng.uniform(2, 4)
    lead = phones[0].start_s
    source = np.concatenate([[0.0], edges + 1e-6]) if lead > 0 else edges
    target = np.cumsum(np.concatenate([[min(lead, 0.1)] if lead > 0 else [], lengths * factors]))
    return source, np.concatenate([[0.0], target])


def _pause_s(rng: np.random.Generator) -> float:
    return float(np.clip(np.exp(rng.normal(-1.6, 0.9)), 0.02, 1.8))


def draw_voice(
    analysis: vocoder.Analysis, positions: np.ndarray, rng: np.random.Generator
) -> vocoder.VoiceChange:
    """Draw a speaker: vocal tract, pitch contour, breath, articulation."""
    source_pitch = np.exp(np.median(np.log(analysis.pitch_hz[analysis.voicing > 0.7] + 1e-3)))
    tract = float(np.exp(rng.normal(0.0, 0.11)))
    base = np.exp(rng.uniform(np.log(75), np.log(260)))
    if source_pitch > 0 and rng.random() < 0.5:
        base = source_pitch * tract ** rng.uniform(1, 3) * np.exp(rng.normal(0, 0.12))
    frames = len(positions)
    knots = rng.normal(0, rng.uniform(0.03, 0.22), max(2, frames // 40) + 1)
    contour = np.interp(np.linspace(0, 1, frames), np.linspace(0, 1, len(knots)), knots)
    contour += np.linspace(rng.uniform(0, 0.15), rng.uniform(-0.25, 0.05), frames)
    jitter = rng.normal(0, rng.uniform(0, 0.03), frames)
    return vocoder.VoiceChange(
        tract_scales=tuple(np.clip(tract * np.exp(rng.normal(0, 0.05, 5)), 0.72, 1.4)),
        pitch_hz=np.clip(base * np.exp(contour + jitter), 50, 420),
        breath=float(rng.choice([0.0, rng.uniform(0, 0.6), 1.0], p=[0.6, 0.34, 0.06])),
        breath_above_hz=float(rng.uniform(1800, 7500)),
        blur_frames=float(rng.choice([0.0, rng.uniform(0.5, 4.0)], p=[0.35, 0.65])),
        sharpness=float(rng.uniform(0.8, 1.15)),
        tilt_db_per_octave=float(rng.normal(0, 2.0)),
    )


def main() -> None:
    """Make the shards that are asked for and not there yet."""
    arguments = shard_parser(__doc__.splitlines()[0], "0:40").parse_args()
    studio = Studio()

    def speak(rng: np.random.Generator) -> list[SynthesisedSpeech]:
        requests = draw_requests(rng, arguments.utterances)
        return [vary(speech, rng) for speech in studio.speak(requests, rng)]

    write_missing_shards(arguments, 1130, speak)


if __name__ == "__main__":
    main()
