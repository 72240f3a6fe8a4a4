"""The verdict on a device: is it as good as the reference, worse, or is that open?

What decides is tested, so that neither luck nor a tie between two choices does: the errors that the
device adds to those of the reference, the choices that it makes against a decided reference, and
how far it moves the leads of choices, against what the rounding of its numbers moves. The published
criteria (WER, CER, exact match between the devices) stand beside: near ties make texts differ on
devices that are as good as each other.

A verdict of "same" is worth what its evidence is worth. So that silence, noise or a comparison of
nothing cannot pass, a PASS needs enough words, no pair of empty texts, a reference that hears what
is said, and a negative control: faults planted in the candidate, of which the same tests notice
those of a size that matters, and none of size zero.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speech_toolkit.evaluation.accuracy.agreement import Agreement, agreement_figures
from speech_toolkit.evaluation.accuracy.case_comparer import (
    MISSED_MS,
    CaseComparer,
    boundary_report,
    truth_of_boundaries,
)
from speech_toolkit.evaluation.accuracy.lead_shift import (
    ROUNDING_OF,
    LeadEvidence,
    chosen_by,
    lead_limits,
)
from speech_toolkit.evaluation.cases.cases import Case
from speech_toolkit.evaluation.metrics.equivalence import EquivalenceTest, added_errors
from speech_toolkit.evaluation.metrics.text import pool_comparisons
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.thresholds import (
    FAIL,
    LARGEST_BLIND_SPOT,
    NOT_VALID,
    PASS,
    Check,
    Threshold,
    check,
)
from speech_toolkit.families import MMS, WHISPER

_ALL_CASES = "all cases"
_UNDERSTANDS = Threshold(
    "reference_wer", 0.5, "below", "a reference that misses half of what is said shows nothing"
)
_FINDS_WORDS = Threshold(
    "reference_boundary_error_ms", 100.0, "below", "a reference that misses the words shows nothing"
)
RunControl = Callable[[Sequence[int], LeadEvidence, Sequence[Threshold]], dict[str, Any]]


@dataclass(frozen=True)
class Side:
    """What is known of a candidate beside what it heard.

    Attributes:
        dtype: the coarser one of its dtype and the reference's.
        exact: leads of its choices on the reference, one per case; None where there are none.
        rounded: likewise, with its format emulated.
        why_same: why it is the reference itself; None where it is not.
        why_not_on_card: which operators ran on the CPU instead; None where there are none.
    """

    dtype: str
    exact: Sequence[Sequence[float] | None]
    rounded: Sequence[Sequence[float] | None]
    why_same: str | None = None
    why_not_on_card: str | None = None


@dataclass(frozen=True)
class Judgement:
    """A candidate against the reference.

    Attributes:
        agreements: one per case; None where one of the two heard nothing.
        figures: what the published criteria judge; None where nothing could be compared.
        checks: these figures against the criteria; those that the user set decide, too.
        tests: what decides.
        rounding: how far rounding moves leads here; None where leads were not compared.
        evidence: what a PASS hangs on, the control aside.
        control: the search for the smallest fault that is noticed; None where none was needed.
        verdict: "PASS", "FAIL" or "NOT VALID".
        reasons: one line for each that speaks against a PASS.
    """

    agreements: tuple[Agreement | None, ...]
    figures: dict[str, float] | None
    checks: tuple[Check, ...]
    tests: tuple[EquivalenceTest, ...]
    rounding: dict[str, Any] | None
    evidence: tuple[Check, ...]
    control: dict[str, Any] | None
    verdict: str
    reasons: tuple[str, ...]


def added_errors_limit(family: str, dtype: str) -> Threshold:
    """Return how many more errors than the reference a candidate may make, as a share of words."""
    if family == WHISPER:
        name, what = "added_word_errors", "a point of WER, the published margin"
    else:
        name, what = "added_missed_words", f"one word in 100 more than {MISSED_MS} ms off"
    if dtype == "bfloat16":
        return Threshold(name, 0.02, "below", f"twice {what}, for 8 bits of significand")
    return Threshold(name, 0.01, "below", what)


def names_of_limits(family: str) -> list[str]:
    """Return the names of the limits of the tests that decide."""
    limits = (added_errors_limit(family, "float32"), *lead_limits("float32"))
    return [limit.name for limit in limits]


def judge(
    comparer: CaseComparer,
    reference: Sequence[Heard],
    candidate: Sequence[Heard],
    side: Side,
    run_control: RunControl,
) -> Judgement:
    """Judge a candidate; where it passes, find out which fault would have been noticed.

    Args:
        comparer: cases and limits.
        reference: what the reference heard, one per case.
        candidate: what the candidate heard, one per case.
        side: what else is known of the candidate.
        run_control: plants faults in the candidate; is given the indices of the cases to use, what
            the reference says to them, and the limits of the tests.
    """
    agreements = comparer.agreements(reference, candidate)
    figures, checks = _checked(comparer, agreements, side.dtype)
    used, leads = _lead_evidence(comparer, agreements, side)
    limits = comparer.changed(lead_limits(side.dtype))
    tests = (
        *_truth_test(comparer, agreements, reference, candidate, side.dtype),
        *_lead_tests(candidate, used, leads, limits),
    )
    evidence = _evidence(comparer, agreements, reference)
    failures, doubts = _objections(comparer, reference, candidate, tests, checks, evidence)
    if side.why_not_on_card:
        failures = (side.why_not_on_card, *failures)
    if side.why_same:
        failures, doubts = (), (side.why_same, *failures, *doubts)
    if leads is None and not doubts:
        doubts = ("no choices could be compared, so that nothing tells a tie from a fault",)
    control = None
    if not failures and not doubts:
        control = run_control(used, leads, limits)
        doubts = why_no_control(control)
    return Judgement(
        agreements=agreements,
        figures=figures,
        checks=checks,
        tests=tests,
        rounding=leads and leads.rounding_report(ROUNDING_OF[side.dtype], limits),
        evidence=evidence,
        control=control,
        verdict=FAIL if failures else NOT_VALID if doubts else PASS,
        reasons=(*failures, *doubts),
    )


def why_no_control(control: Mapping[str, Any]) -> tuple[str, ...]:
    """Say why a negative control makes the evidence void, in a tuple of one; else an empty one."""
    if control["error"]:
        return (f"negative control: {control['error']}; without it a PASS means nothing",)
    if control["zero_noticed_by"]:
        by = ", ".join(control["zero_noticed_by"])
        return (f"negative control: a fault of zero is noticed by {by}: the device wavers",)
    smallest = control["smallest_noticed"]
    if smallest is None or smallest > LARGEST_BLIND_SPOT:
        return (
            f"negative control: noise of {LARGEST_BLIND_SPOT:.0%} in {control['module']} is not "
            "noticed, so the cases prove nothing; use more or other cases",
        )
    return ()


def _objections(
    comparer: CaseComparer,
    reference: Sequence[Heard],
    candidate: Sequence[Heard],
    tests: Sequence[EquivalenceTest],
    checks: Sequence[Check],
    evidence: Sequence[Check],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what shows that the candidate is worse, and what keeps the cases from showing it."""
    cases = comparer.cases
    errors = [(heard.error, other.error) for heard, other in zip(reference, candidate, strict=True)]
    lost_by_reference = [a and not b and a for a, b in errors]
    chosen_limits = [each for each in checks if each.threshold.name in comparer.changes]
    failures = (
        *(why for test in tests if test.verdict == FAIL and (why := test.why_not())),
        *_why_not(chosen_limits),
    )
    doubts = (
        *_lost_cases(cases, lost_by_reference, "the reference"),
        *_lost_cases(cases, [b and not a and b for a, b in errors], "this device"),
        *_lost_cases(cases, [a and b for a, b in errors], "both"),
        *_why_not(evidence),
        *(why for test in tests if test.verdict == NOT_VALID and (why := test.why_not())),
    )
    if any(lost_by_reference):
        return (), (*doubts, *failures)
    return failures, doubts


