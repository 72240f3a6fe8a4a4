from dataclasses import replace

import numpy as np
import pytest

from speech_toolkit.evaluation.boundaries import BoundaryErrors, TrueWord
from speech_toolkit.evaluation.cases import Case
from speech_toolkit.evaluation.conclusion import FAIL, NOT_VALID, PASS
from speech_toolkit.evaluation.hearing import Heard
from speech_toolkit.evaluation.judgement import (
    Yardstick,
    boundary_report,
    corpus_report,
    judge,
)

TEXTS = (
    "The kettle is boiling, so would you like a cup of tea?",
    "Our train leaves the station at a quarter past seven.",
    "She painted the garden fence green on Saturday afternoon.",
)
CASES = tuple(
    Case(f"case_{index}", f"{index}.wav", 3.0, text, "en", conditions={"noise": noise})
    for index, (text, noise) in enumerate(zip(TEXTS, ("none", "10 dB", "10 dB"), strict=True))
)
YARDSTICK = Yardstick("whisper", CASES, {}, min_words=20, changes={})
GARBLED = tuple(Heard(text="no no no", truth=text) for text in TEXTS)


def spoken(*texts):
    return tuple(Heard(text=text, truth=truth) for text, truth in zip(texts, TEXTS, strict=True))


def must_not_run(size):
    raise AssertionError("the control ran where it was not needed")


class Control:
    """Runs of the candidate with a planted fault: garbled from some size on."""

    def __init__(self, notices_from):
        self.sizes = []
        self.notices_from = notices_from

    def __call__(self, size):
        self.sizes.append(size)
        return GARBLED if size >= self.notices_from else spoken(*TEXTS)


def judged(candidate, control=must_not_run, reference=None, yardstick=YARDSTICK):
    return judge(yardstick, reference or spoken(*TEXTS), candidate, "float16", control)


def test_same_texts_pass_once_a_planted_fault_is_noticed():
    control = Control(notices_from=1.0)
    judgement = judged(spoken(*TEXTS), control)
    assert judgement.verdict == PASS
    assert judgement.reasons == ()
    assert control.sizes == [0.3, 1.0]
    assert [attempt["failed"] for attempt in judgement.control] == [False, True]
    assert judgement.control[1]["figures"]["mean_wer"] > 0.9


def test_control_that_is_never_noticed_makes_the_evidence_void():
    judgement = judged(spoken(*TEXTS), Control(notices_from=100))
    assert judgement.verdict == NOT_VALID
    assert len(judgement.control) == 3
    assert "negative control" in judgement.reasons[0]


def test_control_that_crashes_is_not_noticed():
    judgement = judged(spoken(*TEXTS), lambda size: (Heard(error="crashed"),) * 3)
    assert judgement.verdict == NOT_VALID


def test_one_wrong_word_fails_and_needs_no_control():
    judgement = judged(spoken(TEXTS[0], TEXTS[1].replace("seven", "eleven"), TEXTS[2]))
    assert judgement.verdict == FAIL
    assert {check.threshold.name for check in judgement.checks if not check.passed} == {
        "mean_wer",
        "mean_cer",
        "exact_match_rate",
    }
    assert judgement.reasons[0].startswith("mean_wer is 0.03333, not below 0.01 (published")


def test_lost_punctuation_fails_by_exact_match_alone():
    judgement = judged(spoken(TEXTS[0], TEXTS[1].rstrip("."), TEXTS[2]))
    assert judgement.verdict == FAIL
    assert len(judgement.reasons) == 1
    assert "exact_match_rate is 0.6667" in judgement.reasons[0]


def test_changed_limits_are_used():
    yardstick = replace(YARDSTICK, changes={"exact_match_rate": 0.5})
    judgement = judged(
        spoken(TEXTS[0], TEXTS[1].rstrip("."), TEXTS[2]), Control(0.3), None, yardstick
    )
    assert judgement.verdict == PASS
    check = next(each for each in judgement.checks if each.threshold.name == "exact_match_rate")
    assert (check.threshold.limit, check.threshold.reason) == (0.5, "set on the command line")


def test_two_silent_devices_prove_nothing():
    silent = spoken("", "", "")
    judgement = judged(silent, reference=silent)
    assert judgement.verdict == NOT_VALID
    assert judgement.figures is None
    assert any("empty_pairs is 3" in reason for reason in judgement.reasons)


def test_one_empty_pair_makes_the_evidence_void():
    texts = spoken(TEXTS[0], TEXTS[1], "")
    assert judged(texts, reference=texts).verdict == NOT_VALID


