"""How much of what was planted is found, and how much of what is found was planted.

A fault is found when at least half of the words of one of its runs, or half of the length of one of
its stretches, is told. What is told is right when at least half of its words, or of its length,
belongs to the fault; borders may be off by ``TOLERANCE_S``. Every faulty file is counted with the
same recording as it should be, so that the right files are as many as the faulty ones: precision
is what is told rightly over all that is told in both. Where the whole transcript is of something
else, the verdict alone counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.planted.cases import Case
from speech_toolkit.alignment.quality.quality import GOOD, WRONG_TRANSCRIPT, Quality
from speech_toolkit.alignment.result import AlignmentResult, TimedSpan
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

TOLERANCE_S = 0.1
NEAR_S, OFF_S = 3.0, 0.1
BINS = 10
_HALF = 0.5 - 1e-9
Ranges = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Heard:
    """What was told of one case.

    Attributes:
        case: what it is.
        quality: what was told.
        confidences: for each word with a truth, the confidence and whether it is spoken there.
    """

    case: Case
    quality: Quality
    confidences: tuple[tuple[float, bool], ...]

    @property
    def words(self) -> Ranges:
        """Runs of words told as not spoken."""
        return [(part.first_word, part.end_word) for part in self.quality.not_spoken]

    @property
    def stretches(self) -> Ranges:
        """Seconds told as lacking in the transcript."""
        return [(part.start_time, part.end_time) for part in self.quality.not_in_transcript]

    @property
    def is_found(self) -> bool:
        """Whether some part of the fault is told."""
        if self.case.is_whole:
            return self.quality.verdict == WRONG_TRANSCRIPT
        return any(_covered(run, self.words) for run in self.case.words) or any(
            _covered(stretch, self.stretches) for stretch in self.case.stretches
        )

    @property
    def told(self) -> list[bool]:
        """For each thing that is told, whether it was planted."""
        is_wrong = self.quality.verdict == WRONG_TRANSCRIPT
        if self.case.is_whole:
            return [True] * is_wrong
        wide = [(start - TOLERANCE_S, end + TOLERANCE_S) for start, end in self.case.stretches]
        return [
            *(_covered(run, self.case.words) for run in self.words),
            *(_covered(stretch, wide) for stretch in self.stretches),
        ]


def heard(case: Case, result: AlignmentResult) -> Heard:
    """Take down what an alignment told of a case.

    Raises:
        ValueError: the alignment tells nothing of its quality.
    """
    if result.quality is None:
        raise ValueError(f"{case.speech.name}: the alignment has no quality")
    pairs = [
        (found.confidence, true is not None and _meet(found, true))
        for i, (found, true) in enumerate(zip(result.words, case.spoken, strict=True))
        if i not in case.unclear and found.confidence is not None
    ]
    return Heard(case, result.quality, tuple(pairs))


def _meet(found: TimedSpan, true: TrueWord) -> bool:
    return found.start_time < true.end_s and true.start_s < found.end_time


def _covered(span: tuple[float, float], by: Ranges) -> bool:
    """Whether at least half of a range lies in others, of which none overlap."""
    shared = sum(max(0.0, min(span[1], end) - max(span[0], start)) for start, end in by)
    return shared >= _HALF * (span[1] - span[0])


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        kind: of the fault.
        size: of the fault.
        cases: faulty files; there are as many right ones.
        recall: share of the faults that are found.
        precision: share of what is told that was planted; None where nothing is told.
        verdict: share of the faulty files with the right verdict.
        alarms: share of the right files with another verdict than good.
    """

    kind: str
    size: str
    cases: int
    recall: float
    precision: float | None
    verdict: float
    alarms: float


