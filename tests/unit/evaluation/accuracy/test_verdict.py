import json
from dataclasses import replace

import numpy as np
import pytest

from speech_toolkit.evaluation.accuracy.case_comparer import (
    CaseComparer,
    corpus_report,
)
from speech_toolkit.evaluation.accuracy.verdict import Side, judge, names_of_limits
from speech_toolkit.evaluation.cases.cases import Case
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS

SENTENCES = (
    "The kettle is boiling, so would you like a cup of tea?",
    "Our train leaves the station at a quarter past seven.",
    "She painted the garden fence green on Saturday afternoon.",
)
TEXTS = SENTENCES * 8
CASES = tuple(
    Case(f"case_{index}", f"{index}.wav", 3.0, text, "en", conditions={"noise": noise})
    for index, (text, noise) in enumerate(zip(TEXTS, ("none", "10 dB", "10 dB") * 8, strict=True))
)
COMPARER = CaseComparer("whisper", CASES, {}, min_words=20, changes={})
CHOICES = 40  # of each case
ROUNDING_NATS = 0.03
NOTICED = {
    "module": "encoder.layers.1", "zero_noticed_by": [], "smallest_noticed": 0.1,
    "noticed_by": ["lead_shift"], "largest_missed": 0.03, "error": None,
}  # fmt: skip


def spoken(*texts):
    """What a device heard in the first cases, nothing said of its leads."""
    return tuple(Heard(text=text, truth=truth) for text, truth in zip(texts, TEXTS, strict=False))


def run(seed=0, shift=1.0, flips=0, texts=TEXTS):
    """Two devices: the candidate's leads are off by noise of ``shift`` times that of rounding.

    Args:
        seed: of the leads.
        shift: times the emulated rounding.
        flips: choices of the last cases that the reference has decided against.
        texts: what the candidate heard.
    """
    random = np.random.default_rng(seed)
    exact = random.gamma(2.0, 4.0, (len(texts), CHOICES))
    noise = random.normal(0, ROUNDING_NATS, (2, *exact.shape))
    exact.flat[len(exact.flat) - flips :] *= -1
    leads = np.abs(exact) if shift == 0 else exact + noise[0] * shift
    candidate = tuple(
        Heard(
            text=text,
            truth=truth,
            windows=(tuple(range(CHOICES)),),
            leads=tuple(own),
            drawn=(False,),
        )
        for text, truth, own in zip(texts, TEXTS, leads, strict=False)
    )
    return candidate, Side("bfloat16", exact.tolist(), (exact + noise[1]).tolist())


def must_not_run(*arguments):
    raise AssertionError("the control ran where it was not needed")


def noticed(used, evidence, limits):
    return NOTICED


def judged(subject=None, control=noticed, reference=None, comparer=COMPARER):
    candidate, side = subject or run()
    return judge(comparer, reference or spoken(*TEXTS), candidate, side, control)


def changed(count, word="seven"):
    """The texts with ``count`` cases of another word."""
    texts, left = [], count
    for text in TEXTS:
        hit = word in text and left > 0
        texts.append(text.replace(word, "eleven") if hit else text)
        left -= hit
    assert left == 0
    return texts


def verdicts(judgement):
    return {test.threshold.name: test.verdict for test in judgement.tests}


@pytest.mark.parametrize("seed", range(20))
def test_clean_dtype_passes_whatever_the_seed(seed):
    """A near tie has changed one text, which exact match cannot bear."""
    reference = spoken(*changed(1))
    judgement = judged(run(seed, shift=1.2, texts=changed(2)), reference=reference)
    assert judgement.verdict == PASS, judgement.reasons
    assert not all(check.passed for check in judgement.checks), "exact match alone would fail it"
    assert set(verdicts(judgement)) == set(names_of_limits("whisper"))


@pytest.mark.parametrize("seed", range(20))
def test_fault_fails_whatever_the_seed_though_all_texts_are_the_same(seed):
    judgement = judged(run(seed, shift=5.0), must_not_run)
    assert judgement.verdict == FAIL
    (shift,) = [test for test in judgement.tests if test.verdict == FAIL]
    assert shift.value == pytest.approx(5, rel=0.1)
    assert "surely not below 3 (times the shift by rounding alone" in judgement.reasons[0]


def test_choices_against_a_decided_reference_fail():
    judgement = judged(run(flips=3 * CHOICES), must_not_run)
    assert verdicts(judgement)["decided_changes"] == FAIL


