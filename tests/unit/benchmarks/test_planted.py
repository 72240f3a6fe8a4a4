"""Faults that are planted for benchmarks/disagreement.py: what is told of them is true."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from benchmarks.planted.cases import Case, put_instead, read_twice, right, skip
from benchmarks.planted.counts import (
    Heard,
    near_fault,
    reliability,
    repair_row,
    row,
    start_errors_s,
)
from benchmarks.planted.planter import FILE, KINDS, is_content, places, plant
from benchmarks.planted.sounds import CONDITIONS
from benchmarks.planted.speech import (
    CLEAN,
    RATE_HZ,
    Speech,
    cut_clips,
    join_long,
    read_recordings,
    written,
)
from speech_toolkit.alignment.quality.quality import (
    CHECK,
    GOOD,
    WRONG_TRANSCRIPT,
    NotInTranscript,
    NotSpoken,
    Quality,
)
from speech_toolkit.alignment.result import TimedSpan
from speech_toolkit.evaluation.cases.perturb import Clip
from speech_toolkit.evaluation.metrics.boundaries import TrueWord

WORD_S, PAUSE_S = 0.4, 0.2
LOCAL = [(kind, size) for kind, (_, sizes) in KINDS.items() for size in sizes if size != FILE]
SENTENCES = (
    "Yesterday morning the baker sold bread to nobody.",
    "Purple elephants never visit our library garden.",
    "Winter brings silence over frozen lakes and hills.",
    "Grandfather keeps pigeons behind his wooden workshop.",
    "Somebody painted that fence bright yellow again.",
    "Trains from Lisbon arrive before midnight on Friday.",
    "Quick rivers carry little stones into deep valleys.",
    "Doctors advise patients against salty cheese pizza.",
)
_LEVELS = count(1)


def spoken(name, sentences, family="made"):
    """Speech in which every word is a sound of one level, at which it is known again."""
    words, parts, at_s = [], [], PAUSE_S
    parts.append(np.zeros(round(PAUSE_S * RATE_HZ)))
    for text in " ".join(sentences).split():
        words.append(TrueWord(text, at_s, at_s + WORD_S))
        parts.append(np.full(round(WORD_S * RATE_HZ), next(_LEVELS) / 1000))
        parts.append(np.zeros(round(PAUSE_S * RATE_HZ)))
        at_s += WORD_S + PAUSE_S
    text = written([word.text for word in words])
    samples = np.concatenate(parts).astype(np.float32)
    return Speech(name, family, CLEAN, Clip(samples, RATE_HZ, text, tuple(words), name))


SPEECH = [
    spoken("eight", SENTENCES),
    spoken("six", [f"{each.split()[1]} {each}" for each in reversed(SENTENCES[2:])]),
    spoken("other", ["Seventeen sailors mended torn canvas sails.", "Nine cooks boiled soup."] * 4),
]


def level_at(samples, time_s):
    return round(float(samples[round(time_s * RATE_HZ)]), 4)


def levels_of(speech):
    middles = [(word.start_s + word.end_s) / 2 for word in speech.clip.words]
    return [level_at(speech.clip.samples, middle_s) for middle_s in middles]


@pytest.mark.parametrize(("kind", "size"), LOCAL)
def test_every_word_is_heard_where_the_case_says(kind, size):
    cases = plant(SPEECH, kind, size, 6, seed=3)
    assert len(cases) == 6
    for case in cases:
        text_of = dict(zip(levels_of(case.speech), case.speech.texts, strict=True))
        heard = [
            (i, level_at(case.samples, (word.start_s + word.end_s) / 2))
            for i, word in enumerate(case.spoken)
            if word is not None
        ]
        assert all(text_of[level] == case.texts[i] for i, level in heard)
        assert len({level for _, level in heard}) == len(heard)
        in_runs = {i for first, end in case.words for i in range(first, end)}
        silent = {i for i, word in enumerate(case.spoken) if word is None}
        assert silent <= in_runs and in_runs - silent <= case.unclear
        assert case.words or case.stretches
        assert case.verdicts in ((CHECK,), (CHECK, WRONG_TRANSCRIPT))


@pytest.mark.parametrize(("kind", "size"), LOCAL)
def test_what_no_word_stands_for_lies_in_the_stretches(kind, size):
    for case in plant(SPEECH, kind, size, 6, seed=4):
        taken = [word for i, word in enumerate(case.spoken) if word and i not in case.unclear]
        for start in range(0, len(case.samples), RATE_HZ // 20):
            time_s = start / RATE_HZ
            if level_at(case.samples, time_s) <= 0 or len(case.samples) - start < RATE_HZ // 50:
                continue
            by_word = any(word.start_s - 0.01 <= time_s <= word.end_s + 0.01 for word in taken)
            by_fault = any(first - 0.01 <= time_s <= end + 0.01 for first, end in case.stretches)
            assert by_word != by_fault, (case.kind, time_s)


@pytest.mark.parametrize("kind", [kind for kind, (_, sizes) in KINDS.items() if sizes == (FILE,)])
def test_a_transcript_of_something_else_is_wrong_as_a_whole(kind):
    cases = plant(SPEECH, kind, FILE, 4, seed=1)
    assert len(cases) == 4
    for case in cases:
        assert case.is_whole and case.verdicts == (WRONG_TRANSCRIPT,)
        assert not any(case.spoken) and len(case.spoken) == len(case.texts)
        is_sound = case.samples is not case.speech.clip.samples
        assert is_sound == (case.texts == case.speech.texts)


def test_the_same_seed_plants_the_same():
    once, again, other = (plant(SPEECH, "replaced", "sentence", 5, seed) for seed in (1, 1, 2))
    assert [case.transcript for case in once] == [case.transcript for case in again]
    assert [case.transcript for case in once] != [case.transcript for case in other]


def test_a_file_too_small_for_a_fault_is_left_out():
    small = [spoken("small", SENTENCES[:1])]
    assert places(small[0], "content word") and not places(small[0], "sentence")
    assert plant(small, "deleted", "paragraph", 3, seed=0) == []


@pytest.mark.parametrize("kind", ["starts late", "cut off"])
def test_a_recording_is_never_cut_off_as_a_whole(kind):
    assert plant([spoken("one", ["Potatoes."])], kind, "content word", 3, seed=0) == []


def test_a_fault_in_most_of_a_file_may_be_told_as_a_wrong_transcript():
    two = [spoken("two", SENTENCES[:2])]
    assert plant(two, "cut off", "sentence", 1, seed=0)[0].verdicts == (CHECK,)
    most = [spoken("most", ["Tea is hot.", "Nobody can drink boiling water quickly."])]
    assert plant(most, "cut off", "sentence", 1, seed=0)[0].verdicts == (CHECK, WRONG_TRANSCRIPT)


def test_content_words_and_function_words():
    assert is_content("Walnut,") and not is_content("the") and not is_content("42")


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_keeps_the_words_where_they_are(condition):
    clip = SPEECH[0].clip
    changed = CONDITIONS[condition](clip, np.random.default_rng(0))
    shift_s = changed.words[0].start_s - clip.words[0].start_s
    assert changed.duration_s == pytest.approx(clip.duration_s + shift_s)
    assert changed.words[-1].end_s == pytest.approx(clip.words[-1].end_s + shift_s)
    assert changed.samples.dtype == np.float32 and np.abs(changed.samples).max() <= 1


def test_clips_and_talks_hold_what_they_say():
    samples = read_recordings(Path(__file__).parents[3] / "samples", "samples")
    assert len(samples) == 19 and {each.condition for each in samples} == {CLEAN}
    for speech in [*cut_clips(samples, 5, 0), *join_long(samples, 1, 60.0, 0)]:
        words = speech.clip.words
        assert words[0].start_s >= 0 and words[-1].end_s <= speech.clip.duration_s + 0.001
        assert speech.clip.text.split() == [word.text for word in words]


def told(case, verdict, words=(), stretches=(), confidences=()):
    quality = Quality(
        verdict,
        0.9,
        (),
        tuple(NotSpoken(first, end, "", 0, 0, 0.0, 0.0, 0.9) for first, end in words),
        tuple(NotInTranscript(start, end, 0, "", None, 0.9) for start, end in stretches),
    )
    return Heard(case, quality, tuple(confidences))


def test_a_fault_is_found_by_half_of_it():
    case = skip(SPEECH[0], 4, 8)
    assert told(case, CHECK, [(4, 6)]).is_found
    assert not told(case, CHECK, [(4, 5)]).is_found
    assert told(case, CHECK, [(4, 5), (7, 8)]).is_found


def test_told_is_right_by_half_of_it():
    case = put_instead(SPEECH[0], 4, 6, ())
    ((start, end),) = case.stretches
    assert told(case, CHECK, (), [(start, end)]).told == [True]
    assert told(case, CHECK, (), [(start, start + 3 * (end - start))]).told == [False]
    assert told(case, CHECK, [(4, 5)]).told == [False]


def test_either_copy_of_what_is_read_twice_may_be_told():
    case = read_twice(SPEECH[0], 4, 6)
    for stretch in case.stretches:
        assert told(case, CHECK, (), [stretch]).is_found


def test_precision_counts_alarms_on_right_files():
    case = skip(SPEECH[0], 4, 6)
    found = [told(case, CHECK, [(4, 6)]), told(case, GOOD)]
    partners = [told(right(SPEECH[0]), CHECK, [(1, 2)]), told(right(SPEECH[0]), GOOD)]
    counted = row("skipped", "sentence", found, partners)
    assert (counted.cases, counted.recall, counted.precision) == (2, 0.5, 0.5)
    assert (counted.verdict, counted.alarms) == (0.5, 0.5)


def test_of_a_wrong_transcript_the_verdict_counts():
    case = replace(right(SPEECH[0]), verdicts=(WRONG_TRANSCRIPT,))
    found = [told(case, WRONG_TRANSCRIPT, [(0, 3)]), told(case, CHECK, [(0, 9)])]
    partners = [told(right(SPEECH[0]), CHECK, [(1, 2)])] * 2
    counted = row("silence", FILE, found, partners)
    assert (counted.recall, counted.precision, counted.alarms) == (0.5, 1.0, 1.0)


def test_calibration_is_the_gap_between_confidence_and_truth():
    case: Case = right(SPEECH[0])
    error, bins = reliability([told(case, GOOD, confidences=[(0.95, True)] * 3 + [(0.15, True)])])
    assert [each.words for each in bins] == [1, 3]
    assert error == pytest.approx((3 * 0.05 + 0.85) / 4)


def test_words_near_a_fault_are_those_whose_starts_count():
    speech = spoken("long", SENTENCES)
    case = put_instead(speech, 20, 22, ())
    assert near_fault(case) == [*range(15, 25)]
    words = [
        TimedSpan(text, 0.0 if true is None else true.start_s + 0.2, 99.0, None, 0, 1)
        for text, true in zip(case.texts, case.spoken, strict=True)
    ]
    errors = start_errors_s(case, words)
    assert errors == pytest.approx([0.2] * 10)
    counted = repair_row("replaced", "word", errors / 2, errors, errors / 4)
    assert (counted.right_ms, counted.faulty_ms) == pytest.approx((100, 200))
    assert (counted.repaired_ms, counted.faulty_off, counted.repaired_off) == pytest.approx(
        (50, 1, 0)
    )


def test_of_a_right_file_all_words_count():
    assert near_fault(right(SPEECH[0])) == list(range(len(SPEECH[0].texts)))
