"""What all comparisons of a run have in common: the cases, their truth, the limits, their sums."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from speech_toolkit.evaluation.accuracy.agreement import (
    Agreement,
    boundary_figures,
    boundary_truth,
    compare_heard,
    compare_with_truth,
)
from speech_toolkit.evaluation.accuracy.criteria import criteria_for
from speech_toolkit.evaluation.cases.cases import Case
from speech_toolkit.evaluation.metrics.boundaries import BoundaryErrors
from speech_toolkit.evaluation.metrics.text import (
    CorpusComparison,
    TextComparison,
    pool_comparisons,
)
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.thresholds import Threshold
from speech_toolkit.families import MMS

MISSED_MS = 50
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class CaseComparer:
    """What all comparisons of a run have in common.

    Attributes:
        family: "mms" or "whisper".
        cases: what was said.
        spellings: of the checkpoint's text normaliser.
        min_words: fewest words that the compared cases must hold.
        changes: limits that the user set, by the names of the criteria.
        seed: of the bootstrap.
    """

    family: str
    cases: tuple[Case, ...]
    spellings: Mapping[str, str]
    min_words: int
    changes: Mapping[str, float]
    seed: int = 0

    def agreements(
        self, reference: Sequence[Heard], candidate: Sequence[Heard]
    ) -> tuple[Agreement | None, ...]:
        """Compare two devices case by case; None where one of them has nothing."""
        return tuple(
            None
            if heard.error or other.error
            else compare_heard(heard, other, self.family, case.language, self.spellings)
            for case, heard, other in zip(self.cases, reference, candidate, strict=True)
        )

    def texts_against_truth(self, heard: Sequence[Heard]) -> tuple[TextComparison | None, ...]:
        """Compare one device with the truth case by case; None where it has nothing."""
        return tuple(
            None
            if each.error
            else compare_with_truth(each, self.family, case.language, self.spellings)
            for case, each in zip(self.cases, heard, strict=True)
        )

    def text_report(self, text: TextComparison | CorpusComparison | None) -> dict[str, Any] | None:
        """Return the JSON form of a comparison; letters that an aligner spells have no words."""
        if text is None:
            return None
        return {
            name: value
            for name, value in text.to_dict().items()
            if self.family != MMS or not (name.startswith("word") or "wer" in name)
        }

    def agreement_report(self, agreement: Agreement | None) -> dict[str, Any] | None:
        """Return the JSON form of an agreement, None where there is none."""
        if agreement is None:
            return None
        return agreement.to_dict() | {"text": self.text_report(agreement.text)}

    def criteria(self, dtype: str) -> tuple[Threshold, ...]:
        """Return the published criteria for a dtype with the user's changes."""
        return self.changed(criteria_for(self.family, dtype))

    def changed(self, limits: Sequence[Threshold]) -> tuple[Threshold, ...]:
        """Return limits with the user's changes."""
        return tuple(
            replace(each, limit=self.changes[each.name], reason="set on the command line")
            if each.name in self.changes
            else each
            for each in limits
        )

    def errors(self, index: int, reference: Heard, candidate: Heard) -> tuple[int, int, int] | None:
        """Return the errors of both in a case, and its words; None where the truth is unknown.

        An error is a wrong word of a recogniser, and of an aligner a word of which a boundary is
        off by more than ``MISSED_MS``.
        """
        case = self.cases[index]
        if self.family == MMS:
            found = [boundary_truth(heard, case.words) for heard in (reference, candidate)]
            if any(each is None for each in found):
                return None
            missed = [each.words_beyond(MISSED_MS / 1000) for each in found]
            return missed[0], missed[1], len(case.words)
        texts = [
            compare_with_truth(heard, self.family, case.language, self.spellings)
            for heard in (reference, candidate)
        ]
        return texts[0].word_errors, texts[1].word_errors, texts[0].words


def corpus_report(
    comparer: CaseComparer, texts: Sequence[TextComparison | None]
) -> dict[str, Any] | None:
    """Pool texts over all cases and per condition; None where none can be compared."""

    def pooled(parts: Sequence[TextComparison]) -> dict[str, Any] | None:
        return comparer.text_report(pool_comparisons(parts, seed=comparer.seed))

    return _per_condition(comparer.cases, texts, pooled)


def boundary_report(
    cases: Sequence[Case], parts: Sequence[BoundaryErrors | None]
) -> dict[str, Any] | None:
    """Sum up boundary errors over all cases and per condition; None where there are none."""
    present = [part if part is not None and len(part.starts_s) else None for part in parts]
    return _per_condition(cases, present, boundary_figures)


def truth_of_boundaries(
    cases: Sequence[Case], heard: Sequence[Heard]
) -> tuple[BoundaryErrors | None, ...]:
    """Return how far an aligner is from the true word times of each case, where those are known."""
    return tuple(boundary_truth(each, case.words) for case, each in zip(cases, heard, strict=True))


def _per_condition(
    cases: Sequence[Case],
    parts: Sequence[_Part | None],
    sum_up: Callable[[Sequence[_Part]], dict[str, Any] | None],
) -> dict[str, Any] | None:
    """Sum up one part per case, all together and by condition; None where there is nothing.

    Args:
        cases: with their conditions.
        parts: one per case; None where a case has none.
        sum_up: turns at least one part into figures, or into None where they hold nothing.
    """
    present = [(case, part) for case, part in zip(cases, parts, strict=True) if part is not None]
    figures = sum_up([part for _, part in present]) if present else None
    if figures is None:
        return None
    groups: dict[tuple[str, str], list[_Part]] = {}
    for case, part in present:
        for condition in case.conditions.items():
            groups.setdefault(condition, []).append(part)
    rows = [(name, value, sum_up(group)) for (name, value), group in sorted(groups.items())]
    conditions = [
        {"condition": name, "value": value, **summed} for name, value, summed in rows if summed
    ]
    return figures | {"conditions": conditions}
