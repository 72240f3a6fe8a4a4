"""The road of windows through a decoder, with a decoder that follows a script."""

from dataclasses import replace

import pytest
import torch

from speech_toolkit.errors import DeviceError
from speech_toolkit.transcription.windows.features import FeatureMaker
from tests.unit.transcription.scripted_decoder import (
    BLANK,
    DE,
    EN,
    END,
    PREV,
    SOT,
    STAMP,
    LengthsAsFeatures,
    ScriptedDecoder,
    closed,
    decoded,
    run,
)


def test_without_times_a_window_is_one_segment_whatever_stamps_come():
    """Two stamps that run backwards made a segment of no length."""
    decoder = ScriptedDecoder([decoded(STAMP, 5, STAMP + 300, STAMP + 100, 6, STAMP + 100, 7)])
    (found,) = run(decoder, spans=((0, 8),), timestamps="none")[1]
    assert [(s.start_s, s.end_s, s.first, s.last) for s in found.segments] == [(0.0, 8.0, 0, 7)]


def test_each_window_is_prompted_with_the_text_before_it_and_its_timestamps():
    decoder = ScriptedDecoder([closed(1, 2), closed(3), closed(4)])
    run(decoder)
    first, second = [STAMP, 1, 2, END], [STAMP, 3, END]
    assert decoder.prompts == [
        [SOT, EN],
        [PREV, *first, SOT, EN],
        [PREV, *first, *second, SOT, EN],
    ]


def test_of_two_timestamps_at_the_end_one_is_prompted():
    decoder = ScriptedDecoder([decoded(STAMP, 1, END, END), closed(3)])
    run(decoder, spans=((0, 8), (20, 28)))
    assert decoder.prompts[1] == [PREV, STAMP, 1, END, SOT, EN]


def test_history_keeps_the_last_half_of_the_positions():
    decoder = ScriptedDecoder([closed(*range(1, 15)), closed(3), closed(4)])
    run(decoder)
    assert decoder.prompts[1] == [PREV, *range(7, 15), END, SOT, EN]


def test_without_conditioning_only_the_users_prompt_stands_before_each_window():
    decoder = ScriptedDecoder([closed(1), closed(2), closed(3)])
    run(decoder, condition_on_previous_text=False, prompt="a bcd")
    assert decoder.prompts == [[PREV, 1, 3, SOT, EN]] * 3


def test_text_of_a_high_temperature_prompts_nothing():
    hot = decoded(STAMP, 7, STAMP + 400, temperature=0.8)
    decoder = ScriptedDecoder([hot, closed(3), closed(4)])
    run(decoder)
    assert decoder.prompts == [[SOT, EN], [SOT, EN], [PREV, STAMP, 3, END, SOT, EN]]


@pytest.mark.parametrize(
    ("temperature", "prompt"), [(0.5, [PREV, STAMP, 1, END, SOT, EN]), (0.6, [SOT, EN])]
)
def test_a_window_without_text_at_a_high_temperature_ends_the_history(temperature, prompt):
    wordless = decoded(STAMP, temperature=temperature)
    decoder = ScriptedDecoder([closed(1), wordless, closed(4)])
    run(decoder)
    assert decoder.prompts[2] == prompt


def test_segments_of_nothing_but_spaces_prompt_nothing():
    blank = decoded(STAMP, BLANK, STAMP + 50, STAMP + 50, 1, END, END, BLANK, END + 9)
    decoder = ScriptedDecoder([blank, closed(BLANK), closed(4)])
    run(decoder)
    assert decoder.prompts[1:] == [[PREV, STAMP + 50, 1, END, SOT, EN]] * 2


def test_silent_window_has_no_text_and_leaves_the_history_alone():
    silent = decoded(STAMP, 7, STAMP + 400, avg_logprob=-2.0, no_speech_prob=0.9)
    decoder = ScriptedDecoder([closed(1), silent, closed(4)])
    _, found = run(decoder)
    assert [item.silent for item in found] == [False, True, False]
    assert found[1].segments == ()
    assert decoder.prompts[2] == [PREV, STAMP, 1, END, SOT, EN]


@pytest.mark.parametrize("settings", [{"no_speech_threshold": None}, {"no_speech_threshold": 0.95}])
def test_sure_or_unasked_windows_are_not_silent(settings):
    silent = decoded(STAMP, 7, STAMP + 400, avg_logprob=-2.0, no_speech_prob=0.9)
    _, found = run(ScriptedDecoder([silent]), spans=((0, 8),), **settings)
    assert not found[0].silent


