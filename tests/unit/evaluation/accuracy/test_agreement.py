import numpy as np
import pytest

from speech_toolkit.evaluation.accuracy.agreement import (
    agreement_figures,
    boundary_figures,
    boundary_truth,
    compare_heard,
    compare_with_truth,
    find_divergence,
)
from speech_toolkit.evaluation.accuracy.criteria import criteria_for
from speech_toolkit.evaluation.metrics.boundaries import BoundaryErrors, TrueWord
from speech_toolkit.evaluation.models.heard import Heard


def heard(text, choices=(), margins=(), times=(), truth=""):
    """What a device made of a case; ``times`` are (word, start, end)."""
    return Heard(
        text=text,
        truth=truth,
        choices=tuple(choices),
        margins=tuple(margins),
        spelling=tuple(f"<{choice}>" for choice in choices),
        word_times=tuple(
            {"text": word, "start_time": start, "end_time": end, "aligned": True}
            for word, start, end in times
        ),
    )


def test_divergence_shows_both_sides_and_their_leads():
    at = find_divergence(heard("a", (5, 6, 7), (1.0, 0.25, 3.0)), heard("b", (5, 9), (1.1, 0.125)))
    assert at.index == 1
    assert (at.reference.id, at.reference.text, at.reference.margin) == (6, "<6>", 0.25)
    assert (at.candidate.id, at.candidate.margin) == (9, 0.125)


def test_divergence_at_the_end_has_nothing_on_one_side():
    at = find_divergence(heard("a b", (5, 6)), heard("a", (5,)))
    assert at.index == 1
    assert (at.reference.id, at.reference.margin) == (6, None)
    assert at.candidate.id is None


def test_same_choices_do_not_diverge():
    assert find_divergence(heard("a", (1, 2)), heard("a", (1, 2))) is None


def test_recognisers_are_compared_by_text():
    pairs = [("It is late.", "It is late."), ("Go home now.", "Go home cow.")]
    agreements = [compare_heard(heard(a), heard(b), "whisper", "en", {}) for a, b in pairs]
    figures = agreement_figures(agreements, "whisper")
    assert figures["mean_wer"] == pytest.approx((0 + 1 / 3) / 2)
    assert figures["mean_cer"] == pytest.approx((0 + 1 / 11) / 2)
    assert figures["exact_match_rate"] == 0.5
    assert agreements[0].shifts is None


def test_nothing_heard_gives_no_figures():
    silent = compare_heard(heard(""), heard(""), "whisper", "en", {})
    assert agreement_figures([silent], "whisper") is None


def test_aligners_are_compared_by_frames_and_times():
    words = [("so", 0.10, 0.30), ("it", 0.30, 0.40)]
    moved = [("so", 0.10, 0.32), ("it", 0.36, 0.40)]
    agreement = compare_heard(
        heard("soit", (1, 1, 2, 3), times=words),
        heard("soat", (1, 1, 2, 4), times=moved),
        "mms",
        "eng",
        {},
    )
    assert agreement.choice_agreement == 0.75
    assert agreement.text.cer == 0.25
    assert agreement.divergence.index == 3
    np.testing.assert_allclose(agreement.shifts.starts_s, [0, 0.06])
    np.testing.assert_allclose(agreement.shifts.ends_s, [0.02, 0], atol=1e-12)
    figures = agreement_figures([agreement], "mms")
    assert figures["words_within_20ms"] == 0.5
    assert figures["argmax_agreement"] == 0.75


def test_a_frame_of_20_ms_counts_as_within_20_ms():
    errors = BoundaryErrors(np.array([0.32 - 0.30, 0.0]), np.array([0.0, 1.22 - 1.20]))
    assert boundary_figures([errors]) == {
        "words": 2,
        "median_ms": 10.0,
        "p95_ms": 20.0,
        "max_ms": 20.0,
        "words_within_20ms": 1.0,
        "words_within_50ms": 1.0,
    }


def test_true_times_count_only_for_the_same_words():
    found = heard("", times=[("so", 0.1, 0.3)])
    errors = boundary_truth(found, (TrueWord("so", 0.125, 0.25),))
    np.testing.assert_allclose(errors.starts_s, [-0.025])
    assert boundary_truth(found, (TrueWord("no", 0.1, 0.3),)) is None
    assert boundary_truth(found, ()) is None


def test_truth_of_a_recogniser_is_normalised():
    truth = "The harbour, at two."
    compared = compare_with_truth(
        heard("the harbor at 2", truth=truth), "whisper", "en", {"harbour": "harbor"}
    )
    assert compared.wer == 0
    assert not compared.exact_match


@pytest.mark.parametrize(
    ("family", "dtype", "limits"),
    [
        ("whisper", "bfloat16", {"mean_wer": 0.01, "mean_cer": 0.01, "exact_match_rate": 0.99}),
        ("mms", "float16", {"argmax_agreement": 0.99, "words_within_20ms": 0.99}),
        ("mms", "bfloat16", {"argmax_agreement": 0.97, "boundary_shift_ms": 20.0}),
    ],
)
def test_criteria(family, dtype, limits):
    criteria = {threshold.name: threshold.limit for threshold in criteria_for(family, dtype)}
    assert len(criteria) == 3
    assert limits.items() <= criteria.items()
