"""The verdict on a device: its figures against the criteria, and whether they prove anything.

A verdict of "same" is worth what its evidence is worth. So that silence, noise or a comparison of
nothing cannot pass, a PASS needs enough words, no pair of empty texts, a reference that hears what
is said, and a negative control: the candidate with a fault planted in it must fail.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from speech_toolkit.evaluation.agreement import (
    Agreement,
    agreement_figures,
    boundary_figures,
    boundary_truth,
    compare_heard,
    compare_with_truth,
    criteria_for,
)
from speech_toolkit.evaluation.boundaries import BoundaryErrors
from speech_toolkit.evaluation.cases import Case
from speech_toolkit.evaluation.conclusion import FAIL, NOT_VALID, PASS
from speech_toolkit.evaluation.hearing import MMS, Heard
from speech_toolkit.evaluation.text import (
    CorpusComparison,
    TextComparison,
    pool_comparisons,
)
from speech_toolkit.evaluation.thresholds import Check, Threshold, check

DISTURBANCES = (0.3, 1.0, 3.0)
_ALL_CASES = "all cases"
_Part = TypeVar("_Part")
_UNDERSTANDS = Threshold(
    "reference_wer", 0.5, "below", "a reference that misses half of what is said shows nothing"
)
_FINDS_WORDS = Threshold(
    "reference_boundary_error_ms", 100.0, "below", "a reference that misses the words shows nothing"
)


@dataclass(frozen=True)
class Yardstick:
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
        """Return the criteria for a dtype with the user's changes."""
        return tuple(
            Threshold(each.name, self.changes[each.name], each.sense, "set on the command line")
            if each.name in self.changes
            else each
            for each in criteria_for(self.family, dtype)
        )


@dataclass(frozen=True)
class Judgement:
    """A candidate against the reference.

    Attributes:
        agreements: one per case; None where one of the two heard nothing.
        figures: what the criteria judge; None where nothing could be compared.
        checks: the figures against the criteria.
        evidence: what a PASS hangs on, the control aside.
        control: the runs with a planted fault, in order; empty where none was needed.
        verdict: "PASS", "FAIL" or "NOT VALID".
        reasons: one line for each that speaks against a PASS.
    """

    agreements: tuple[Agreement | None, ...]
    figures: dict[str, float] | None
    checks: tuple[Check, ...]
    evidence: tuple[Check, ...]
    control: tuple[dict[str, Any], ...]
    verdict: str
    reasons: tuple[str, ...]


def judge(
    yardstick: Yardstick,
    reference: Sequence[Heard],
    candidate: Sequence[Heard],
    dtype: str,
    run_disturbed: Callable[[float], Sequence[Heard]],
) -> Judgement:
    """Judge a candidate; where it agrees with the reference, test that a fault would have shown.

    Args:
        yardstick: cases and limits.
        reference: what the reference heard, one per case.
        candidate: what the candidate heard, one per case.
        dtype: the coarser one of the two.
        run_disturbed: runs the candidate with a planted fault of the given size.
    """
    agreements = yardstick.agreements(reference, candidate)
    figures, checks = _checked(yardstick, agreements, dtype)
    evidence = _evidence(yardstick, agreements, reference)
    errors = [(heard.error, other.error) for heard, other in zip(reference, candidate, strict=True)]
    failures = (
        *_lost_cases(yardstick.cases, [a and not b and a for a, b in errors], "the reference"),
        *_lost_cases(yardstick.cases, [b and not a and b for a, b in errors], "this device"),
        *_why_not(checks),
    )
    doubts = (
        *_lost_cases(yardstick.cases, [a and b for a, b in errors], "both"),
        *_why_not(evidence),
    )
    control: tuple[dict[str, Any], ...] = ()
    if not failures and not doubts:
        control = _control(yardstick, reference, dtype, run_disturbed)
        if not control[-1]["failed"]:
            doubts = (
                "negative control: a fault planted in the model passes the same criteria, so the "
                "cases prove nothing; use more or other cases",
            )
    verdict = FAIL if failures else NOT_VALID if doubts else PASS
    reasons = failures or doubts
    return Judgement(agreements, figures, checks, evidence, control, verdict, reasons)


