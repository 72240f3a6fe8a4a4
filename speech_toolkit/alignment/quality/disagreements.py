"""Where a path falls far short -> which words were not spoken there, which speech has no words.

Only stretches whose deficits add up to more than a detour costs are searched again, from a word
that fits to one that fits; most right recordings have few.

Dimensions: T frames, V columns, L' labels, W' words that have labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.quality.detours import Detours, Prices, find_detours
from speech_toolkit.alignment.quality.evidence import Probe, Units, WordEvidence
from speech_toolkit.alignment.quality.local_scores import local_scores

# In the unit of the recording, see ``evidence``.
_PASS_OPEN, _PASS_LABEL_FRAME, _SKIP_OPEN = 1.1, 0.05, 0.3
_SKIP_LABEL, _SKIP_LABEL_OF_TYPICAL, _MOST_SKIP_LABEL = 0.1, 1.4, 0.32
_MOST_USUAL = 0.1
MOST_GAIN = 20.0
_SUSPICIOUS = 0.7
_MARGIN_WORDS = 3
_LONGEST_FRAMES = 3000
_MOST_CELLS = 20_000_000


@dataclass(frozen=True)
class Disagreement:
    """A place where the words of the transcript are not those of the recording.

    Attributes:
        first: the first word that was not spoken, or the one before which speech has no words.
        end: one past the last word that was not spoken; equal to ``first`` where all were.
        passed: first frame of speech that has no words, and the frame after its last; equal where
            there is none.
        gap: the frames between the last letter before and the first behind, as ``passed``.
        around: first frame of the word before, and the frame after the last of the word behind.
        gain: by how much the stretch around fits better so, in units, ``MOST_GAIN`` at most.
    """

    first: int
    end: int
    passed: tuple[int, int]
    gap: tuple[int, int]
    around: tuple[int, int]
    gain: float


@dataclass(frozen=True)
class Search:
    """What a search has found.

    Attributes:
        found: in order.
        cost: what the recording falls short by in units when they are allowed for.
    """

    found: tuple[Disagreement, ...]
    cost: float


def find_disagreements(
    log_probs: np.ndarray,
    deficits: np.ndarray,
    units: Units,
    probed: Probe,
    evidence: WordEvidence,
    blank: int,
    columns: int,
    most_frames: float,
) -> Search:
    """Search the stretches that look wrong, in order.

    Args:
        log_probs: float32 (T, V).
        deficits: float32 (T,), of the path, in units.
        units: the words and their places.
        probed: what other words would have cost in their places.
        evidence: of the words.
        blank: the blank's column.
        columns: the first so many are the model's own.
        most_frames: how many are searched at most.
    """
    prices = _prices(probed, evidence)
    searcher = _Searcher(log_probs[:, :columns], probed.unit, units, blank, prices)
    starts = np.append(units.word_starts, len(log_probs))
    ends = np.append(0, units.word_ends)
    found: list[Disagreement] = []
    searched, cost = 0, float(deficits.sum(dtype=np.float64))
    allowance = prices.pass_frame + min(evidence.usual, _MOST_USUAL)
    for first, end in suspicious_stretches(deficits, units, allowance):
        frames = slice(int(ends[first]), int(starts[end]))
        searched += frames.stop - frames.start
        if searched > most_frames:
            break
        if (frames.stop - frames.start) * searcher.labels(first, end) > _MOST_CELLS:
            continue
        costs, told = searcher.search(first, end, frames)
        cost += float(costs.sum() - deficits[frames].sum(dtype=np.float64))
        found += told
    return Search(tuple(found), cost)


def _prices(probed: Probe, evidence: WordEvidence) -> Prices:
    """Return what detours cost in a recording."""
    skip_label = float(np.clip(_SKIP_LABEL_OF_TYPICAL * probed.own, _SKIP_LABEL, _MOST_SKIP_LABEL))
    return Prices(_PASS_OPEN, _PASS_LABEL_FRAME * evidence.filled, _SKIP_OPEN, skip_label)


@dataclass(frozen=True)
class _Searcher:
    """Searches stretches of one recording again.

    Attributes:
        log_probs: float32 (T, V), of the model's own columns.
        unit: in which deficits are counted.
        units: the words and their places.
        blank: the blank's column.
        prices: of detours.
    """

    log_probs: np.ndarray
    unit: float
    units: Units
    blank: int
    prices: Prices

    def labels(self, first: int, end: int) -> int:
        """Return how many labels some words have."""
        borders = self.units.borders
        return int(borders[end] - borders[first])

    def search(
        self, first: int, end: int, frames: slice
    ) -> tuple[np.ndarray, Iterator[Disagreement]]:
        """Search one stretch.

        Args:
            first: its first word.
            end: one past its last.
            frames: which are searched.

        Returns:
            What each frame falls short by on the path with detours, and what was found.
        """
        borders = self.units.borders[first : end + 1]
        targets = self.units.targets[borders[0] : borders[-1]]
        borders = borders - borders[0]
        rows = self.log_probs[frames] / np.float32(self.unit)
        rows -= rows.max(axis=1, keepdims=True)
        detours = find_detours(
            rows[:, targets],
            rows[:, self.blank],
            targets,
            borders[:-1],
            self.units.free_nodes[first : end + 1],
            self.prices,
        )
        costs = _deficits_of(detours, rows, targets, self.blank, self.prices.pass_frame)
        places = list(_parted(detours, borders))
        if not places:
            return costs, iter(())
        gains = _gains(places, rows, costs, targets, borders, self.blank).tolist()
        found = zip(places, gains, strict=True)
        return costs, (place.told(first, frames.start, gain) for place, gain in found)


def suspicious_stretches(
    deficits: np.ndarray, units: Units, allowance: float
) -> list[tuple[int, int]]:
    """Return runs of words in which deficits pile up, with words that fit around them.

    Args:
        deficits: float32 (T,), in units.
        units: the words and their places.
        allowance: what a frame may fall short by.

    Returns:
        Pairs of the first word and one past the last, in order and apart.
    """
    sums = np.cumsum(deficits - allowance, dtype=np.float64)
    lowest = np.minimum.accumulate(np.minimum(sums, 0.0))
    piled = np.maximum(sums - lowest, 0.0)
    above = np.flatnonzero(piled > _SUSPICIOUS)
    if not len(above):
        return []
    bottoms = np.append(-1, np.flatnonzero(piled <= 0.0))
    opened = bottoms[np.searchsorted(bottoms, above) - 1] + 1
    starts = units.word_starts
    firsts = np.searchsorted(units.word_ends, opened, side="right") - _MARGIN_WORDS
    stops = np.searchsorted(starts, above, side="right") + _MARGIN_WORDS
    return _merged(np.maximum(firsts, 0), np.minimum(stops, len(starts)), starts)


def _merged(firsts: np.ndarray, stops: np.ndarray, starts: np.ndarray) -> list[tuple[int, int]]:
    """Join runs of words that meet, save where they would become too long to be searched."""
    merged: list[tuple[int, int]] = []
    for first, stop in sorted({*zip(firsts.tolist(), stops.tolist(), strict=True)}):
        if merged and first <= merged[-1][1]:
            last = merged[-1][0]
            if starts[min(stop, len(starts)) - 1] - starts[last] < _LONGEST_FRAMES:
                merged[-1] = (last, max(stop, merged[-1][1]))
                continue
            first = max(first, merged[-1][1])
        if first < stop:
            merged.append((first, stop))
    return merged


def _deficits_of(
    detours: Detours, rows: np.ndarray, targets: np.ndarray, blank: int, pass_frame: float
) -> np.ndarray:
    """Return what a path with detours falls short by; what it passes over costs little."""
    columns = np.append(targets, blank)[detours.labels]
    return np.where(detours.nodes >= 0, pass_frame, -rows[np.arange(len(rows)), columns])


@dataclass(frozen=True)
class _Place:
    """A detour in a stretch, with words and frames counted from its start."""

    first: int
    end: int
    passed: tuple[int, int]
    gap: tuple[int, int]
    around: tuple[int, int]

    def told(self, word: int, frame: int, gain: float) -> Disagreement:
        """Return it counted from the start of the recording.

        Args:
            word: the first of the stretch.
            frame: likewise.
            gain: what it brings.
        """

        def moved(frames: tuple[int, int]) -> tuple[int, int]:
            return frames[0] + frame, frames[1] + frame

        passed, gap, around = map(moved, (self.passed, self.gap, self.around))
        return Disagreement(self.first + word, self.end + word, passed, gap, around, gain)


def _parted(detours: Detours, borders: np.ndarray) -> Iterator[_Place]:
    """Part the detours of a stretch: those that touch are one.

    Args:
        detours: of the stretch.
        borders: int64 (W' + 1,), first label of each word, and the number of labels.
    """
    chain = np.zeros(2 * len(borders) - 1, dtype=np.int8)  # node 0, word 0, node 1 ...
    chain[1::2] = detours.skipped
    chain[2:-1:2] = detours.skipped[:-1] & detours.skipped[1:]
    chain[2 * detours.nodes[detours.nodes >= 0]] = 1
    edges = np.flatnonzero(np.diff(chain, prepend=0, append=0))
    spoken = np.flatnonzero(detours.labels >= 0)
    words = np.searchsorted(borders, detours.labels[spoken], side="right") - 1
    for first_link, end_link in edges.reshape(-1, 2).tolist():
        first, end = first_link // 2, end_link // 2
        passing = np.flatnonzero((detours.nodes >= first) & (detours.nodes <= end))
        passed = (int(passing[0]), int(passing[-1]) + 1) if len(passing) else (0, 0)
        before, after = spoken[words == first - 1], spoken[words == end]
        around = (
            int(before[0]) if len(before) else 0,
            int(after[-1]) + 1 if len(after) else len(detours.labels),
        )
        before, after = spoken[words < first], spoken[words >= end]
        gap = (
            int(before[-1]) + 1 if len(before) else 0,
            int(after[0]) if len(after) else len(detours.labels),
        )
        yield _Place(first, end, passed, gap, around)


def _gains(
    places: Sequence[_Place],
    rows: np.ndarray,
    costs: np.ndarray,
    targets: np.ndarray,
    borders: np.ndarray,
    blank: int,
) -> np.ndarray:
    """Return by how much each place fits better than with its words put back, from word to word.

    Args:
        places: in a stretch.
        rows: float32 (T, V), scores of the columns, in units.
        costs: float (T,), what the path with detours falls short by.
        targets: (L',), columns of the labels.
        borders: int64 (W' + 1,), first label of each word, and the number of labels.
        blank: the blank's column.
    """
    last = len(borders) - 1
    starts, stops = np.array([place.around for place in places]).T
    whole = [
        targets[borders[max(place.first - 1, 0)] : borders[min(place.end + 1, last)]]
        for place in places
    ]
    with_words = local_scores(rows, blank, starts, stops, whole)
    sums = np.concatenate(([0.0], np.cumsum(costs)))
    return np.minimum(sums[starts] - sums[stops] - with_words, MOST_GAIN)
