"""Right recordings to plant faults in: speech, what is said, and when each word is."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.cases.perturb import (
    SENTENCE_ENDS,
    Clip,
    change_level,
    change_pace,
    cut_words,
    join_clips,
    split_sentences,
)
from speech_toolkit.evaluation.metrics.boundaries import read_true_words
from speech_toolkit.files.json_input import parse_json, read_text

RATE_HZ = 16_000
AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")
SAMPLES, CLIPS, LONG = "samples", "clips", "long"
CLEAN = "clean"
CLIP_WORDS = (5, 25)
CLIP_SPEEDS, CLIP_LEVELS_DB = (0.9, 1.15), (-15.0, 0.0)
PAUSES_S = (0.3, 1.6)
_MISREAD = {"error": UsageError, "advice": "expected the true word times of a recording"}


@dataclass(frozen=True, eq=False)
class Speech:
    """A recording whose transcript is right.

    Attributes:
        name: of the recording.
        family: the set that it belongs to.
        condition: what was done to its sound.
        clip: the sound at ``RATE_HZ``, and its words with their times.
    """

    name: str
    family: str
    condition: str
    clip: Clip

    @property
    def texts(self) -> tuple[str, ...]:
        """The words as written."""
        return tuple(word.text for word in self.clip.words)

    @property
    def sentences(self) -> tuple[tuple[int, int], ...]:
        """First word and end word of each sentence."""
        ends = [i + 1 for i, text in enumerate(self.texts) if text.endswith(SENTENCE_ENDS)]
        bounds = [0, *ends] if ends and ends[-1] == len(self.texts) else [0, *ends, len(self.texts)]
        return tuple(pairwise(bounds))

    def border_s(self, index: int) -> float:
        """Return where to cut before a word: in the middle of what parts it from its neighbour."""
        words = self.clip.words
        if index == 0:
            return words[0].start_s / 2
        if index == len(words):
            return (words[-1].end_s + self.clip.duration_s) / 2
        return (words[index - 1].end_s + words[index].start_s) / 2


def written(texts: Sequence[str]) -> str:
    """Write words as a transcript, each sentence on a line."""
    return "".join(f"{text}{chr(10) if text.endswith(SENTENCE_ENDS) else ' '}" for text in texts)


def read_recordings(folder: Path, family: str) -> list[Speech]:
    """Read every recording of a folder that has NAME.json with true word times beside it.

    Raises:
        UsageError: there are none, or a file cannot be used.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        times = path.with_suffix(".json")
        if path.suffix in AUDIO_SUFFIXES and times.is_file():
            words = read_true_words(times)
            told = parse_json(read_text(times, **_MISREAD), str(times), **_MISREAD)
            samples = load_audio(path, RATE_HZ).samples
            text = written([word.text for word in words])
            name = path.relative_to(folder).with_suffix("").as_posix()
            clip = Clip(samples, RATE_HZ, text, words, name)
            found.append(Speech(name, family, told.get("condition", CLEAN), clip))
    if not found:
        raise UsageError(f"{folder}: holds no audio with a .json of true word times beside it")
    return found


def cut_clips(recordings: Sequence[Speech], count: int, seed: int) -> list[Speech]:
    """Cut runs of words out of recordings, each at a pace and a level of its own."""
    dice = random.Random(f"{seed} clips")
    long_enough = [each.clip for each in recordings if len(each.texts) >= CLIP_WORDS[0]]
    weights = [len(clip.words) for clip in long_enough]
    clips = []
    for number in range(count):
        clip = dice.choices(long_enough, weights)[0]
        length = min(dice.randint(*CLIP_WORDS), len(clip.words))
        first = dice.randint(0, len(clip.words) - length)
        cut = change_pace(cut_words(clip, first, first + length), dice.uniform(*CLIP_SPEEDS))
        cut = change_level(cut, dice.uniform(*CLIP_LEVELS_DB))
        clips.append(Speech(f"clip{number:03d}", CLIPS, CLEAN, cut))
    return clips


def join_long(
    recordings: Sequence[Speech], count: int, duration_s: float, seed: int
) -> list[Speech]:
    """Join sentences of recordings to talks, each sentence at most once in a talk."""
    dice = random.Random(f"{seed} long")
    sentences = [part for each in recordings for part in split_sentences(each.clip)]
    return [
        Speech(f"talk{number}", LONG, CLEAN, _joined(sentences, duration_s, dice))
        for number in range(count)
    ]


def _joined(sentences: Sequence[Clip], duration_s: float, dice: random.Random) -> Clip:
    chosen = list(_until(dice.sample(sentences, len(sentences)), duration_s))
    return join_clips(chosen, [dice.uniform(*PAUSES_S) for _ in chosen[1:]])


def _until(sentences: Sequence[Clip], duration_s: float) -> Iterator[Clip]:
    said, length_s = set(), 0.0
    for sentence in sentences:
        if length_s < duration_s and sentence.text not in said:
            said.add(sentence.text)
            length_s += sentence.duration_s + np.mean(PAUSES_S)
            yield sentence
