"""Random spontaneous English: what people say, and how they slur it.

Phrases of everyday talk are mixed with single words drawn by their frequency, with fillers,
repetitions, false starts and pauses. A slurred form keeps its full spelling in the transcript:
the synthesiser reads "gonna" where the transcript says "going to".
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
from speech_synthesis import SpokenToken

PHRASES_FILE = Path(__file__).with_name("phrases.txt")
FILLERS = ("uh", "um", "er", "ah", "oh", "well", "so", "like", "hmm", "mm", "yeah", "okay", "right")
SLURRED = {
    "going to": ("gonna",),
    "want to": ("wanna",),
    "got to": ("gotta",),
    "have to": ("hafta",),
    "has to": ("hasta",),
    "used to": ("yoosta",),
    "supposed to": ("sposta",),
    "trying to": ("tryna",),
    "ought to": ("oughta",),
    "kind of": ("kinda",),
    "sort of": ("sorta",),
    "lot of": ("lotta",),
    "out of": ("outta",),
    "could have": ("coulda",),
    "should have": ("shoulda",),
    "would have": ("woulda",),
    "must have": ("musta",),
    "might have": ("mighta",),
    "don't know": ("dunno",),
    "don't you": ("doncha",),
    "did you": ("didja",),
    "would you": ("woodja",),
    "what do you": ("whaddaya",),
    "what are you": ("whatcha",),
    "let me": ("lemme",),
    "give me": ("gimme",),
    "got you": ("gotcha",),
    "because": ("cuz", "cause", "cos"),
    "probably": ("probly", "prolly"),
    "and": ("an", "un"),
    "of": ("uv", "uh"),
    "to": ("tuh", "ta"),
    "for": ("fer",),
    "you": ("ya", "yuh"),
    "your": ("yer",),
    "them": ("em",),
    "him": ("im",),
    "her": ("er",),
    "his": ("iz",),
    "just": ("jus", "jist"),
    "that": ("dat",),
    "was": ("wuz",),
    "have": ("uv", "hav"),
    "had": ("ud", "hud"),
    "can": ("kin", "cun"),
    "about": ("bout",),
    "until": ("til",),
    "remember": ("member",),
    "suppose": ("spose",),
    "little": ("lil",),
    "old": ("ol",),
    "every": ("evry",),
    "different": ("diffrent",),
    "interesting": ("intresting",),
    "family": ("famly",),
    "actually": ("akshully", "ackshly"),
    "something": ("sumpin", "somethin"),
    "nothing": ("nuthin",),
    "everything": ("evrything",),
    "already": ("aready",),
    "with": ("wit", "wiv"),
    "than": ("den",),
    "or": ("er",),
    "the": ("duh",),
    "a": ("uh",),
}
_LONGEST_SLUR = 3


@cache
def phrases() -> tuple[tuple[str, ...], ...]:
    """Everyday phrases, each a tuple of words."""
    lines = PHRASES_FILE.read_text(encoding="ascii").splitlines()
    return tuple(tuple(line.split()) for line in lines if line and not line.startswith("#"))


@cache
def vocabulary(size: int = 15000) -> tuple[tuple[str, ...], np.ndarray]:
    """The most frequent English words and the probability to draw each."""
    from wordfreq import top_n_list, word_frequency

    usable = re.compile(r"[a-z]*[aeiouy][a-z]*('(s|t|re|ve|ll|d|m))?")
    words = [
        word
        for word in top_n_list("en", size)
        if usable.fullmatch(word) and (len(word) > 2 or word in _SHORT_WORDS)
    ]
    weight = np.array([word_frequency(word, "en") for word in words]) ** 0.45
    return tuple(words), weight / weight.sum()


_SHORT_NAMES = "a i am an as at be by do go he hi if in is it me my no of oh on or so to up us we"
_SHORT_WORDS = frozenset(_SHORT_NAMES.split())


def random_words(rng: np.random.Generator, count: int) -> list[str]:
    """Spontaneous talk of about `count` words, without marks."""
    common, probability = vocabulary()
    words: list[str] = []
    while len(words) < count:
        kind = rng.random()
        if kind < 0.55:
            piece = list(phrases()[rng.integers(len(phrases()))])
        elif kind < 0.92:
            piece = [str(word) for word in rng.choice(common, rng.integers(1, 4), p=probability)]
        else:
            piece = [FILLERS[rng.integers(len(FILLERS))]]
        if rng.random() < 0.05:
            piece = piece[: rng.integers(1, len(piece) + 1)] + piece
        words += piece
    return words


def speak_words(
    words: list[str], rng: np.random.Generator, slur: float, pause: float
) -> list[SpokenToken]:
    """Decide how the words are said.

    Args:
        words: The transcript.
        rng: Source of chance.
        slur: Probability to say a word or pair that has a slurred form in that form.
        pause: Probability of a pause after a word.
    """
    tokens: list[SpokenToken] = []
    i = 0
    while i < len(words):
        spoken, length = _slurred(words, i, rng) if rng.random() < slur else (words[i], 1)
        mark = "," if rng.random() < pause or words[i] in FILLERS[:5] else ""
        if spoken.endswith("ing") and rng.random() < slur * 0.6 and len(spoken) > 4:
            spoken = spoken[:-1]
        tokens.append(SpokenToken(spoken, tuple(words[i : i + length]), mark))
        i += length
    last = tokens.pop()
    return [*tokens, SpokenToken(last.spoken, last.written, "?" if rng.random() < 0.15 else ".")]


def _slurred(words: list[str], start: int, rng: np.random.Generator) -> tuple[str, int]:
    for length in range(_LONGEST_SLUR, 0, -1):
        forms = SLURRED.get(" ".join(words[start : start + length]))
        if forms and start + length <= len(words):
            return str(rng.choice(forms)), length
    return words[start], 1
