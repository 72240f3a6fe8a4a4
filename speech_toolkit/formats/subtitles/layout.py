"""Which atoms share a cue, and which of them a line.

Both are chosen as a whole and not one after the other: of all ways to break, the one with the
least sum of costs, found by dynamic programming. The idea is that of Knuth and Plass, "Breaking
Paragraphs into Lines" (Software: Practice and Experience 11, 1981); the costs are subtitles'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from speech_toolkit.formats.subtitles.atoms import Atom
from speech_toolkit.formats.subtitles.style import SubtitleStyle

_PAUSE_S = 0.3  # silence from here on is worth a break
_LONGEST_PAUSE_S = 2.0  # and from here on no cue goes through it
# Costs, in the unit of ``break_costs``.
_CUE = 1.5
_CUE_BREAK_WEIGHT = 2.0  # a break between cues is worse than one between lines,
_LINE_BREAK_WEIGHT = 0.5  # which decides between cues where it would be a bad one
_SENTENCE_INSIDE = 3.0  # a cue that goes on after the end of a sentence
_PAUSE_PER_S = 6.0
_HURRY_PER_S = 6.0  # each second that a cue would have to be shown longer
_FRAGMENT = 6.0  # a cue of little text that is no sentence
_FRAGMENT_SHARE = 0.6  # of a line, below which text is little
_RAGGED = 8.0  # a line that is a whole line longer or shorter than the mean


@dataclass(frozen=True)
class _Text:
    """Atoms, and what is asked of them again and again.

    Attributes:
        atoms: in order.
        offsets: columns before each atom were all on one line, and after the last.
        pauses_s: silence after each atom, the last left out.
        style: the limits.
    """

    atoms: Sequence[Atom]
    offsets: Sequence[int]
    pauses_s: Sequence[float]
    style: SubtitleStyle

    @classmethod
    def of(cls, atoms: Sequence[Atom], style: SubtitleStyle) -> _Text:
        """Measure atoms."""
        offsets = list(accumulate((atom.width + atom.has_space for atom in atoms), initial=0))
        pauses_s = [max(0.0, after.start_s - before.end_s) for before, after in pairwise(atoms)]
        return cls(atoms, offsets, pauses_s, style)

    def columns(self, first: int, last: int) -> int:
        """Return the width of the atoms from ``first`` to before ``last`` on one line."""
        return self.offsets[last] - self.offsets[first] - self.atoms[last - 1].has_space

    def fits(self, first: int, last: int) -> bool:
        """Tell whether they are a line: one atom is, whatever its width."""
        return self.columns(first, last) <= self.style.max_columns or last - first == 1

    def filled_lines(self, first: int) -> Iterator[tuple[int, int]]:
        """Yield for each atom from ``first`` on its line, from 1, and the first atom of that line.

        Each line is filled before the next begins, which takes as few lines as can be.
        """
        lines, begins = 1, first
        for place in range(first, len(self.atoms)):
            if not self.fits(begins, place + 1):
                lines, begins = lines + 1, place
            yield lines, begins


def cue_spans(atoms: Sequence[Atom], style: SubtitleStyle) -> list[tuple[int, int]]:
    """Choose the cues.

    A cue has room for its lines, its words are spoken within the longest time, and no long pause is
    inside. One atom is a cue whatever its width and time.

    Args:
        atoms: of the whole text, in order.
        style: the limits.

    Returns:
        For each cue its first atom, and the one after its last.
    """
    text = _Text.of(atoms, style)
    inside = list(accumulate(map(_cost_inside, atoms, text.pauses_s), initial=0.0))
    least = [0.0] + [math.inf] * len(atoms)
    came_from = [0] * (len(atoms) + 1)
    for first in range(len(atoms)):
        for last, line_cost in _possible_cues(text, first):
            cost = least[first] + line_cost + _cue_cost(text, first, last)
            cost += inside[last - 1] - inside[first] + _cost_after(text, last)
            if cost < least[last]:
                least[last], came_from[last] = cost, first
    return _path(came_from)


def lines_of(atoms: Sequence[Atom], style: SubtitleStyle) -> tuple[tuple[Atom, ...], ...]:
    """Break a cue into as few lines as hold it, of like width, where it reads well.

    Args:
        atoms: of one cue that :func:`cue_spans` found.
        style: the limits.
    """
    text = _Text.of(atoms, style)
    *_, (count, _) = text.filled_lines(0)
    mean = text.columns(0, len(atoms)) / count
    # By the number of lines and the atom after them: the least cost, and where the last begins.
    best: dict[tuple[int, int], tuple[float, int]] = {(0, 0): (0.0, 0)}
    for line in range(1, count + 1):
        for last in range(line, len(atoms) + 1):
            options = (
                (best[line - 1, first][0] + _line_cost(text, first, last, mean), first)
                for first in range(line - 1, last)
                if (line - 1, first) in best and text.fits(first, last)
            )
            if (found := min(options, default=None)) is not None:
                best[line, last] = found
    ends = [len(atoms)]
    for line in range(count, 0, -1):
        ends.append(best[line, ends[-1]][1])
    return tuple(tuple(atoms[first:last]) for first, last in pairwise(reversed(ends)))


def _possible_cues(text: _Text, first: int) -> Iterator[tuple[int, float]]:
    """Yield the ends of all cues that may begin with an atom, with what breaking its lines costs.

    Of several breaks the last is looked at; :func:`lines_of` then weighs them all.
    """
    style, start_s = text.style, text.atoms[first].start_s
    earliest = first + 1
    for place, (lines, begins) in enumerate(text.filled_lines(first), first):
        is_over = lines > style.max_lines or text.atoms[place].end_s - start_s > style.max_cue_s
        if place > first and (is_over or text.pauses_s[place - 1] >= _LONGEST_PAUSE_S):
            return
        line_cost = 0.0
        if lines > 1:
            while not text.fits(earliest, place + 1):
                earliest += 1
            possible = text.atoms[earliest - 1 : begins]
            line_cost = _LINE_BREAK_WEIGHT * min(atom.break_cost for atom in possible)
        yield place + 1, line_cost


def _cost_inside(atom: Atom, pause_s: float) -> float:
    """Return what it costs that a cue goes on after an atom."""
    ends = _SENTENCE_INSIDE if atom.ends_sentence else 0.0
    return ends + _PAUSE_PER_S * max(0.0, pause_s - _PAUSE_S)


def _cost_after(text: _Text, last: int) -> float:
    """Return what it costs that a cue ends before an atom."""
    if last == len(text.atoms):
        return 0.0
    gain = _PAUSE_PER_S * min(text.pauses_s[last - 1], 1.0)
    return _CUE_BREAK_WEIGHT * max(0.0, text.atoms[last - 1].break_cost - gain)


def _cue_cost(text: _Text, first: int, last: int) -> float:
    """Return what a cue costs by itself: little text, and too little time to read it."""
    atoms, style = text.atoms, text.style
    columns = text.columns(first, last)
    begins = first == 0 or atoms[first - 1].ends_sentence
    is_whole = begins and atoms[last - 1].ends_sentence
    cost = _CUE
    enough = _FRAGMENT_SHARE * style.max_columns
    if not is_whole and columns < enough:
        cost += _FRAGMENT * (1 - columns / enough) ** 2
    needed_s = max(style.min_cue_s, columns / style.max_columns_per_s)
    room_s = style.max_cue_s
    if last < len(atoms):
        room_s = min(room_s, atoms[last].start_s - style.min_gap_s - atoms[first].start_s)
    return cost + _HURRY_PER_S * max(0.0, needed_s - max(0.0, room_s))


def _line_cost(text: _Text, first: int, last: int, mean: float) -> float:
    """Return what a line costs: its end, unless it is that of the cue, and being long or short."""
    ragged = _RAGGED * ((text.columns(first, last) - mean) / text.style.max_columns) ** 2
    return ragged + (text.atoms[last - 1].break_cost if last < len(text.atoms) else 0.0)


def _path(came_from: Sequence[int]) -> list[tuple[int, int]]:
    """Follow the best beginnings from the end of the text to its start."""
    spans = []
    last = len(came_from) - 1
    while last > 0:
        spans.append((came_from[last], last))
        last = came_from[last]
    return spans[::-1]
