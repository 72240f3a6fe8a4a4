"""What does not fit is left out, or taken up by a wildcard; the rest is timed as it was said."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from speech_toolkit.alignment.decoding import decode_emissions
from speech_toolkit.alignment.models.frame_geometry import FrameGeometry
from speech_toolkit.alignment.preparation import AlignmentInput, AlignmentSettings
from speech_toolkit.alignment.quality.quality import (
    CHECK,
    GOOD,
    WRONG_TRANSCRIPT,
    NotInTranscript,
    NotSpoken,
    Quality,
    Repair,
)
from speech_toolkit.alignment.recording import WILDCARD_COST
from speech_toolkit.alignment.repair import Edits, edited_text, repair
from speech_toolkit.alignment.text.labels import WILDCARD, label_sequence
from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.progress import UNWATCHED

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = Vocabulary({letter: i for i, letter in enumerate(LETTERS, 1)}, 0, 27)
CHECKPOINT = SimpleNamespace(
    vocabulary=VOCABULARY, geometry=FrameGeometry(320, 320, 16_000), directory="made"
)
SAID = "Come to our red house. We eat fresh soup. Nobody cooks better."


def heard(text, frames_a_letter=3, pause=8):
    """Emissions and samples of a voice that says a text, a pause after each word."""
    frames = [0] * pause
    for word in text.lower().replace(".", "").split():
        for letter in word:
            frames += [VOCABULARY.ids[letter]] * frames_a_letter + [0]
        frames += [0] * pause
    probs = np.full((len(frames), VOCABULARY.size + 1), 0.02 / VOCABULARY.size, np.float32)
    probs[np.arange(len(frames)), frames] = 0.98
    log_probs = np.log(probs)
    log_probs[:, -1] = log_probs[:, :-1].max(axis=1) - WILDCARD_COST
    loud = np.repeat(np.array(frames) > 0, 320)
    samples = np.where(loud, np.float32(0.3), np.float32(1e-4))
    return log_probs, Waveform(samples, 16_000, "made.wav", 16_000, 1)


def prepared(waveform, text):
    transcript = tokenize_transcript(text, VOCABULARY)
    return AlignmentInput(waveform, transcript, label_sequence(transcript, VOCABULARY), 0.0)


def not_spoken(first, end):
    return NotSpoken(first, end, "", 0, 0, 0.0, 0.0, 0.9)


def lacking(after_word):
    return NotInTranscript(0.0, 1.0, after_word, "", None, 0.9)


ON_FRAMES = AlignmentSettings(refine=False)  # what is refined depends on all of a recording


def aligned(said, text):
    log_probs, waveform = heard(said)
    given = prepared(waveform, text)
    return decode_emissions(log_probs, given, CHECKPOINT, ON_FRAMES, UNWATCHED)


def repaired(said, text, *qualities):
    """Align, told a quality after the first search, another one after the second."""
    log_probs, waveform = heard(said)
    given = prepared(waveform, text)
    rounds = iter([*qualities, Quality(GOOD, 1.0), Quality(GOOD, 1.0)])
    inputs = []

    def search(own):
        inputs.append(own)
        found = decode_emissions(log_probs, own, CHECKPOINT, ON_FRAMES, UNWATCHED)
        return replace(found, quality=next(rounds))

    first = search(given)
    return repair(given, first, CHECKPOINT, "none", search), first, inputs


def times(spans):
    return [(word.text, word.start_time, word.end_time) for word in spans]


def test_nothing_to_repair_is_the_same_object():
    found, first, inputs = repaired(SAID, SAID, Quality(GOOD, 1.0))
    assert found is first and len(inputs) == 1


@pytest.mark.parametrize("run", [(0, 1), (3, 4), (4, 5), (5, 9), (9, 12), (0, 5)])
def test_words_not_spoken_are_left_out_and_the_rest_is_timed_as_if_they_were_not_there(run):
    words = SAID.split()
    without = [*words[: run[0]], *words[run[1] :]]
    truth = aligned(" ".join(without), " ".join(without))
    found, _, _ = repaired(
        " ".join(without), SAID, Quality(CHECK, 0.8, not_spoken=(not_spoken(*run),))
    )
    left_out = found.words[run[0] : run[1]]
    assert times(found.words[: run[0]] + found.words[run[1] :]) == times(truth.words)
    borders = {0.0, *(word.end_time for word in truth.words), truth.words[0].start_time}
    borders |= {word.start_time for word in truth.words}
    for word in left_out:
        assert (word.aligned, word.spoken, word.confidence) == (False, False, None)
        assert word.start_time == word.end_time and word.start_time in borders
    for sentence in found.sentences:
        inside = [w for w in found.words if sentence.start_char <= w.start_char < sentence.end_char]
        assert (sentence.start_time, sentence.end_time) == (
            inside[0].start_time,
            inside[-1].end_time,
        )
    ends = [time for word in found.words for time in (word.start_time, word.end_time)]
    assert ends == sorted(ends)


@pytest.mark.parametrize("run", [(0, 1), (3, 4), (5, 9), (9, 12)])
def test_a_wildcard_takes_up_what_the_transcript_lacks(run):
    words = SAID.split()
    text = " ".join([*words[: run[0]], *words[run[1] :]])
    truth = aligned(SAID, SAID)
    quality = Quality(CHECK, 0.8, not_in_transcript=(lacking(run[0] - 1),))
    found, first, inputs = repaired(SAID, text, quality)
    assert (inputs[1].labels.owners == WILDCARD).sum() == 1
    kept = truth.words[: run[0]] + truth.words[run[1] :]
    assert times(found.words) == times(kept)
    assert found.quality == replace(
        first.quality, repair=Repair(found.quality.repair.transcript, (), (run[0] - 1,))
    )


def test_what_stands_out_only_then_is_repaired_once_more_and_no_oftener():
    qualities = [Quality(CHECK, 0.8, not_spoken=(not_spoken(i, i + 1),)) for i in range(4)]
    found, _, inputs = repaired(SAID, SAID, *qualities)
    assert len(inputs) == 3
    assert found.quality.not_spoken == qualities[0].not_spoken
    assert found.quality.repair.left_out == (0, 1)


def test_a_wrong_transcript_is_not_repaired():
    quality = Quality(WRONG_TRANSCRIPT, 0.1, not_spoken=(not_spoken(0, 11),))
    found, first, _ = repaired(SAID, SAID, quality)
    assert found is first


def test_where_no_word_is_left_nothing_is_repaired():
    found, first, _ = repaired(SAID, SAID, Quality(CHECK, 0.1, not_spoken=(not_spoken(0, 12),)))
    assert found is first


def test_the_audio_may_be_too_short_for_wildcards():
    said = "ab"
    log_probs, waveform = heard(said, 1, 0)
    given = prepared(replace(waveform, samples=waveform.samples[: 2 * 320]), "a b")
    found = decode_emissions(log_probs[:2], given, CHECKPOINT, ON_FRAMES, UNWATCHED)
    first = replace(found, quality=Quality(CHECK, 0.5, not_in_transcript=(lacking(0),)))
    assert repair(given, first, CHECKPOINT, "none", lambda own: 1 / 0) is first


@pytest.mark.parametrize(
    ("left_out", "wildcards", "text"),
    [
        ((), (3,), "One two.\nThree <star> four five.\n\nSix."),
        ((2,), (), "One two.\nfour five.\n\nSix."),
        ((2,), (2,), "One two.\n<star>\nfour five.\n\nSix."),
        ((2,), (3,), "One two.\n<star> four five.\n\nSix."),
        ((2, 3), (2, 3, 4), "One two.\n<star>\nfive.\n\nSix."),
        ((), (0,), "<star> One two.\nThree four five.\n\nSix."),
        ((0, 1), (0,), "<star>\nThree four five.\n\nSix."),
        ((), (5,), "One two.\nThree four five.\n\n<star>\n\nSix."),
        ((5,), (6,), "One two.\nThree four five.\n\n<star>"),
        ((), (6,), "One two.\nThree four five.\n\nSix. <star>"),
    ],
)
def test_the_text_that_was_aligned_keeps_its_lines(left_out, wildcards, text):
    transcript = tokenize_transcript("One two.\nThree four five.\n\nSix.", VOCABULARY)
    edits = Edits(frozenset(left_out), frozenset(wildcards))
    assert edited_text(transcript, edits) == text


def test_a_second_search_is_trusted_beside_what_the_first_found_and_nowhere_else():
    first = Edits(frozenset([100]), frozenset([300]))
    second = Edits(frozenset([80, 79, 310, 500]), frozenset([0, 120, 121]))
    assert second.near(first) == Edits(frozenset([80, 310]), frozenset([120]))
    assert second.near(Edits()) == second
    assert Edits().near(first) == Edits()


def test_wildcards_stand_where_they_are_asked_for():
    transcript = tokenize_transcript("One two. Three - four.", VOCABULARY)

    def picture(*arguments):
        labels = label_sequence(transcript, VOCABULARY, *arguments)
        return "".join("*" if o == WILDCARD else labels.tokens[o].text for o in labels.owners)

    assert picture("none", {2}) == "onetwo*threefour"
    assert picture("none", {0, 3, 5}) == "*onetwothree*four*"
    assert picture("edges", {0, 4, 5}) == "*onetwothree*four*"
    assert picture("segments", {1}) == "*one*two*threefour*"
