"""Times of the letters of a word from the times of its phones.

Letters and phones of many words are paired by expectation maximisation over the best monotonic
segmentation (one to four letters with one phone, or one letter with two or three phones), as in
Jiampojamarn, Kondrak and Sherif, "Applying Many-to-Many Alignments and Hidden Markov Models to
Letter-to-Phoneme Conversion", 2007; here with the single best path.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SHAPES = ((1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (1, 2), (2, 2), (1, 3), (7, 1))
_SHAPE_COST = {
    (1, 1): 0.0,
    (2, 1): 1.0,
    (3, 1): 2.5,
    (4, 1): 4.0,
    (5, 1): 7.0,
    (1, 2): 2.0,
    (2, 2): 4.0,
    (1, 3): 5.0,
    (7, 1): 14.0,
}
_VOWELS = frozenset("aeiouy")
_UNSEEN = math.log(1e-5)

Pair = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class LetterTime:
    """A letter of the transcript and when it is heard."""

    letter: str
    start_s: float
    end_s: float


class LetterAligner:
    """Pairs letters with phones; learns from the words that it is given."""

    def __init__(self) -> None:
        self._log_probability: dict[Pair, float] = {}
        self._cache: dict[Pair, tuple[tuple[int, int], ...] | None] = {}

    def fit(self, words: Iterable[Pair], rounds: int = 4) -> None:
        """Learn from words given as letters and phone names."""
        distinct = list(set(words))
        for _ in range(rounds):
            counts: Counter[Pair] = Counter()
            for letters, phones in distinct:
                shapes = self._segment(letters, phones)
                counts.update(_pieces(letters, phones, shapes) if shapes else ())
            totals: Counter[tuple[str, ...]] = Counter()
            for (_, phones), count in counts.items():
                totals[phones] += count
            self._log_probability = {
                pair: math.log(count / (totals[pair[1]] + 5)) for pair, count in counts.items()
            }
        self._cache.clear()

    def letter_times(
        self, letters: str, phones: Sequence[tuple[str, float, float]]
    ) -> list[LetterTime] | None:
        """Give every letter an interval within the phones that it stands for.

        Args:
            letters: Letters of a word or a few words, without spaces.
            phones: Name, start and end in seconds of each phone.

        Returns:
            One interval a letter, or None where no pairing exists.
        """
        names = tuple(name for name, _, _ in phones)
        if (letters, names) not in self._cache:
            self._cache[letters, names] = self._segment(letters, names)
        shapes = self._cache[letters, names]
        if shapes is None:
            return None
        times: list[LetterTime] = []
        letter = phone = 0
        for letter_count, phone_count in shapes:
            start, end = phones[phone][1], phones[phone + phone_count - 1][2]
            step = (end - start) / letter_count
            times += [
                LetterTime(letters[letter + i], start + i * step, start + (i + 1) * step)
                for i in range(letter_count)
            ]
            letter, phone = letter + letter_count, phone + phone_count
        return times

    def _score(self, letters: str, phones: tuple[str, ...]) -> float:
        shape_cost = _SHAPE_COST[len(letters), len(phones)]
        if self._log_probability:
            return self._log_probability.get((letters, phones), _UNSEEN - shape_cost)
        sound = phones[0].lower()
        alike = (letters[0] in _VOWELS) == (sound[:1] in "aeiou@013")
        same = letters[0] == sound[:1]
        return -shape_cost + 1.0 * alike + 2.0 * same

    def _segment(self, letters: str, phones: tuple[str, ...]) -> tuple[tuple[int, int], ...] | None:
        best: dict[tuple[int, int], tuple[float, tuple[int, int] | None]] = {(0, 0): (0.0, None)}
        for i in range(len(letters)):
            for j in range(len(phones)):
                if (i, j) not in best:
                    continue
                for a, b in _SHAPES:
                    if i + a > len(letters) or j + b > len(phones):
                        continue
                    score = best[i, j][0] + self._score(letters[i : i + a], phones[j : j + b])
                    if (i + a, j + b) not in best or score > best[i + a, j + b][0]:
                        best[i + a, j + b] = (score, (a, b))
        position = (len(letters), len(phones))
        if position not in best:
            return None
        shapes = []
        while position != (0, 0):
            shape = best[position][1]
            shapes.append(shape)
            position = (position[0] - shape[0], position[1] - shape[1])
        return tuple(reversed(shapes))


def _pieces(
    letters: str, phones: tuple[str, ...], shapes: tuple[tuple[int, int], ...]
) -> Iterable[Pair]:
    letter = phone = 0
    for a, b in shapes:
        yield letters[letter : letter + a], phones[phone : phone + b]
        letter, phone = letter + a, phone + b
