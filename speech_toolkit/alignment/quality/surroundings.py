"""What is known around a disagreement besides what the path costs: time, loudness, letters heard.

Speech that has no words takes time that the letters around it do not need, and letters are heard in
it; words that were not spoken have too few. How much time a letter takes and how many of them are
heard is measured on the recording itself.

Dimensions: T frames, V columns, W' words that have labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from speech_toolkit.alignment.loudness import Loudness
    from speech_toolkit.alignment.quality.disagreements import Disagreement
    from speech_toolkit.alignment.quality.evidence import Units, WordEvidence

_HEARD_RATES = (0.4, 1.5)
_SHORTEST_PACE = 0.5
_USUAL_OWN, _MOST_OWN = 0.05, 0.5
_FEW_LABELS = 4
_MOST_SHORTFALL, _MOST_TIMES, _MOST_LABELS = 1.5, 2.0, 12.0
_PACES = (0.2, 5.0)

SKIPPED = (
    "gain",
    "few",
    "shortfall",
    "pace",
    "slow",
    "heard",
    "spikes",
    "own",
    "passed",
    "loud",
    "neighbours heard",
)
PASSED = (
    "gain",
    "loud",
    "heard while loud",
    "share heard",
    "labels heard",
    "spikes",
    "own",
    "skipped",
    "neighbours pace",
    "neighbours heard",
    "spikes, gain",
    "spikes, neighbours pace",
    "spikes, labels heard",
)


@dataclass(frozen=True)
class Surroundings:
    """Sums over the frames of a recording, and what its words have of them.

    Attributes:
        units: the words and their places.
        evidence: of the words.
        loud: int64 (T + 1,), frames before each that are loud.
        heard: int64 (T + 1,), labels that the model would write before each.
        places: int64 (W' + 1,), where the place of each word begins: between it and its neighbour.
        pace: loud frames for each label, the median of the words.
        rate: labels heard for each label, the median of the words.
        trim: frames by which sound goes on behind a label, and begins before it.
    """

    units: Units
    evidence: WordEvidence
    loud: np.ndarray
    heard: np.ndarray
    places: np.ndarray
    pace: float
    rate: float
    trim: int

    def stretch(self, found: Disagreement) -> tuple[int, int]:
        """Return the frames of speech passed over, first and end, with what is loud around them."""
        if found.passed[0] == found.passed[1]:
            return found.passed
        first, end = self._gap(found)
        loud = self.loud[end] - self.loud[first]
        if not loud:
            return found.passed
        start = int(np.searchsorted(self.loud, self.loud[first], side="right")) - 1
        stop = int(np.searchsorted(self.loud, self.loud[end], side="left"))
        return min(found.passed[0], start), max(found.passed[1], stop)

    def of_skipped(self, found: Disagreement) -> np.ndarray:
        """Return what speaks for and against that words were not spoken, as named in ``SKIPPED``.

        Args:
            found: of at least one word.
        """
        own = slice(found.first, found.end)
        labels = self._labels(found.first, found.end)
        pace = float(np.log(np.exp(self.evidence.paces[own]).mean()))
        first, end = self._gap(found)
        heard = self._heard(self.places[found.first], self.places[found.end])
        return np.array(
            [
                self._gain(found),
                labels < _FEW_LABELS,
                min(self.evidence.shortfalls[own].mean(), _MOST_SHORTFALL),
                pace,
                np.clip(pace, 0.0, _MOST_TIMES),
                min(heard / labels, _MOST_TIMES),
                1.0 - self.evidence.filled,
                min(self.evidence.own, _MOST_OWN),
                found.passed[1] > found.passed[0],
                min(self._spoken(first, end) / labels, _MOST_TIMES),
                self._neighbours_heard(found),
            ],
            dtype=np.float64,
        )

    def of_passed(self, found: Disagreement) -> np.ndarray:
        """Return what speaks for and against that speech is lacking, as named in ``PASSED``.

        Args:
            found: with frames passed over.
        """
        first, end = self.stretch(found)
        skipped = self._labels(found.first, found.end)
        before, behind = self._neighbours(found)
        needed = self._labels(before, behind)
        surplus = self._heard(self.places[before], self.places[behind]) - needed
        counted = max(int(self.heard[end] - self.heard[first]), 1)
        around = self._spoken(*found.around) - self._spoken(first, end)
        pace = abs(np.log(np.clip(around / max(needed - skipped, 1), *_PACES)))
        labels = np.clip(surplus, -_MOST_TIMES, _MOST_LABELS)
        spikes, gain = 1.0 - self.evidence.filled, self._gain(found)
        return np.array(
            [
                gain,
                (self.loud[end] - self.loud[first]) / (end - first),
                min(counted / self.rate / max(self._spoken(first, end), 1.0), _MOST_TIMES),
                np.clip((surplus + skipped) / counted, -1.0, _MOST_TIMES),
                labels,
                spikes,
                min(self.evidence.own, _MOST_OWN),
                skipped > 0,
                pace,
                self._neighbours_heard(found),
                spikes * gain,
                spikes * pace,
                spikes * labels,
            ],
            dtype=np.float64,
        )

    def _gain(self, found: Disagreement) -> float:
        """Return the gain, which says more where right words cost nearly nothing, its logarithm."""
        weight = np.clip(np.sqrt(_USUAL_OWN / max(self.evidence.own, 1e-6)), 1.0, 2.0)
        return float(np.log1p(max(found.gain * weight, 0.0)))

    def _gap(self, found: Disagreement) -> tuple[int, int]:
        first, end = found.gap
        first = first + self.trim if found.first else first
        end = end - self.trim if found.end < len(self.units.words) else end
        return (first, end) if first < end else found.passed

    def _labels(self, first: int, end: int) -> int:
        return int(self.units.borders[end] - self.units.borders[first])

    def _neighbours(self, found: Disagreement) -> tuple[int, int]:
        return max(found.first - 1, 0), min(found.end + 1, len(self.units.words))

    def _spoken(self, first: int, end: int) -> float:
        """Return how many labels could be spoken while it is loud."""
        return float(self.loud[end] - self.loud[first]) / self.pace

    def _heard(self, first: int, end: int) -> float:
        """Return the labels heard, over those heard for each label of words."""
        return float(self.heard[end] - self.heard[first]) / self.rate

    def _neighbours_heard(self, found: Disagreement) -> float:
        """Return how far what is heard of the words around is from what they have, 0 to 1."""
        labels = self._labels(*self._neighbours(found)) - self._labels(found.first, found.end)
        heard = self._heard(*found.around) - self._heard(*self.stretch(found))
        return abs(np.clip(heard / max(labels, 1), 0.0, _MOST_TIMES) - 1.0)


def surroundings_of(
    best: np.ndarray, units: Units, evidence: WordEvidence, loudness: Loudness, blank: int
) -> Surroundings:
    """Measure a recording.

    Args:
        best: int64 (T,), the best column of each frame.
        units: the words and their places.
        evidence: of the words.
        loudness: of T frames.
        blank: the blank's column.
    """
    starts, ends = units.word_starts, units.word_ends
    of_words = _covered(starts, ends, len(best))
    peak_db = np.median(loudness.levels_db[of_words])
    is_loud = loudness.levels_db >= loudness.thresholds_db(peak_db, slice(None))
    loud = np.append(0, np.cumsum(is_loud))
    heard = np.append(0, np.cumsum((np.diff(best, prepend=blank) != 0) & (best != blank)))
    places = np.concatenate(([0], (ends[:-1] + starts[1:]) // 2, [len(best)]))
    counts = np.diff(units.borders)
    pace = max(float(np.median(np.diff(loud[places]) / counts)), _SHORTEST_PACE)
    rate = float(np.clip(np.median(np.diff(heard[places]) / counts), *_HEARD_RATES))
    lengths = float((units.ends - units.starts).mean())
    trim = round(max(pace - lengths, 0.0) / 2)
    return Surroundings(units, evidence, loud, heard, places, pace, rate, trim)


def _covered(starts: np.ndarray, ends: np.ndarray, frames: int) -> np.ndarray:
    """Return which frames lie in one of the ranges."""
    edges = np.bincount(starts, minlength=frames + 1) - np.bincount(ends, minlength=frames + 1)
    return np.cumsum(edges[:-1]) > 0
