"""Right recordings -> cases of every kind and size of fault, the same ones for the same seed."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cache, partial
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks.planted import sounds
from benchmarks.planted.cases import (
    Case,
    put_instead,
    read_twice,
    skip,
    sound_instead,
    speak_after,
    speak_before,
    swap,
    with_lenient_verdict,
    write_all_anew,
)
from benchmarks.planted.speech import Speech
from speech_toolkit.evaluation.cases.perturb import cut_words

CONTENT, FUNCTION, SENTENCE, PARAGRAPH, FILE = (
    "content word",
    "function word",
    "sentence",
    "paragraph",
    "file",
)
SIZES = (CONTENT, FUNCTION, SENTENCE, PARAGRAPH)
PARAGRAPH_SENTENCES = 3
SHORTEST_SENTENCE_WORDS = 3
_SHORTEST_CONTENT_LETTERS = 4
_MOST_ALIKE = 0.5
_PHRASE_WORDS = 3
_TRIES = 100
_LETTERS_PER_S = 30
_FUNCTION_WORDS = """
a an the and or but nor so if then than that this these those of to in on at by for from with as
into over under he she it they we you i me him her them us my your his its our their is am are was
were be been being do does did has have had will would can could shall should may might must not
no who whom what when where why how which there here up down out off
"""


class NoPlaceError(Exception):
    """A recording has no place for a fault of this kind and size."""


@dataclass(frozen=True)
class Pool:
    """What cases are made from.

    Attributes:
        speech: recordings with right transcripts.
        donors: recordings from which other words and sentences come.
        dice: of one kind and size.
    """

    speech: Sequence[Speech]
    donors: Sequence[Speech]
    dice: random.Random

    def choice(self, found: Sequence[Any]) -> Any:
        """Return one of what was found.

        Raises:
            NoPlaceError: there is none.
        """
        if not found:
            raise NoPlaceError
        return self.dice.choice(found)

    def other(self, speech: Speech) -> Speech:
        """Return another recording that says something else."""
        return self.choice([each for each in self.donors if not _share_phrases(each, speech)])

    def word(self, size: str, unlike: Sequence[str]) -> str:
        """Return a word of a size from any recording, unlike some words."""
        for _ in range(_TRIES):
            text = self.dice.choice(self.dice.choice(self.donors).texts)
            if FITS[size](text) and not any(_alike(text, other) for other in unlike):
                return text
        raise NoPlaceError

    def sentences(self, speech: Speech, count: int = 1) -> tuple[Speech, int, int]:
        """Return so many sentences, one after the other, of which a recording says nothing.

        Returns:
            Another recording, their first word in it, and the word after their last.
        """
        found = [
            (other, run[0][0], run[-1][1])
            for other in self.donors
            for run in _runs(other.sentences, count)
            if all(end - first >= SHORTEST_SENTENCE_WORDS for first, end in run)
            and not _phrases(other, run[0][0], run[-1][1]) & _phrases(speech)
        ]
        return self.choice(found)


def bare(text: str) -> str:
    """Return a word in small letters, without the signs around it."""
    return text.lower().strip(".,;:!?\"'()")


def is_content(text: str) -> bool:
    """Whether a word carries meaning and has letters enough to be heard."""
    word = bare(text)
    long_enough = len(word) >= _SHORTEST_CONTENT_LETTERS and word.isalpha()
    return long_enough and word not in _FUNCTION_WORDS.split()


def is_function(text: str) -> bool:
    """Whether a word is one of the short ones that every sentence has."""
    return bare(text) in _FUNCTION_WORDS.split()


FITS = {CONTENT: is_content, FUNCTION: is_function}


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, bare(one), bare(other)).ratio() > _MOST_ALIKE


@cache
def _phrases(speech: Speech, first: int = 0, end: int | None = None) -> frozenset[tuple[str, ...]]:
    """Return every run of words in it that is too long to be in two recordings by chance."""
    words = [bare(text) for text in speech.texts[first:end]]
    return frozenset(zip(*(words[i:] for i in range(_PHRASE_WORDS)), strict=False))


def _share_phrases(one: Speech, other: Speech) -> bool:
    return bool(_phrases(one) & _phrases(other))


def _runs(spans: Sequence[tuple[int, int]], length: int) -> list[Sequence[tuple[int, int]]]:
    return [spans[i : i + length] for i in range(len(spans) - length + 1)]


def places(speech: Speech, size: str) -> list[tuple[int, int]]:
    """Return first and end word of everything of a size that may be spoilt and leave enough."""
    if size in FITS:
        return [(i, i + 1) for i, text in enumerate(speech.texts) if FITS[size](text)]
    length = PARAGRAPH_SENTENCES if size == PARAGRAPH else 1
    sentences = speech.sentences
    if len(sentences) < 2 * length:
        return []
    runs = [(run[0][0], run[-1][1]) for run in _runs(sentences, length)]
    return [(first, end) for first, end in runs if end - first >= SHORTEST_SENTENCE_WORDS]


def _deleted(speech: Speech, size: str, pool: Pool) -> Case:
    return put_instead(speech, *pool.choice(places(speech, size)), ())


def _inserted(speech: Speech, size: str, pool: Pool) -> Case:
    first, _ = pool.choice(places(speech, size))
    return put_instead(speech, first, first, _new_texts(speech, first, first, size, pool))


def _replaced(speech: Speech, size: str, pool: Pool) -> Case:
    first, end = pool.choice(places(speech, size))
    return put_instead(speech, first, end, _new_texts(speech, first, end, size, pool))


def _new_texts(speech: Speech, first: int, end: int, size: str, pool: Pool) -> tuple[str, ...]:
    if size in FITS:
        return (pool.word(size, unlike=speech.texts[max(first - 1, 0) : end + 1]),)
    count = PARAGRAPH_SENTENCES if size == PARAGRAPH else 1
    other, first, end = pool.sentences(speech, count)
    return other.texts[first:end]


def _swapped(speech: Speech, size: str, pool: Pool) -> Case:
    spots = places(speech, size)
    pairs = [(a, b, d) for a, b in spots for c, d in spots if b == c and not _same(speech, a, b, d)]
    return swap(speech, *pool.choice(pairs))


def _same(speech: Speech, first: int, middle: int, end: int) -> bool:
    return _alike(" ".join(speech.texts[first:middle]), " ".join(speech.texts[middle:end]))


def _read_twice(speech: Speech, size: str, pool: Pool) -> Case:
    return read_twice(speech, *pool.choice(places(speech, size)))


def _skipped(speech: Speech, size: str, pool: Pool) -> Case:
    spots = places(speech, size)
    inner = [(first, end) for first, end in spots if first > 0 and end < len(speech.texts)]
    return skip(speech, *pool.choice(inner))


def _starts_late(speech: Speech, size: str, pool: Pool) -> Case:
    end = pool.choice(places(speech, size)[:1])[1]
    return skip(speech, 0, pool.choice([end] if end < len(speech.texts) else []))


def _cut_off(speech: Speech, size: str, pool: Pool) -> Case:
    first = pool.choice(places(speech, size)[-1:])[0]
    return skip(speech, pool.choice([first] if first > 0 else []), len(speech.texts))


def _one_sentence(pool: Pool, speech: Speech) -> Speech:
    other, first, end = pool.sentences(speech)
    return replace(other, clip=cut_words(other.clip, first, end))


def _speech_before(speech: Speech, size: str, pool: Pool) -> Case:
    return speak_before(speech, _one_sentence(pool, speech))


def _speech_after(speech: Speech, size: str, pool: Pool) -> Case:
    return speak_after(speech, _one_sentence(pool, speech))


def _fitting(texts: Sequence[str], speech: Speech) -> list[str]:
    """Return as many words, again from the first after the last, as have the letters of speech."""
    letters = sum(map(len, speech.texts))
    chosen: list[str] = []
    for text in cycle(texts):
        letters -= len(text)
        if letters < 0 and chosen:
            return chosen
        chosen.append(text)
    raise NoPlaceError


def _another_language(speech: Speech, size: str, pool: Pool) -> Case:
    language = pool.dice.choice(sorted(sounds.OTHER_LANGUAGES))
    return write_all_anew(speech, _fitting(sounds.OTHER_LANGUAGES[language].split(), speech))


def _another_recording(speech: Speech, size: str, pool: Pool) -> Case:
    return write_all_anew(speech, _fitting(pool.other(speech).texts, speech))


def _neighbour(speech: Speech, size: str, pool: Pool) -> Case:
    family = [each for each in pool.speech if each.family == speech.family]
    after = family.index(speech) + 1
    in_order = [*family[after:], *family[:after]]
    others = [each for each in in_order if not _share_phrases(each, speech)]
    return write_all_anew(speech, _fitting(pool.choice(others[:1]).texts, speech))


def _paraphrase(speech: Speech, size: str, pool: Pool) -> Case:
    """Put another word for each that carries meaning; the short ones between stay."""
    kept = [not is_content(text) for text in speech.texts]
    texts = [
        text if stays else pool.word(CONTENT, unlike=[text])
        for text, stays in zip(speech.texts, kept, strict=True)
    ]
    case = write_all_anew(speech, _fitting(texts, speech))
    unclear = frozenset(i for i, stays in enumerate(kept) if stays)
    return replace(case, unclear=unclear)


def _sound(make: Callable[[int, np.random.Generator], np.ndarray]) -> Callable[..., Case]:
    def sounding(speech: Speech, size: str, pool: Pool) -> Case:
        random = np.random.default_rng(pool.dice.randrange(1 << 32))
        return sound_instead(speech, make(len(speech.clip.samples), random))

    return sounding


# How a fault of a kind is planted, and the sizes that it has.
KINDS: dict[str, tuple[Callable[[Speech, str, Pool], Case], tuple[str, ...]]] = {
    "deleted": (_deleted, SIZES),
    "inserted": (_inserted, SIZES),
    "replaced": (_replaced, SIZES),
    "swapped": (_swapped, (CONTENT, SENTENCE)),
    "read twice": (_read_twice, SIZES),
    "skipped": (_skipped, SIZES),
    "starts late": (_starts_late, (CONTENT, SENTENCE, PARAGRAPH)),
    "cut off": (_cut_off, (CONTENT, SENTENCE, PARAGRAPH)),
    "speech before": (_speech_before, (SENTENCE,)),
    "speech after": (_speech_after, (SENTENCE,)),
    "another language": (_another_language, (FILE,)),
    "another recording": (_another_recording, (FILE,)),
    "neighbour's text": (_neighbour, (FILE,)),
    "paraphrase": (_paraphrase, (FILE,)),
    "silence": (_sound(sounds.silence), (FILE,)),
    "noise": (_sound(sounds.noise), (FILE,)),
    "chords": (_sound(sounds.chords), (FILE,)),
    "drums": (_sound(sounds.drums), (FILE,)),
}


def plant(
    speech: Sequence[Speech],
    kind: str,
    size: str,
    count: int,
    seed: int,
    donors: Sequence[Speech] = (),
) -> list[Case]:
    """Plant a fault in recordings of every family in turn.

    Args:
        speech: what may be spoilt.
        kind: one of ``KINDS``.
        size: one of the sizes that it has.
        count: how many cases at most; fewer where no recording is large enough.
        seed: the same gives the same cases.
        donors: from which other words and sentences come; none for ``speech`` itself.
    """
    pool = Pool(speech, donors or speech, random.Random(f"{seed} {kind} {size}"))
    make = partial(_planted, KINDS[kind][0], kind, size, pool)
    found: list[Case] = []
    for each in _in_turn(speech, pool.dice, _TRIES * count):
        if len(found) == count:
            break
        if case := make(each):
            found.append(case)
    return found


def _planted(
    plant_in: Callable[[Speech, str, Pool], Case], kind: str, size: str, pool: Pool, speech: Speech
) -> Case | None:
    try:
        case = plant_in(speech, size, pool)
    except NoPlaceError:
        return None
    if sum(map(len, case.texts)) > _LETTERS_PER_S * case.duration_s:
        return None  # nobody can have said that in this time, and alignment refuses it
    named = replace(case, kind=kind, size=size)
    return named if case.is_whole else with_lenient_verdict(named)


def _in_turn(speech: Sequence[Speech], dice: random.Random, count: int) -> Iterator[Speech]:
    """Yield recordings of one family after the other, each family's own in turn."""
    families: dict[str, list[Speech]] = {}
    for each in dice.sample(list(speech), len(speech)):
        families.setdefault(each.family, []).append(each)
    turns = [cycle(families[family]) for family in sorted(families)]
    for number in range(count):
        yield next(turns[number % len(turns)])