def corpus_report(
    yardstick: Yardstick, texts: Sequence[TextComparison | None]
) -> dict[str, Any] | None:
    """Pool texts over all cases and per condition; None where none can be compared."""

    def pooled(parts: Sequence[TextComparison]) -> dict[str, Any] | None:
        return yardstick.text_report(pool_comparisons(parts, seed=yardstick.seed))

    return _per_condition(yardstick.cases, texts, pooled)


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


def _checked(
    yardstick: Yardstick, agreements: Sequence[Agreement | None], dtype: str
) -> tuple[dict[str, float] | None, tuple[Check, ...]]:
    """Return the figures of all compared cases and what the criteria say to them."""
    compared = [agreement for agreement in agreements if agreement]
    figures = agreement_figures(compared, yardstick.family)
    if figures is None:
        return None, ()
    criteria = yardstick.criteria(dtype)
    return figures, tuple(check(each, _ALL_CASES, figures[each.name]) for each in criteria)


def _control(
    yardstick: Yardstick,
    reference: Sequence[Heard],
    dtype: str,
    run_disturbed: Callable[[float], Sequence[Heard]],
) -> tuple[dict[str, Any], ...]:
    """Plant a fault, a larger one each time, until the criteria notice."""
    attempts: list[dict[str, Any]] = []
    for size in DISTURBANCES:
        agreements = yardstick.agreements(reference, run_disturbed(size))
        figures, checks = _checked(yardstick, agreements, dtype)
        failed = not all(each.passed for each in checks)
        attempts.append({"disturbance": size, "figures": figures, "failed": failed})
        if failed:
            break
    return tuple(attempts)


def _evidence(
    yardstick: Yardstick, agreements: Sequence[Agreement | None], reference: Sequence[Heard]
) -> tuple[Check, ...]:
    """Check that what was compared is speech that the reference understands."""
    compared = [index for index, agreement in enumerate(agreements) if agreement]
    texts = yardstick.texts_against_truth(reference)
    if yardstick.family == MMS:
        words = sum(word["aligned"] for i in compared for word in reference[i].word_times)
    else:
        words = sum(texts[index].words for index in compared)
    empty = sum(agreements[index].text.empty for index in compared)
    checks = [
        (Threshold("words", yardstick.min_words, "at least", "fewer say little"), words),
        (Threshold("empty_pairs", 0, "at most", "two empty texts agree about nothing"), empty),
    ]
    if yardstick.family == MMS:
        times = truth_of_boundaries(yardstick.cases, reference)
        known = boundary_report(yardstick.cases, times)
        if known:
            checks.append((_FINDS_WORDS, known["median_ms"]))
    elif understood := pool_comparisons([texts[index] for index in compared]):
        checks.append((_UNDERSTANDS, understood.wer))
    return tuple(check(threshold, "evidence", value) for threshold, value in checks)


def _lost_cases(cases: Sequence[Case], lost: Sequence[str | None], where: str) -> tuple[str, ...]:
    """Say how many cases were lost, and why the first one was.

    Args:
        cases: all cases.
        lost: the error of each, None where it was not lost.
        where: who lost them.
    """
    errors = [(case.name, error) for case, error in zip(cases, lost, strict=True) if error]
    if not errors:
        return ()
    name, error = errors[0]
    return (f"{len(errors)} of {len(cases)} cases failed on {where}, {name} first: {error}",)


def _why_not(checks: Sequence[Check]) -> tuple[str, ...]:
    return tuple(
        f"{each.threshold.name} is {each.value:.4g}, not {each.threshold.sense} "
        f"{each.threshold.limit:.4g} ({each.threshold.reason})"
        for each in checks
        if not each.passed
    )
