"""Build the speech from which the small Whisper model learns to write.

    python tools/training/whisper_corpus.py --output DIR --shards 0:125
    python tools/training/whisper_corpus.py --output DIR --shards 200:260 --as-spoken 1

Shards are like those of `speech_corpus.py`, with sentences of `whisper_domain.py` as their text; a
group of phones carries its words as they are to be written, with capitals and marks.
"""

from __future__ import annotations

import numpy as np
import soxr
from shards import SAMPLE_RATE_HZ, shard_parser, write_missing_shards
from speech_corpus import Request, Studio, request_of_any_voice, vary
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
    while len(requests) < count:
        sentence = random_sentence(rng)
        if is_held_out(sentence) == held_out:
            requests.append(request_of_any_voice(rng, tokens_of(sentence)))
    return requests


def at_16_khz(speech: SynthesisedSpeech) -> SynthesisedSpeech:
    """The speech as the synthesiser gave it, at the rate of the model."""
    samples = soxr.resample(speech.samples, speech.sample_rate_hz, SAMPLE_RATE_HZ, "MQ")
    return SynthesisedSpeech(samples, SAMPLE_RATE_HZ, speech.phones, speech.groups)


def main() -> None:
    """Make the shards that are asked for and not there yet."""
    parser = shard_parser(__doc__.splitlines()[0], "0:100")
    parser.add_argument(
        "--as-spoken", type=float, default=0.2, help="share without another voice (default 0.2)"
    )
    arguments = parser.parse_args()
    studio = Studio()

    def speak(rng: np.random.Generator) -> list[SynthesisedSpeech]:
        requests = draw_requests(rng, arguments.utterances, held_out=False)
        return [
            at_16_khz(speech) if rng.random() < arguments.as_spoken else vary(speech, rng)
            for speech in studio.speak(requests, rng)
        ]

    write_missing_shards(arguments, 404, speak)


if __name__ == "__main__":
    main()