def test_a_step_that_chooses_wrongly_fails_though_reading_agrees():
    """A fault of the cache or a graph shows in what is chosen, not in what is read."""
    candidate, side = run()
    exact = -np.array(side.exact)
    faulty = tuple(
        replace(heard, leads=tuple(own)) for heard, own in zip(candidate, exact, strict=True)
    )
    judgement = judged((faulty, Side("bfloat16", exact.tolist(), (exact + 0.03).tolist())))
    assert verdicts(judgement)["decided_changes"] == FAIL


def test_drawn_texts_are_not_held_against_the_reference():
    candidate, side = run(flips=5 * CHOICES)
    drawn = tuple(replace(heard, drawn=(True,)) for heard in candidate)
    assert verdicts(judged((drawn, side)))["decided_changes"] == PASS


def test_many_wrong_words_fail_by_the_truth():
    judgement = judged(run(texts=[text.replace("the ", "a a ") for text in TEXTS]), must_not_run)
    assert verdicts(judgement)["added_word_errors"] == FAIL
    assert judgement.verdict == FAIL


def test_ten_cases_with_one_changed_text_decide_nothing():
    comparer = replace(COMPARER, cases=CASES[:10])
    candidate, side = run(texts=changed(1)[:10])
    subject = candidate, Side(side.dtype, side.exact[:10], side.rounded[:10])
    judgement = judged(subject, must_not_run, spoken(*TEXTS[:10]), comparer)
    assert judgement.verdict == NOT_VALID
    assert "cannot tell a fault from luck, about " in judgement.reasons[0]
    needed = next(test.cases_needed for test in judgement.tests if test.verdict == NOT_VALID)
    assert 10 < needed < 100


def test_a_single_case_decides_nothing_however_bad():
    candidate, side = run(flips=CHOICES)
    judgement = judged((candidate, side), must_not_run)
    assert verdicts(judgement)["decided_changes"] == NOT_VALID


def test_where_the_rules_leave_no_choice_nothing_is_compared():
    candidate, side = run()
    exact = [[float("inf"), *leads[1:]] for leads in side.exact]
    judgement = judged((candidate, replace(side, exact=exact)))
    assert judgement.rounding["choices"] == len(TEXTS) * (CHOICES - 1)
    assert judgement.verdict == PASS
    json.dumps([test.to_dict() for test in judgement.tests], allow_nan=False)


def test_device_against_itself_proves_nothing():
    candidate, side = run()
    itself = replace(side, why_same="the candidate ran on cpu, as the reference did")
    judgement = judged((candidate, itself), must_not_run)
    assert judgement.verdict == NOT_VALID
    assert judgement.reasons[0] == "the candidate ran on cpu, as the reference did"


def test_operators_on_the_cpu_fail_a_device_however_good_its_texts():
    candidate, side = run()
    elsewhere = replace(side, why_not_on_card="operators ran on the CPU: aten::gelu")
    judgement = judged((candidate, elsewhere), must_not_run)
    assert judgement.verdict == FAIL
    assert judgement.reasons == ("operators ran on the CPU: aten::gelu",)


def test_unknown_leads_prove_nothing():
    candidate, side = run()
    nothing = [None] * len(TEXTS)
    judgement = judged((candidate, Side(side.dtype, side.exact, nothing)), must_not_run)
    assert judgement.verdict == NOT_VALID
    assert "tells a tie from a fault" in judgement.reasons[0]


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        ({"error": "died of SIGKILL"}, "negative control: died of SIGKILL; without it a PASS"),
        ({"zero_noticed_by": ["lead_shift"]}, "a fault of zero is noticed by lead_shift"),
        ({"smallest_noticed": None}, "noise of 30% in encoder.layers.1 is not noticed"),
        ({"smallest_noticed": 1.0}, "noise of 30% in encoder.layers.1 is not noticed"),
    ],
)
def test_control_that_shows_nothing_makes_the_evidence_void(control, reason):
    judgement = judged(control=lambda *arguments: NOTICED | control)
    assert judgement.verdict == NOT_VALID
    assert reason in judgement.reasons[0]


def test_control_is_given_the_cases_that_both_heard():
    asked = []
    candidate, side = run()

    def control(used, evidence, limits):
        asked.append((list(used), len(evidence.exact), [limit.name for limit in limits]))
        return NOTICED

    assert judged((candidate, side), control).verdict == PASS
    assert asked == [(list(range(24)), 24, ["decided_changes", "lead_shift"])]


