"""The verdict on an aligner: frames, true word times, letters."""

from dataclasses import replace

import numpy as np

from speech_toolkit.evaluation.accuracy.case_comparer import (
    CaseComparer,
    boundary_report,
    corpus_report,
)
from speech_toolkit.evaluation.accuracy.verdict import Side, judge, names_of_limits
from speech_toolkit.evaluation.cases.cases import Case
from speech_toolkit.evaluation.metrics.boundaries import BoundaryErrors, TrueWord
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS

NOTICED = {
    "module": "encoder.layers.1", "zero_noticed_by": [], "smallest_noticed": 0.1,
    "noticed_by": ["lead_shift"], "largest_missed": 0.03, "error": None,
}  # fmt: skip


def must_not_run(*arguments):
    raise AssertionError("the control ran where it was not needed")


def noticed(used, evidence, limits):
    return NOTICED


WORDS = tuple(
    TrueWord(text, 0.2 * i, 0.2 * i + 0.2) for i, text in enumerate(["so", "it", "is", "on"])
)


TIMED = tuple(Case(f"case_{i}", f"{i}.wav", 1.0, "so it is on", "eng", WORDS) for i in range(100))


ALIGNED = CaseComparer("mms", TIMED, {}, min_words=10, changes={})


def aligned(shift_s=0.0, moved_cases=100):
    """An aligner that is 10 ms off, and ``shift_s`` more in the last words of some cases."""
    heard = []
    for index in range(100):
        more = shift_s if index < moved_cases else 0.0
        times = tuple(
            {
                "text": word.text,
                "start_time": word.start_s + 0.01 + more * (i == 3),
                "end_time": word.end_s + 0.01,
                "aligned": True,
            }
            for i, word in enumerate(WORDS)
        )
        heard.append(
            Heard("soit", "soit", (5,) * 30, (8.0,) * 30, ("x",) * 30, times,
                  ((5,) * 30,), (8.0,) * 30, (False,))
        )  # fmt: skip
    return tuple(heard)


ALIKE = Side("float32", [[8.0] * 30] * 100, [[8.01] * 30] * 100)


def test_aligner_passes_by_frames_and_true_times():
    judgement = judge(ALIGNED, aligned(), aligned(), ALIKE, noticed)
    assert judgement.verdict == PASS, judgement.reasons
    assert [test.threshold.name for test in judgement.tests] == names_of_limits("mms")
    names = {check.threshold.name for check in judgement.evidence}
    assert names == {"words", "empty_pairs", "reference_boundary_error_ms"}


def test_aligner_that_moves_words_away_from_the_truth_fails():
    judgement = judge(ALIGNED, aligned(), aligned(0.08), ALIKE, must_not_run)
    assert judgement.verdict == FAIL
    assert judgement.reasons[0].startswith("added_missed_words is 0.25 (")


def test_words_that_move_nearer_are_no_fault():
    judgement = judge(ALIGNED, aligned(0.08, moved_cases=20), aligned(), ALIKE, noticed)
    assert judgement.verdict == PASS
    failed = [check.threshold.name for check in judgement.checks if not check.passed]
    assert failed == ["words_within_20ms"]


def test_aligner_without_true_times_is_judged_by_its_frames():
    unknown = replace(ALIGNED, cases=tuple(replace(case, words=()) for case in TIMED))
    judgement = judge(unknown, aligned(), aligned(), ALIKE, noticed)
    assert judgement.verdict == PASS
    assert [test.threshold.name for test in judgement.tests] == names_of_limits("mms")[1:]


def test_aligner_that_misses_the_words_proves_nothing():
    lost = tuple(
        replace(
            heard,
            word_times=tuple(
                word | {"start_time": word["start_time"] + 2, "end_time": word["end_time"] + 2}
                for word in heard.word_times
            ),
        )
        for heard in aligned()
    )
    judgement = judge(ALIGNED, lost, lost, ALIKE, must_not_run)
    assert judgement.verdict == NOT_VALID
    assert "reference_boundary_error_ms" in judgement.reasons[0]


def test_boundaries_are_split_by_condition():
    cases = tuple(replace(case, conditions={"n": str(i % 2)}) for i, case in enumerate(TIMED[:5]))
    shifts = [
        BoundaryErrors(np.array([0.01 * i]), np.array([0.0])) if i < 4 else None for i in range(5)
    ]
    report = boundary_report(cases, shifts)
    assert (report["words"], report["max_ms"]) == (4, 30.0)
    assert [(row["value"], row["words"], row["max_ms"]) for row in report["conditions"]] == [
        ("0", 2, 20.0),
        ("1", 2, 30.0),
    ]
    assert boundary_report(cases, [None] * 5) is None


def test_letters_of_an_aligner_have_no_word_error_rate():
    agreements = ALIGNED.agreements(aligned(), aligned())
    report = corpus_report(ALIGNED, [agreement.text for agreement in agreements])
    assert report["cer"] == 0
    assert not [name for name in report if "wer" in name or name.startswith("word")]
    assert "wer" not in ALIGNED.agreement_report(agreements[0])["text"]
