"""The readings of the characters of a text, shared out among its written words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import regex

from speech_toolkit.alignment.text.normalization import CLUSTER
from speech_toolkit.alignment.text.vocabulary import Letter

_IDEOGRAPHS = regex.compile(r"\p{Han}{2}")


class Reading(NamedTuple):
    """The letters for a range of characters, which is never divided between written words.

    Attributes:
        start: first character, counted from the start of the run.
        end: one past the last character.
        letters: of the vocabulary.
        said: what they spell, in the language's own letters; empty for punctuation.
        is_lost: whether characters of the range are read aloud but have no letter.
        opens: whether a spoken word ends before it: it follows a number, or parts two words.
    """

    start: int
    end: int
    letters: str
    said: str = ""
    is_lost: bool = False
    opens: bool = False


def letters_of(readings: Sequence[Reading]) -> Iterator[Letter]:
    """Lay out the letters of one written word."""
    opens = False
    is_first = True
    for reading in readings:
        opens |= reading.opens
        for letter in reading.letters:
            yield Letter(letter, reading.start, reading.end, opens and not is_first)
            opens = is_first = False


def said_of(readings: Sequence[Reading]) -> str:
    """Return what one written word is read as; ideographs need no space between them."""
    said = ""
    opens = False
    for reading in readings:
        opens |= reading.opens
        if reading.said:
            if opens and said and not _IDEOGRAPHS.fullmatch(said[-1] + reading.said[0]):
                said += " "
            said += reading.said
            opens = False
    return said


def character_spans(text: str, readings: Sequence[Reading]) -> list[tuple[int, int]]:
    """Split text into characters as a reader sees them.

    Characters that share a reading (Thai "เก", Japanese "きゃ") stay together, and those that
    have none (a Thai letter that is written but not spoken, punctuation) stay with what they
    follow.
    """
    voiced = [reading for reading in readings if reading.letters or reading.is_lost]
    inside = {index for r in voiced for index in range(r.start + 1, r.end)}
    starts_voice = {reading.start for reading in voiced}
    cuts: list[int] = [0]
    has_voice = False
    for match in regex.finditer(CLUSTER, text):
        voices = any(index in starts_voice for index in range(*match.span()))
        if voices and has_voice and match.start() not in inside:
            cuts.append(match.start())
        has_voice = has_voice or voices
    return list(zip(cuts, [*cuts[1:], len(text)], strict=True))


def shared(
    spans: Sequence[tuple[int, int]], readings: Sequence[Reading]
) -> Iterator[tuple[tuple[int, int], list[Reading]]]:
    """Give each span the readings that start in it; both are in order."""
    position = 0
    for start, end in spans:
        first = position
        while position < len(readings) and readings[position].start < end:
            position += 1
        yield (start, end), list(readings[first:position])


def word_spans(
    text: str, readings: Sequence[Reading], starts: Iterable[int]
) -> list[tuple[int, int]]:
    """Split text where words start, save inside what shares a reading or is not read.

    Args:
        text: of a run.
        readings: of the run, in order.
        starts: of the words, in order, in characters of the run.
    """
    voiced = [reading for reading in readings if reading.letters or reading.is_lost]
    inside = {index for r in voiced for index in range(r.start + 1, r.end)}
    possible = {match.start() for match in regex.finditer(CLUSTER, text)} - inside - {0}
    cuts = [0, *(start for start in starts if start in possible), len(text)]
    voices = sorted({reading.start for reading in voiced})
    spans: list[tuple[int, int]] = []
    is_voiced = False
    for start, end in pairwise(cuts):
        has_voice = bisect_left(voices, start) < bisect_left(voices, end)
        if spans and not (has_voice and is_voiced):
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
            is_voiced = False
        is_voiced |= has_voice
    return spans
