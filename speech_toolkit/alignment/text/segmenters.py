"""Words of the languages that put no spaces between them, by libraries where they are installed.

Without its library (``requirements-languages.txt``) a language is split into characters.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

import regex

from speech_toolkit.alignment.text.normalization import Symbol
from speech_toolkit.errors import UsageError, first_line
from speech_toolkit.versions import installed_version

WORDS_CHOICES = ("auto", "characters")
# A library's work may grow faster than its text; it is given clauses, and of longer ones parts.
_MAX_CHARACTERS = 1000
_CLAUSE = regex.compile(
    rf"(?s).{{0,{_MAX_CHARACTERS - 1}}}[。．！？!?、，,；;\s]+|.{{1,{_MAX_CHARACTERS}}}"
)
_SURROGATE = regex.compile(r"\p{Cs}")
# What a dictionary puts first is how it is read on formal occasions.
_USUAL_READINGS = {"私": "ワタシ"}
# Python lets two threads import packages that import each other half made.
_LOADING = threading.Lock()


class SegmentedWord(NamedTuple):
    """A word that a library found.

    Attributes:
        start: first character.
        end: one past the last.
        reading: in katakana, of a Japanese word; "" where the library tells none.
    """

    start: int
    end: int
    reading: str = ""


@dataclass(frozen=True)
class Segmenter:
    """Splits text into words by one library.

    Attributes:
        name: of the library and its dictionary, with their versions.
        cut: a clause -> its words with their readings, which together are the clause.
        splits: whether its words are those of the transcript; else it tells readings alone.
    """

    name: str
    cut: Callable[[str], Sequence[tuple[str, str]]]
    splits: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def words(self, text: str) -> list[SegmentedWord]:
        """Find the words of a text; together they cover it."""
        clean = _SURROGATE.sub("\ufffd", text)
        return [
            word
            for clause in _CLAUSE.finditer(clean)
            for word in self._words_of(clause[0], clause.start())
        ]

    def _words_of(self, clause: str, offset: int) -> Iterator[SegmentedWord]:
        with self._lock:  # libraries may hold one state for all threads
            pairs = self.cut(clause)
        if "".join(word for word, _ in pairs) != clause:
            pairs = [(character, "") for character in clause]
        borders = accumulate((len(word) for word, _ in pairs), initial=offset)
        for (start, end), (_, reading) in zip(pairwise(borders), pairs, strict=True):
            yield SegmentedWord(start, end, reading)


def words_within(words: Sequence[SegmentedWord], start: int, end: int) -> tuple[SegmentedWord, ...]:
    """Return the words that begin in a range of a text, counted from its start.

    One that reaches beyond the range ends with it, and its reading is not known.
    """
    first, stop = (bisect_left(words, (place,)) for place in (start, end))
    return tuple(
        SegmentedWord(word.start - start, word.end - start, word.reading)
        if word.end <= end
        else SegmentedWord(word.start - start, end - start)
        for word in words[first:stop]
    )


def by_word(
    symbols: Sequence[Symbol], words: Sequence[SegmentedWord]
) -> Iterator[tuple[SegmentedWord, Sequence[Symbol]]]:
    """Yield each word with the symbols that begin in it; both are in order."""
    position = 0
    for word in words:
        first = position
        while position < len(symbols) and symbols[position].start < word.end:
            position += 1
        yield word, symbols[first:position]


def segmenter_of(language: str, words: str = "auto") -> Segmenter | None:
    """Return the segmenter of a language.

    Args:
        language: ISO 639-3.
        words: of ``WORDS_CHOICES``; for characters, one is needed where it tells readings only.

    Returns:
        None where none is needed or installed.

    Raises:
        UsageError: its library is installed, but broken.
    """
    if language not in _SEGMENTERS or (words == "characters" and language != "jpn"):
        return None
    with _LOADING:
        return _load(language, splits=words != "characters")


@cache
def _load(language: str, splits: bool) -> Segmenter | None:
    packages, make = _SEGMENTERS[language]
    versions = [installed_version(package) for package in packages]
    if None in versions:
        return None
    name = ", ".join(f"{each} {number}" for each, number in zip(packages, versions, strict=True))
    try:
        cut = make()
        cut("。")
    # What a damaged library or dictionary ends in is not to be listed; SudachiPy's is an Exception.
    except Exception as error:
        both = " ".join(packages)
        raise UsageError(
            f"{name}: installed, but cannot be used ({first_line(error)}); repair it: pip install "
            f"--force-reinstall {both}, or do without: pip uninstall {both}"
        ) from error
    return Segmenter(name, cut, splits)


def _chinese() -> Callable[[str], Sequence[tuple[str, str]]]:
    import rjieba

    return lambda text: [(word, "") for word in rjieba.cut(text)]


def _japanese() -> Callable[[str], Sequence[tuple[str, str]]]:
    from sudachipy import Dictionary, SplitMode

    tokenizer = Dictionary(dict="core").tokenizer(mode=SplitMode.C)

    def cut(text: str) -> Sequence[tuple[str, str]]:
        found = ((word.surface(), word.reading_form()) for word in tokenizer.tokenize(text))
        return [(word, _USUAL_READINGS.get(word, reading)) for word, reading in found]

    return cut


def _thai() -> Callable[[str], Sequence[tuple[str, str]]]:
    os.environ.setdefault("PYTHAINLP_READ_ONLY", "1")  # or it makes a folder in the home directory
    from pythainlp.tokenize import word_tokenize

    return lambda text: [(word, "") for word in word_tokenize(text, engine="newmm")]


def _lao() -> Callable[[str], Sequence[tuple[str, str]]]:
    os.environ.setdefault("PYTHAINLP_READ_ONLY", "1")
    from laonlp.tokenize import word_tokenize

    return lambda text: [(word, "") for word in word_tokenize(text)]


_SEGMENTERS = {
    "zho": (("rjieba",), _chinese),
    "jpn": (("SudachiPy", "SudachiDict-core"), _japanese),
    "tha": (("pythainlp",), _thai),
    "lao": (("laonlp", "pythainlp"), _lao),
}
