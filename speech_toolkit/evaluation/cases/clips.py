"""Where the sentences of test cases come from: the bundled samples, or a synthesiser."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import soxr

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.bundled import SAMPLES
from speech_toolkit.evaluation.cases.perturb import Clip, change_pace, split_sentences
from speech_toolkit.evaluation.cases.synthesiser import Synthesiser
from speech_toolkit.evaluation.metrics.boundaries import read_true_words

SAMPLE_RATE_HZ = 16_000
ALL_SAMPLES = "."
OWN_SAMPLES = "recognition"  # in the words of the bundled recogniser
_SENTENCES = Path(__file__).with_name("test_sentences.txt")

_Item = TypeVar("_Item")


class ClipSource(Protocol):
    """Gives sentences of clean speech, one after the other, without end.

    Attributes:
        description: for the report.
    """

    description: str

    def take(self, count: int, speed: float) -> list[Clip]:
        """Return the next ``count`` sentences, spoken ``speed`` times as fast as usual."""


class SampleShelf:
    """The sentences of the bundled samples, with their true word times."""

    def __init__(self, random: np.random.Generator, folder: str) -> None:
        clips = bundled_sentences(folder)
        self.description = f"{len(clips)} sentences of the bundled samples with seeded changes"
        self._clips = _shuffled_for_ever(clips, random)

    def take(self, count: int, speed: float) -> list[Clip]:
        """See :class:`ClipSource`."""
        return [change_pace(clip, speed) for clip in itertools.islice(self._clips, count)]


class SpeechStudio:
    """Sentences read out by the synthesisers of this machine, every voice in turn."""

    def __init__(
        self,
        sentences: Sequence[str],
        synthesisers: Sequence[Synthesiser],
        random: np.random.Generator,
    ) -> None:
        self.description = "synthesised by " + " and ".join(each.name for each in synthesisers)
        speakers = [(each, voice) for each in synthesisers for voice in each.voices]
        self._sentences = _shuffled_for_ever(sentences, random)
        self._speakers = _shuffled_for_ever(speakers, random)

    def take(self, count: int, speed: float) -> list[Clip]:
        """See :class:`ClipSource`; one voice speaks them all."""
        synthesiser, voice = next(self._speakers)
        texts = itertools.islice(self._sentences, count)
        return [_at_model_rate(synthesiser.speak(text, voice, speed)) for text in texts]


def plain_sentences() -> list[str]:
    """Return English sentences for a synthesiser to read."""
    return _SENTENCES.read_text("utf-8").splitlines()


def bundled_sentences(folder: str = ALL_SAMPLES) -> list[Clip]:
    """Return every sentence of a folder of samples that has true word times beside it.

    Raises:
        ToolkitError: a sample is missing or damaged.
    """
    clips: list[Clip] = []
    for times in sorted((SAMPLES / folder).rglob("*.json")):
        audio = next(path for path in times.parent.glob(f"{times.stem}.*") if _is_audio(path))
        waveform = load_audio(audio, SAMPLE_RATE_HZ)
        words = read_true_words(times)
        text = " ".join(word.text for word in words)
        whole = Clip(waveform.samples, SAMPLE_RATE_HZ, text, words, voice=times.stem)
        clips += split_sentences(whole)
    return clips


def _is_audio(path: Path) -> bool:
    return path.suffix in (".wav", ".flac")


def _at_model_rate(clip: Clip) -> Clip:
    samples = soxr.resample(clip.samples, clip.sample_rate_hz, SAMPLE_RATE_HZ)
    return replace(clip, samples=samples, sample_rate_hz=SAMPLE_RATE_HZ)


def _shuffled_for_ever(items: Sequence[_Item], random: np.random.Generator) -> Iterator[_Item]:
    """Yield all items in a new order each time round."""
    while True:
        for index in random.permutation(len(items)):
            yield items[index]
