"""Where aligners put the boundaries of words, by the measures in which they are published.

Two pairings, as in fa-bench (github.com/olewave/fa-bench). Errors are those of words that found and
true text share: they are paired by the edit distance of the two, without regard to case and marks.
F1 pairs boundaries by time alone: each found one with at most one true one within the tolerance,
the closest pairs first; its counts are pooled over recordings. The outer edges of a recording are
left out of it, the first start and the last end, so that F1 of starts at 20 ms is fa-bench's
"word F1".
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speech_toolkit.evaluation.metrics.boundaries import TrueWord

F1_TOLERANCES_S = (0.02, 0.05)
_NANOSECOND_S = 1e-9  # below which a difference of times is one of their rounding


@dataclass(frozen=True)
class Placement:
    """Boundaries of one kind, starts or ends, found in some recordings.

    Attributes:
        errors_s: float64 (M,), found minus true, of the M words that both texts hold.
        num_true: boundaries that F1 should find.
        num_found: boundaries that were found.
        hits: for each of ``F1_TOLERANCES_S`` how many of them are paired.
    """

    errors_s: np.ndarray
    num_true: int
    num_found: int
    hits: Mapping[float, int]

    @property
    def mean_s(self) -> float:
        """Mean of the absolute errors; NaN where no word was paired."""
        return _mean(np.abs(self.errors_s))

    @property
    def median_s(self) -> float:
        """Median of the absolute errors; NaN where no word was paired."""
        return float(np.median(np.abs(self.errors_s))) if len(self.errors_s) else float("nan")

    @property
    def bias_s(self) -> float:
        """Mean of the errors, below 0 where boundaries are found too early."""
        return _mean(self.errors_s)

    def within(self, tolerance_s: float) -> float:
        """Return the share of paired words that are off by at most ``tolerance_s``."""
        return _mean(np.abs(self.errors_s) <= tolerance_s + _NANOSECOND_S)

    def f1(self, tolerance_s: float) -> float:
        """Return the harmonic mean of precision and recall, NaN where there is nothing to find.

        Args:
            tolerance_s: one of ``F1_TOLERANCES_S``.
        """
        boundaries = self.num_true + self.num_found
        return 2 * self.hits[tolerance_s] / boundaries if boundaries else float("nan")

    @classmethod
    def joined(cls, parts: Sequence["Placement"]) -> "Placement":
        """Pool the boundaries of several recordings."""
        return cls(
            np.concatenate([part.errors_s for part in parts]),
            sum(part.num_true for part in parts),
            sum(part.num_found for part in parts),
            {each: sum(part.hits[each] for part in parts) for each in F1_TOLERANCES_S},
        )


def place(found: Sequence[TrueWord], true: Sequence[TrueWord]) -> tuple[Placement, Placement]:
    """Compare the words found in a recording with those known to be spoken in it.

    Args:
        found: words with the times that were found for them, in order.
        true: words with their true times, in order.

    Returns:
        How the starts and how the ends are placed.
    """
    pairs = paired_words([word.text for word in found], [word.text for word in true])
    starts_s, ends_s = (
        [[getattr(word, side) for word in words] for words in (found, true)]
        for side in ("start_s", "end_s")
    )

    def placement(found_s: list[float], true_s: list[float], inner: slice) -> Placement:
        errors_s = [found_s[here] - true_s[there] for here, there in pairs]
        hits = {each: count_hits(found_s[inner], true_s[inner], each) for each in F1_TOLERANCES_S}
        return Placement(
            np.array(errors_s, dtype=np.float64), len(true_s[inner]), len(found_s[inner]), hits
        )

    return placement(*starts_s, slice(1, None)), placement(*ends_s, slice(0, -1))


def paired_words(found: Sequence[str], true: Sequence[str]) -> list[tuple[int, int]]:
    """Pair the words that two texts share, by their edit distance.

    Args:
        found: words of the one text.
        true: words of the other.

    Returns:
        The index in ``found`` and the index in ``true`` of each pair, in order.
    """
    import jiwer

    here, there = (
        [(index, plain) for index, word in enumerate(words) if (plain := _plain(word))]
        for words in (found, true)
    )
    if not here or not there:
        return []
    output = jiwer.process_words(
        *(" ".join(plain for _, plain in words) for words in (there, here))
    )
    return [
        (here[chunk.hyp_start_idx + step][0], there[chunk.ref_start_idx + step][0])
        for chunk in output.alignments[0]
        if chunk.type == "equal"
        for step in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]


def count_hits(found_s: Sequence[float], true_s: Sequence[float], tolerance_s: float) -> int:
    """Count the pairs of a found and a true boundary, each in one pair at most.

    Args:
        found_s: boundaries in seconds.
        true_s: those that should be found.
        tolerance_s: how far those of a pair may be apart.
    """
    found, true = np.sort(np.asarray(found_s, dtype=np.float64)), np.sort(np.asarray(true_s))
    reach_s = tolerance_s + _NANOSECOND_S
    firsts = np.searchsorted(found, true - reach_s, side="left")
    stops = np.searchsorted(found, true + reach_s, side="right")
    near = sorted(
        (abs(found[here] - true[there]), there, here)
        for there in range(len(true))
        for here in range(firsts[there], stops[there])
    )
    taken_true, taken_found = set[int](), set[int]()
    for _, there, here in near:
        if there not in taken_true and here not in taken_found:
            taken_true.add(there)
            taken_found.add(here)
    return len(taken_true)


@dataclass(frozen=True)
class StartIntervals:
    """Intervals in which words are said to start. M words.

    Attributes:
        covered: bool (M,), whether the true start lies inside.
        widths_s: float64 (M,).
    """

    covered: np.ndarray
    widths_s: np.ndarray

    @property
    def coverage(self) -> float:
        """Share of true starts that lie inside; NaN without intervals."""
        return _mean(self.covered)

    @property
    def mean_width_s(self) -> float:
        """Mean width; NaN without intervals."""
        return _mean(self.widths_s)

    @classmethod
    def of(
        cls,
        intervals: Sequence[tuple[str, float, float]],
        true: Sequence[TrueWord],
    ) -> "StartIntervals":
        """Compare the intervals of a recording with the true starts.

        Args:
            intervals: word, lowest and highest start in seconds.
            true: words with their true times, in order.
        """
        pairs = paired_words([text for text, _, _ in intervals], [word.text for word in true])
        low_s, high_s = (np.array([intervals[here][side] for here, _ in pairs]) for side in (1, 2))
        start_s = np.array([true[there].start_s for _, there in pairs])
        inside = (low_s <= start_s + _NANOSECOND_S) & (start_s <= high_s + _NANOSECOND_S)
        return cls(inside, high_s - low_s)

    @classmethod
    def joined(cls, parts: Sequence["StartIntervals"]) -> "StartIntervals":
        """Pool the intervals of several recordings."""
        return cls(
            np.concatenate([part.covered for part in parts]),
            np.concatenate([part.widths_s for part in parts]),
        )


def _plain(word: str) -> str:
    """Return a word without case, marks and spaces."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(each for each in folded if unicodedata.category(each)[0] in "LMN")


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
