"""Timed text as atoms: the smallest stretches that are never broken, each with its time.

Where words stand apart an atom is a word with its punctuation. Scripts without spaces give an atom
for each character, with what may begin or end no line kept where it belongs (kinsoku, as in Unicode
Standard Annex 14). Splitting is that of the aligner's transcripts.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise

import regex

from speech_toolkit.alignment.text.normalization import CLUSTER
from speech_toolkit.alignment.text.segmentation import pieces, sentence_ends, split_piece
from speech_toolkit.formats.cues import one_line
from speech_toolkit.formats.subtitles.break_costs import SENTENCE, Boundary, break_cost
from speech_toolkit.formats.subtitles.writing import width
from speech_toolkit.formats.timed_text import TimedSegment, TimedText
from speech_toolkit.languages import three_letter_code

# These are letters, yet begin no line: small kana, and what repeats or lengthens.
_NEVER_FIRST = frozenset(
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶー々〻ゝゞヽヾ\u0e46\u0eaf\u0ec6"
)
_DASHES = "-‐‑‒–—―"
_CLUSTER = regex.compile(CLUSTER)
_HAS_WORD = regex.compile(r"[^\p{P}\p{Z}\p{C}]")
_TERMINATED = regex.compile(r"[\p{Sentence_Terminal}…][\p{Pe}\p{Pf}\"']*$")
_OPENING = regex.compile(r"[\p{Ps}\p{Pi}¿¡]++")


@dataclass(frozen=True)
class Atom:
    """A stretch of text that is never broken.

    Attributes:
        text: not empty.
        has_space: whether a space parts it from the next.
        start_s: seconds.
        end_s: seconds; never before ``start_s``.
        is_timed: whether these were found, and not shared out by length.
        width: columns.
        break_cost: of a break after it, from 0 on.
        ends_sentence: whether a sentence is over.
    """

    text: str
    has_space: bool
    start_s: float
    end_s: float
    is_timed: bool
    width: int
    break_cost: float = SENTENCE
    ends_sentence: bool = True


@dataclass(frozen=True)
class _Stretch:
    """A stretch of a segment's text before it has times.

    Attributes:
        text: without spaces around it.
        has_space: whether one follows.
        is_inside: whether a word may go on after it: nothing but its script says that it ends.
    """

    text: str
    has_space: bool
    is_inside: bool = False


class _Clock:
    """When the letters of a segment are spoken: within a word in even steps."""

    def __init__(self, segment: TimedSegment, letters: int) -> None:
        words = [(_letters(one_line(word.text)), word) for word in segment.words]
        known = [(count, word.start_s, word.end_s) for count, word in words if count]
        self.is_timed = bool(known)
        spans = known or [(max(letters, 1), segment.start_s, segment.end_s)]
        missing = letters - sum(count for count, _, _ in spans)
        if missing > 0:
            spans.append((missing, spans[-1][2], max(spans[-1][2], segment.end_s)))
        self._firsts = [0, *accumulate(count for count, _, _ in spans)]
        self._starts_s = list(accumulate((start_s for _, start_s, _ in spans), max))
        self._ends_s = list(accumulate((end_s for _, _, end_s in spans), max))

    def begins_word(self, letter: int) -> bool:
        """Tell whether a word that has a time begins with a letter."""
        return self.is_timed and self._firsts[bisect_right(self._firsts, letter) - 1] == letter

    def start_s(self, letter: int) -> float:
        """Return when a letter begins."""
        return self._at(bisect_right(self._firsts, letter) - 1, letter)

    def end_s(self, letter: int) -> float:
        """Return when the letter before this one ends."""
        return self._at(bisect_right(self._firsts, letter - 1) - 1, letter)

    def _at(self, word: int, letter: int) -> float:
        word = min(word, len(self._starts_s) - 1)
        first, last = self._firsts[word], self._firsts[word + 1]
        start_s, end_s = self._starts_s[word], max(self._starts_s[word], self._ends_s[word])
        return start_s + (end_s - start_s) * min(1.0, (letter - first) / (last - first))


def atoms_of(timed: TimedText) -> tuple[tuple[Atom, ...], ...]:
    """Return the atoms of each segment, all of them with text."""
    per_segment = [_timed(segment) for segment in timed.segments]
    atoms = list(chain.from_iterable(own for own, _ in per_segment))
    is_inside = list(chain.from_iterable(inside for _, inside in per_segment))
    last_of_segment = set(accumulate(len(own) for own, _ in per_segment))
    ends = _sentence_ends(atoms, last_of_segment, timed.language)
    judged = []
    for place, (atom, following) in enumerate(pairwise(atoms), start=1):
        boundary = Boundary(
            before=atom.text,
            after=following.text,
            has_space=atom.has_space,
            ends_sentence=place in ends,
            ends_segment=place in last_of_segment,
            is_inside=is_inside[place - 1],
        )
        cost = break_cost(boundary)
        judged.append(replace(atom, break_cost=cost, ends_sentence=place in ends))
    whole = iter([*judged, *atoms[-1:]])
    return tuple(tuple(next(whole) for _ in own) for own, _ in per_segment)


def text_width(atoms: Sequence[Atom]) -> int:
    """Return how many columns atoms take on one line."""
    return sum(atom.width + atom.has_space for atom in atoms) - atoms[-1].has_space


def _sentence_ends(
    atoms: Sequence[Atom], last_of_segment: Set[int], language: str | None
) -> set[int]:
    """Return the places after the last atoms of sentences, which need not be those of segments."""
    texts = [atom.text for atom in atoms]
    # Where a segment ends as a sentence does, one is over even if the next goes on in lower case.
    breaks = [
        place in last_of_segment and _TERMINATED.search(text) is not None
        for place, text in enumerate(texts, start=1)
    ]
    return set(sentence_ends(texts, breaks, three_letter_code(language or "") or ""))


def _timed(segment: TimedSegment) -> tuple[list[Atom], list[bool]]:
    """Return the atoms of a segment, and for each whether a word may go on after it."""
    stretches = _stretches(one_line(segment.text))
    lasts = list(accumulate(_letters(stretch.text) for stretch in stretches))
    clock = _Clock(segment, lasts[-1])
    atoms, is_inside = [], []
    for stretch, first, last in zip(stretches, [0, *lasts], lasts, strict=False):
        text, start_s = stretch.text, clock.start_s(first)
        end_s = max(start_s, clock.end_s(last))
        atoms.append(Atom(text, stretch.has_space, start_s, end_s, clock.is_timed, width(text)))
        is_inside.append(stretch.is_inside and not clock.begins_word(last))
    # Languages that are written without spaces are so from one segment to the next as well.
    has_space = not _is_unspaced(stretches[-1].text[-1])
    atoms[-1] = replace(atoms[-1], has_space=has_space)
    return atoms, is_inside


def _stretches(text: str) -> list[_Stretch]:
    """Split one line of text at every place where a line may end."""
    found: list[_Stretch] = []
    for stretch in _split(text):
        before = found[-1] if found else None
        if before and _belongs_to_last(before, stretch, is_first=len(found) == 1):
            space = " " if before.has_space else ""
            joined = f"{before.text}{space}{stretch.text}"
            found[-1] = _Stretch(joined, stretch.has_space, stretch.is_inside)
        else:
            found.append(stretch)
    return found


def _split(text: str) -> Iterator[_Stretch]:
    """Yield pieces between spaces, and of scripts without spaces every character."""
    for piece in pieces(text):
        runs = split_piece(piece[0])
        for run in runs:
            stretch = piece[0][run.start : run.end]
            is_last_run = run.end == len(piece[0])
            parts = _CLUSTER.findall(stretch) if run.is_unspaced else [stretch]
            for place, part in enumerate(parts, start=1):
                is_last = place == len(parts)
                yield _Stretch(part, is_last_run and is_last, run.is_unspaced and not is_last)


def _belongs_to_last(before: _Stretch, stretch: _Stretch, *, is_first: bool) -> bool:
    """Tell whether a stretch is not to be parted from the one before it."""
    if _OPENING.fullmatch(before.text) or stretch.text[0] in _NEVER_FIRST:
        return True
    if is_first and before.text in _DASHES:
        return True  # of a dialogue
    return not _HAS_WORD.search(stretch.text) and not _OPENING.fullmatch(stretch.text)


def _letters(text: str) -> int:
    return sum(not character.isspace() for character in text)


def _is_unspaced(character: str) -> bool:
    """Tell whether a character is of a script without spaces, or punctuation of one."""
    name = unicodedata.name(character, "")
    scripts = ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH", "THAI", "LAO", "KHMER")
    return name.startswith(scripts)
