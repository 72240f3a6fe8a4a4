"""Build the speech from which the small Whisper model learns to write.

    python tools/training/whisper_corpus.py --output DIR --shards 0:125
    python tools/training/whisper_corpus.py --output DIR --shards 200:260 --as-spoken 1

Shards are those of `speech_corpus.py`, with sentences of `whisper_domain.py` as their text; a
group of phones carries its words as they are to be written, with capitals and marks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soxr
from speech_corpus import (
    ESPEAK_LANGUAGES,
    ESPEAK_VARIANTS,
    SAMPLE_RATE_HZ,
    VOICE_SHARES,
    Request,
    Studio,
    vary,
    write_shard,
)
from speech_synthesis import SpokenToken, SynthesisedSpeech
from whisper_domain import is_held_out, random_sentence

_SPOKEN_MARKS = {",": ",", ".": ".", "?": "?", "!": ".", ";": ","}


def tokens_of(sentence: str) -> tuple[SpokenToken, ...]:
    """What the synthesiser says for each written word."""
    tokens = []
    for written in sentence.split():
        spoken = written.rstrip(",.?!;")
        mark = _SPOKEN_MARKS[written[-1]] if spoken != written else ""
        tokens.append(SpokenToken(spoken, (written,), mark))
    return tuple(tokens)


def draw_requests(rng: np.random.Generator, count: int, held_out: bool) -> list[Request]:
    """Draw sentences and voices; sentences are either all in or all out of training."""
    requests: list[Request] = []
    names, shares = list(VOICE_SHARES), np.array(list(VOICE_SHARES.values()))
    while len(requests) < count:
        sentence = random_sentence(rng)
        if is_held_out(sentence) != held_out:
            continue
        synthesiser, _, voice = str(rng.choice(names, p=shares / shares.sum())).partition(" ")
        if synthesiser == "espeak":
            voice = f"{rng.choice(ESPEAK_LANGUAGES)}+{rng.choice(ESPEAK_VARIANTS)}"
        requests.append(Request(tokens_of(sentence), synthesiser, voice))
    return requests


def at_16_khz(speech: SynthesisedSpeech) -> SynthesisedSpeech:
    """The speech as the synthesiser gave it, at the rate of the model."""
    samples = soxr.resample(speech.samples, speech.sample_rate_hz, SAMPLE_RATE_HZ, "MQ")
    return SynthesisedSpeech(samples, SAMPLE_RATE_HZ, speech.phones, speech.groups)


def main() -> None:
    """Make the shards that are asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--shards", default="0:100", help="first:end[:step] (default 0:100)")
    parser.add_argument("--utterances", type=int, default=200, help="per shard (default 200)")
    parser.add_argument(
        "--as-spoken", type=float, default=0.2, help="share without another voice (default 0.2)"
    )
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    studio = Studio()
    for shard in range(*(int(part) for part in arguments.shards.split(":"))):
        path = arguments.output / f"shard_{shard:04d}.npz"
        if path.exists():
            continue
        rng = np.random.default_rng([404, shard])
        requests = draw_requests(rng, arguments.utterances, held_out=False)
        speeches = [
            at_16_khz(speech) if rng.random() < arguments.as_spoken else vary(speech, rng)
            for speech in studio.speak(requests, rng)
        ]
        write_shard(path, speeches)
        seconds = sum(len(speech.samples) for speech in speeches) / SAMPLE_RATE_HZ
        print(f"{path.name}: {len(speeches)} utterances, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