def row(kind: str, size: str, faulty: Sequence[Heard], right: Sequence[Heard]) -> Row:
    """Count one kind and size.

    Args:
        kind: as it is named in the table.
        size: as it is named in the table.
        faulty: at least one.
        right: for each of them the same recording without a fault.
    """
    told = [is_right for each in faulty for is_right in each.told]
    for partner, own in zip(right, faulty, strict=True):
        is_wrong = partner.quality.verdict == WRONG_TRANSCRIPT
        told += [False] * is_wrong if own.case.is_whole else partner.told
    verdicts = [each.quality.verdict in each.case.verdicts for each in faulty]
    return Row(
        kind,
        size,
        len(faulty),
        _share(each.is_found for each in faulty) or 0.0,
        _share(told),
        _share(verdicts) or 0.0,
        _share(each.quality.verdict != GOOD for each in right) or 0.0,
    )


def _share(found: Iterable[bool]) -> float | None:
    values = list(found)
    return sum(values) / len(values) if values else None


@dataclass(frozen=True)
class Bin:
    """Words whose confidence lies in one range.

    Attributes:
        words: how many.
        confidence: mean of theirs.
        spoken: share of them that are spoken where they were found.
    """

    words: int
    confidence: float
    spoken: float


def reliability(observed: Iterable[Heard]) -> tuple[float, list[Bin]]:
    """Return the expected calibration error of word confidences, and the bins behind it."""
    pairs = np.array([pair for each in observed for pair in each.confidences]).reshape(-1, 2)
    places = np.minimum((pairs[:, 0] * BINS).astype(int), BINS - 1)
    bins = [
        Bin(len(own), float(own[:, 0].mean()), float(own[:, 1].mean()))
        for own in (pairs[places == place] for place in range(BINS))
        if len(own)
    ]
    error = sum(each.words * abs(each.confidence - each.spoken) for each in bins)
    return error / max(len(pairs), 1), bins


def near_fault(case: Case) -> list[int]:
    """Return which words that are spoken stand within ``NEAR_S`` of a fault, all of a right file.

    Those of which it is not clear when they are spoken are left out.
    """
    known = [i for i, word in enumerate(case.spoken) if word is not None and i not in case.unclear]
    spans = list(case.stretches)
    for first, end in case.words:
        before = [word.end_s for word in case.spoken[:first] if word is not None]
        after = [word.start_s for word in case.spoken[end:] if word is not None]
        spans.append((before[-1] if before else 0.0, after[0] if after else case.duration_s))
    if not spans:
        return known

    def is_near(word: TrueWord) -> bool:
        return any(
            word.start_s < end + NEAR_S and start - NEAR_S < word.end_s for start, end in spans
        )

    return [i for i in known if is_near(case.spoken[i])]


def start_errors_s(case: Case, words: Sequence[TimedSpan]) -> np.ndarray:
    """Return how far the starts of the words near a fault are from the truth, float64."""
    near = near_fault(case)
    return np.array([abs(words[i].start_time - case.spoken[i].start_s) for i in near])


@dataclass(frozen=True)
class RepairRow:
    """How far word starts near a fault are from the truth.

    Attributes:
        kind: of the fault.
        size: of the fault.
        words: how many there are.
        right_ms: mean error of the same recordings with their right transcripts, all words.
        faulty_ms: mean error with the faulty transcript.
        repaired_ms: mean error with ``--repair``.
        faulty_off: share of starts more than ``OFF_S`` from the truth with the faulty transcript.
        repaired_off: the same with ``--repair``.
    """

    kind: str
    size: str
    words: int
    right_ms: float
    faulty_ms: float
    repaired_ms: float
    faulty_off: float
    repaired_off: float


def repair_row(
    kind: str, size: str, right: np.ndarray, faulty: np.ndarray, repaired: np.ndarray
) -> RepairRow:
    """Sum up errors of word starts, float64 seconds, of one kind and size."""
    means_ms = [1000 * float(errors.mean()) for errors in (right, faulty, repaired)]
    off = [float((errors > OFF_S).mean()) for errors in (faulty, repaired)]
    return RepairRow(kind, size, len(faulty), *means_ms, *off)
