"""Where a path falls far short -> which words were not spoken there, which speech has no words.

Only stretches whose deficits add up to more than a detour costs are searched again, from a word
that fits to one that fits; most right recordings have few.

Dimensions: T frames, V columns, L' labels, W' words that have labels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.quality.detours import Detours, Prices, find_detours
from speech_toolkit.alignment.quality.evidence import Probe, Units

# In the unit of the recording, see ``evidence``.
_PASS_OPEN, _PASS_FRAME, _SKIP_OPEN = 1.1, 0.05, 0.55
_SKIP_LABEL, _SKIP_LABEL_OF_TYPICAL, _MOST_SKIP_LABEL = 0.16, 1.6, 0.32
_MOST_USUAL = 0.1
_SUSPICIOUS = 1.5
_MARGIN_WORDS = 3
_LONGEST_FRAMES = 3000


@dataclass(frozen=True)
class Disagreement:
    """A place where the words of the transcript are not those of the recording.

    Attributes:
        first: the first word that was not spoken, or the one before which speech has no words.
        end: one past the last word that was not spoken; equal to ``first`` where all were.
        passed: first frame of speech that has no words, and the frame after its last; equal where
            there is none.
        around: first frame of the word before, and the frame after the last of the word behind.
        gain: by how much the recording fits better without them, in units, what it cost to leave
            them out taken off.
    """

    first: int
    end: int
    passed: tuple[int, int]
    around: tuple[int, int]
    gain: float


def find_disagreements(
    log_probs: np.ndarray,
    deficits: np.ndarray,
    units: Units,
    probed: Probe,
    blank: int,
    columns: int,
) -> Iterator[Disagreement]:
    """Search the stretches that look wrong, in order.

    Args:
        log_probs: float32 (T, V).
        deficits: float32 (T,), of the path.
        units: the words and their places.
        probed: what other words would have cost in their places.
        blank: the blank's column.
        columns: the first so many are the model's own.
    """
    unit = probed.unit
    skip_label = float(
        np.clip(_SKIP_LABEL_OF_TYPICAL * probed.own, _SKIP_LABEL, _MOST_SKIP_LABEL)
    )
    prices = Prices(_PASS_OPEN, _PASS_FRAME, _SKIP_OPEN, skip_label)
    for first, end in suspicious_stretches(deficits / unit, units):
        start = units.ends[units.firsts[first] - 1] if first else 0
        stop = units.starts[units.borders[end]] if end < len(units.words) else len(log_probs)
        labels = slice(units.firsts[first], units.borders[end])
        rows = log_probs[start:stop, :columns].astype(np.float64)
        rows -= rows.max(axis=1, keepdims=True)
        rows /= unit
        targets = units.targets[labels]
        detours = find_detours(
            rows[:, targets],
            rows[:, blank],
            targets,
            units.firsts[first:end] - units.firsts[first],
            units.free_nodes[first : end + 1],
            prices,
        )
        gains = deficits[start:stop] / unit - _deficits_of(detours, rows, targets, blank)
        borders = units.borders[first : end + 1] - units.firsts[first]
        for found in _parted(detours, borders, gains, prices):
            yield Disagreement(
                first + found.first,
                first + found.end,
                _moved(found.passed, start),
                _moved(found.around, start),
                found.gain,
            )


def _moved(frames: tuple[int, int], by: int) -> tuple[int, int]:
    return int(frames[0] + by), int(frames[1] + by)


def suspicious_stretches(deficits: np.ndarray, units: Units) -> list[tuple[int, int]]:
    """Return runs of words in which deficits pile up, with words that fit around them.

    Args:
        deficits: float32 (T,), in units.
        units: the words and their places.

    Returns:
        Pairs of the first word and one past the last, in order and apart.
    """
    totals = np.concatenate(([0.0], np.cumsum(deficits, dtype=np.float64)))
    froms, tos = units.starts[units.firsts], units.ends[units.borders[1:] - 1]
    usual = min(float(np.median((totals[tos] - totals[froms]) / (tos - froms))), _MOST_USUAL)
    sums = totals[1:] - (_PASS_FRAME + usual) * np.arange(1, len(totals))
    lowest = np.minimum.accumulate(np.minimum(sums, 0.0))
    piled = np.maximum(sums - lowest, 0.0)
    above = np.flatnonzero(piled > _SUSPICIOUS)
    if not len(above):
        return []
    bottoms = np.append(-1, np.flatnonzero(piled <= 0.0))
    opened = bottoms[np.searchsorted(bottoms, above) - 1] + 1
    starts = units.starts[units.firsts]
    ends = units.ends[units.borders[1:] - 1]
    firsts = np.searchsorted(ends, opened, side="right") - _MARGIN_WORDS
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


def _deficits_of(detours: Detours, rows: np.ndarray, targets: np.ndarray, blank: int) -> np.ndarray:
    """Return what a path with detours falls short by; what it passes over costs its price."""
    columns = np.append(targets, blank)[detours.labels]
    return np.where(detours.nodes >= 0, _PASS_FRAME, -rows[np.arange(len(rows)), columns])


def _parted(
    detours: Detours, borders: np.ndarray, gains: np.ndarray, prices: Prices
) -> Iterator[Disagreement]:
    """Part the detours of a stretch: those that touch are one.

    Args:
        detours: of the stretch.
        borders: int64 (W' + 1,), first label of each word, and the number of labels.
        gains: float (T,), by how much each frame fits better with them.
        prices: that were paid.
    """
    chain = np.zeros(2 * len(borders) - 1, dtype=np.int8)  # node 0, word 0, node 1 ...
    chain[1::2] = detours.skipped
    chain[2 * detours.nodes[detours.nodes >= 0]] = 1
    edges = np.flatnonzero(np.diff(chain, prepend=0, append=0))
    spoken = np.flatnonzero(detours.labels >= 0)
    words = np.searchsorted(borders, detours.labels[spoken], side="right") - 1
    sums = np.concatenate(([0.0], np.cumsum(gains)))
    for first_link, end_link in edges.reshape(-1, 2).tolist():
        first, end = first_link // 2, end_link // 2
        passing = np.flatnonzero((detours.nodes >= first) & (detours.nodes <= end))
        passed = (int(passing[0]), int(passing[-1]) + 1) if len(passing) else (0, 0)
        before, after = spoken[words == first - 1], spoken[words == end]
        around = (
            int(before[0]) if len(before) else 0,
            int(after[-1]) + 1 if len(after) else len(gains),
        )
        gain = sums[around[1]] - sums[around[0]] - prices.pass_open * (len(passing) > 0)
        if end > first:
            gain -= prices.skip_open + prices.skip_label * (borders[end] - borders[first])
        yield Disagreement(first, end, passed, around, float(gain))