def test_chunked_never_goes_back():
    unfinished = decoded(STAMP, 1, STAMP + 200, STAMP + 200, 2, 3)
    _, found = run(ScriptedDecoder([unfinished] * 9), mode="chunked", spans=((0, 25),))
    ends = [item.window.end_sample for item in found]
    starts = [item.window.pieces[0].start_sample for item in found]
    assert starts[1:] == ends[:-1]
    assert all(len(item.segments) == 2 for item in found)


def test_chunked_runs_in_batches_of_the_size_asked_for():
    decoder = ScriptedDecoder([closed(i) for i in range(3)])
    _, found = run(decoder, mode="chunked", batch_size=2)
    assert decoder.batches == [2, 1]
    assert [item.decoded.tokens[1] for item in found] == [0, 1, 2]
    assert decoder.prompts == [[SOT, EN]] * 3


def test_out_of_memory_halves_the_batch_for_good_and_says_so():
    spans = tuple((20 * i, 20 * i + 8) for i in range(3))
    decoder = ScriptedDecoder([closed(i) for i in range(3)], memory=1)
    long_form, found = run(decoder, mode="chunked", spans=spans, batch_size=2)
    assert decoder.batches == [2, 1, 1, 1]
    assert [item.decoded.tokens[1] for item in found] == [0, 1, 2]
    assert long_form.warnings == ["cpu was out of memory: batch_size is now 1"]


def test_language_is_detected_once_a_file():
    decoder = ScriptedDecoder([closed(1), closed(2), closed(3)])
    long_form, _ = run(decoder, language=None)
    assert decoder.detections == 1
    assert (long_form.language, long_form.language_probability) == ("de", 0.75)
    assert decoder.prompts[0] == [SOT, DE]


def test_given_language_and_model_of_one_language_are_not_detected():
    for decoder, language in (
        (ScriptedDecoder([closed(1)] * 3), "en"),
        (ScriptedDecoder([closed(1)] * 3, languages=()), None),
    ):
        long_form, _ = run(decoder, language=language)
        assert decoder.detections == 0
        assert long_form.language_probability is None


def test_windows_that_overflow_in_the_encoder_are_named():
    decoder = ScriptedDecoder([closed(1)] * 3)
    long_form, _ = run(decoder)
    assert long_form.overflow_warnings() == []
    decoder = ScriptedDecoder([closed(1)] * 3)
    decoder.redone, decoder.dtype = (0,), torch.float16
    long_form, _ = run(decoder)
    (warning,) = long_form.overflow_warnings()
    assert "float16 overflowed in 3 of 3 windows" in warning
    assert "(from 0.00 s, 20.00 s, 40.00 s on)" in warning


def test_windows_that_overflow_in_the_encoder_and_are_never_heard_are_not_named():
    """The second, encoded ahead, is dropped, since the rest of the first is heard again."""

    class OverflowsAtFirst(ScriptedDecoder):
        dtype = torch.float16

        @property
        def redone(self):
            return (1,) if len(self.batches) == 1 else ()

    decoder = OverflowsAtFirst([closed(1, end_s=2), closed(2, end_s=6), closed(3)])
    with FeatureMaker(LengthsAsFeatures(), ahead=True) as features:
        long_form, found = run(decoder, spans=((0, 8), (20, 28)), batch_size=2, features=features)
    assert [item.window.start_s for item in found] == [0.0, 2.0, 20.0]
    assert decoder.batches == [2, 2]
    assert long_form.overflow_warnings() == []


def test_windows_that_overflow_in_the_decoder_are_named_too():
    decoder = ScriptedDecoder([closed(1), replace(closed(1), in_float32=True), closed(1)])
    decoder.dtype = torch.float16
    long_form, _ = run(decoder)
    (warning,) = long_form.overflow_warnings()
    assert "float16 overflowed in 1 of 3 windows (from 20.00 s on)" in warning


def test_output_that_is_not_finite_is_refused_with_its_time():
    decoder = ScriptedDecoder([closed(1), decoded(5, avg_logprob=float("nan"))])
    with pytest.raises(DeviceError, match=r"NaN or Inf in the window from 20\.00 s"):
        run(decoder)


@pytest.mark.parametrize(
    ("suits", "wanted", "conditions"),
    [(True, None, True), (False, None, False), (False, True, True), (True, False, False)],
)
def test_previous_text_is_used_where_it_suits_unless_told_otherwise(suits, wanted, conditions):
    decoder = ScriptedDecoder([closed(1), closed(2), closed(3)])
    decoder.checkpoint.suits_previous_text = suits
    run(decoder, condition_on_previous_text=wanted)
    assert (PREV in decoder.prompts[1]) is conditions