def _checked(
    comparer: CaseComparer, agreements: Sequence[Agreement | None], dtype: str
) -> tuple[dict[str, float] | None, tuple[Check, ...]]:
    """Return the figures of all compared cases and what the criteria say to them."""
    compared = [agreement for agreement in agreements if agreement]
    figures = agreement_figures(compared, comparer.family)
    if figures is None:
        return None, ()
    criteria = comparer.criteria(dtype)
    return figures, tuple(check(each, _ALL_CASES, figures[each.name]) for each in criteria)


def _lead_evidence(
    comparer: CaseComparer, agreements: Sequence[Agreement | None], side: Side
) -> tuple[list[int], LeadEvidence | None]:
    """Return the indices of the cases whose leads are known, and these leads; None for none."""
    used = [
        index
        for index, agreement in enumerate(agreements)
        if agreement and side.exact[index] and side.rounded[index]
    ]
    if not used:
        return used, None
    exact, rounded = (
        tuple(np.array(leads[index]) for index in used) for leads in (side.exact, side.rounded)
    )
    return used, LeadEvidence(exact, rounded, comparer.seed)


def _truth_test(
    comparer: CaseComparer,
    agreements: Sequence[Agreement | None],
    reference: Sequence[Heard],
    candidate: Sequence[Heard],
    dtype: str,
) -> tuple[EquivalenceTest, ...]:
    """Test whether the candidate is further from the truth; an empty tuple where none is known."""
    counts = [
        comparer.errors(index, reference[index], candidate[index])
        for index, agreement in enumerate(agreements)
        if agreement
    ]
    known = [count for count in counts if count]
    if not known:
        return ()
    (limit,) = comparer.changed([added_errors_limit(comparer.family, dtype)])
    return (added_errors(limit, *zip(*known, strict=True), comparer.seed),)


def _lead_tests(
    candidate: Sequence[Heard],
    used: Sequence[int],
    leads: LeadEvidence | None,
    limits: Sequence[Threshold],
) -> tuple[EquivalenceTest, ...]:
    if leads is None:
        return ()
    found = [np.array(candidate[index].leads) for index in used]
    return leads.tests(found, [chosen_by(candidate[index]) for index in used], limits)


def _evidence(
    comparer: CaseComparer, agreements: Sequence[Agreement | None], reference: Sequence[Heard]
) -> tuple[Check, ...]:
    """Check that what was compared is speech that the reference understands."""
    compared = [index for index, agreement in enumerate(agreements) if agreement]
    texts = comparer.texts_against_truth(reference)
    if comparer.family == MMS:
        words = sum(word["aligned"] for i in compared for word in reference[i].word_times)
    else:
        words = sum(texts[index].words for index in compared)
    empty = sum(agreements[index].text.empty for index in compared)
    checks = [
        (Threshold("words", comparer.min_words, "at least", "fewer say little"), words),
        (Threshold("empty_pairs", 0, "at most", "two empty texts agree about nothing"), empty),
    ]
    if comparer.family == MMS:
        times = truth_of_boundaries(comparer.cases, reference)
        known = boundary_report(comparer.cases, times)
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