def test_too_few_words_prove_nothing():
    judgement = judged(spoken(*TEXTS), yardstick=replace(YARDSTICK, min_words=32))
    assert judgement.verdict == NOT_VALID
    assert "words is 31, not at least 32" in judgement.reasons[0]


def test_devices_that_agree_on_nonsense_prove_nothing():
    judgement = judged(GARBLED, reference=GARBLED)
    assert judgement.verdict == NOT_VALID
    assert "reference_wer is" in judgement.reasons[0]


def test_candidate_that_died_on_the_way_fails_and_keeps_what_it_heard():
    candidate = (*spoken(*TEXTS)[:2], Heard(error="timed out after 5 s"))
    judgement = judged(candidate)
    assert judgement.verdict == FAIL
    assert judgement.reasons == (
        "1 of 3 cases failed on this device, case_2 first: timed out after 5 s",
    )
    assert judgement.agreements[0].text.exact_match
    assert judgement.agreements[2] is None


def test_reference_that_died_fails():
    judgement = judged(spoken(*TEXTS), reference=(Heard(error="out of memory"),) * 3)
    assert judgement.verdict == FAIL
    assert "3 of 3 cases failed on the reference" in judgement.reasons[0]


def test_recording_that_no_device_can_use_makes_the_evidence_void():
    bad = (*spoken(*TEXTS)[:2], Heard(error="too short"))
    judgement = judged(bad, reference=bad)
    assert judgement.verdict == NOT_VALID
    assert "failed on both, case_2 first: too short" in judgement.reasons[0]


def test_corpus_is_split_by_condition():
    candidate = spoken(TEXTS[0], TEXTS[1].replace("seven", "eleven"), TEXTS[2])
    agreements = YARDSTICK.agreements(spoken(*TEXTS), candidate)
    report = corpus_report(YARDSTICK, [agreement.text for agreement in agreements])
    assert report["cases"] == 3
    rows = {row["value"]: row for row in report["conditions"]}
    assert rows["none"]["wer"] == 0
    assert rows["10 dB"]["cases"] == 2
    assert rows["10 dB"]["wer"] == pytest.approx(1 / 19, abs=0.01)


def test_condition_without_speech_is_left_out():
    heard = spoken(TEXTS[0], "", "")
    nothing = [replace(each, truth="") for each in heard[1:]]
    texts = YARDSTICK.texts_against_truth((heard[0], *nothing))
    report = corpus_report(YARDSTICK, texts)
    assert [row["value"] for row in report["conditions"]] == ["none"]


# An aligner: two words a case, with true times.

TIMED = tuple(
    Case(
        f"case_{i}",
        f"{i}.wav",
        1.0,
        "so it",
        "eng",
        (TrueWord("so", 0.1, 0.3), TrueWord("it", 0.3, 0.5)),
    )
    for i in range(5)
)
ALIGNED = Yardstick("mms", TIMED, {}, min_words=10, changes={})


def aligned(shift_s=0.0, wrong_frames=0):
    choices = tuple(range(100 - wrong_frames)) + (200,) * wrong_frames
    words = (("so", 0.11, 0.31), ("it", 0.31 + shift_s, 0.49 + shift_s))
    times = tuple(
        {"text": text, "start_time": start, "end_time": end, "aligned": True}
        for text, start, end in words
    )
    return (Heard("soit", "soit", choices, (1.0,) * 100, ("x",) * 100, times),) * 5


def test_aligner_passes_by_frames_and_times():
    judgement = judge(ALIGNED, aligned(), aligned(), "float32", lambda size: aligned(size))
    assert judgement.verdict == PASS
    names = {check.threshold.name for check in judgement.evidence}
    assert names == {"words", "empty_pairs", "reference_boundary_error_ms"}


def test_aligner_fails_by_moved_words_or_by_flipped_frames():
    for candidate, name in (
        (aligned(shift_s=0.04), "words_within_20ms"),
        (aligned(wrong_frames=2), "argmax_agreement"),
    ):
        judgement = judge(ALIGNED, aligned(), candidate, "float32", must_not_run)
        assert judgement.verdict == FAIL
        assert judgement.reasons[0].startswith(name)


def test_aligner_that_misses_the_words_proves_nothing():
    lost = aligned(shift_s=2.0)
    judgement = judge(ALIGNED, lost, lost, "float32", must_not_run)
    assert judgement.verdict == NOT_VALID
    assert "reference_boundary_error_ms" in judgement.reasons[0]


def test_boundaries_are_split_by_condition():
    cases = tuple(replace(case, conditions={"n": str(i % 2)}) for i, case in enumerate(TIMED))
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