def test_lost_punctuation_is_shown_and_decides_nothing():
    judgement = judged(run(texts=[text.rstrip(".") for text in TEXTS]))
    assert judgement.verdict == PASS
    failed = [check.threshold.name for check in judgement.checks if not check.passed]
    assert failed == ["exact_match_rate"]


def test_criterion_that_the_user_sets_decides():
    comparer = replace(COMPARER, changes={"exact_match_rate": 0.9})
    subject = run(texts=[text.rstrip(".") for text in TEXTS])
    judgement = judged(subject, must_not_run, None, comparer)
    assert judgement.verdict == FAIL
    assert judgement.reasons == (
        "exact_match_rate is 0.3333, not above 0.9 (set on the command line)",
    )


def test_limit_of_a_test_can_be_changed():
    comparer = replace(COMPARER, changes={"lead_shift": 10.0})
    assert judged(run(shift=5.0), comparer=comparer).verdict == PASS


def test_two_silent_devices_prove_nothing():
    judgement = judged(run(texts=[""] * 24), must_not_run, spoken(*[""] * 24))
    assert judgement.verdict == NOT_VALID
    assert judgement.figures is None
    assert any("empty_pairs is 24" in reason for reason in judgement.reasons)


def test_one_empty_pair_makes_the_evidence_void():
    texts = [*TEXTS[:-1], ""]
    assert judged(run(texts=texts), must_not_run, spoken(*texts)).verdict == NOT_VALID


def test_too_few_words_prove_nothing():
    judgement = judged(control=must_not_run, comparer=replace(COMPARER, min_words=249))
    assert judgement.verdict == NOT_VALID
    assert "words is 248, not at least 249" in judgement.reasons[0]


def test_devices_that_agree_on_nonsense_prove_nothing():
    nonsense = ["no no no"] * 24
    judgement = judged(run(texts=nonsense), must_not_run, spoken(*nonsense))
    assert judgement.verdict == NOT_VALID
    assert "reference_wer is" in judgement.reasons[0]


def test_candidate_that_died_on_the_way_shows_nothing_and_keeps_what_it_heard():
    candidate, side = run()
    died = (*candidate[:23], Heard(error="timed out after 5 s"))
    judgement = judged((died, side), must_not_run)
    assert judgement.verdict == NOT_VALID
    assert judgement.reasons == (
        "1 of 24 cases failed on this device, case_23 first: timed out after 5 s",
    )
    assert judgement.agreements[0].text.exact_match
    assert judgement.agreements[23] is None


def test_reference_that_died_says_nothing_of_the_candidate():
    dead = (Heard(error="killed by the host"),) * 24
    judgement = judged(control=must_not_run, reference=dead)
    assert judgement.verdict == NOT_VALID
    assert "24 of 24 cases failed on the reference" in judgement.reasons[0]


def test_recording_that_no_device_can_use_makes_the_evidence_void():
    bad = (Heard(error="too short"),)
    candidate, side = run()
    judgement = judged(((*candidate[:23], *bad), side), must_not_run, (*spoken(*TEXTS)[:23], *bad))
    assert judgement.verdict == NOT_VALID
    assert "failed on both, case_23 first: too short" in judgement.reasons[0]


def test_corpus_is_split_by_condition():
    candidate = spoken(*changed(8))
    agreements = COMPARER.agreements(spoken(*TEXTS), candidate)
    report = corpus_report(COMPARER, [agreement.text for agreement in agreements])
    assert report["cases"] == 24
    rows = {row["value"]: row for row in report["conditions"]}
    assert rows["none"]["wer"] == 0
    assert rows["10 dB"]["cases"] == 16
    assert rows["10 dB"]["wer"] == pytest.approx(1 / 19, abs=0.01)


def test_condition_without_speech_is_left_out():
    comparer = replace(COMPARER, cases=CASES[:3])
    heard = spoken(TEXTS[0], "", "")
    nothing = [replace(each, truth="") for each in heard[1:]]
    texts = comparer.texts_against_truth((heard[0], *nothing))
    report = corpus_report(comparer, texts)
    assert [row["value"] for row in report["conditions"]] == ["none"]


# An aligner: four words a case, with true times.
