"""The road of windows through a decoder, with a decoder that follows a script."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from speech_toolkit.device.device import Device
from speech_toolkit.errors import DeviceError
from speech_toolkit.transcription.decoding.decoder import DecodedWindow
from speech_toolkit.transcription.long_form import LongForm
from speech_toolkit.transcription.settings import TranscriptionSettings
from speech_toolkit.transcription.stage_clock import StageClock
from speech_toolkit.transcription.text.file_text import cut_off_warnings
from speech_toolkit.transcription.transcriber import _outcomes
from speech_toolkit.transcription.windows.planner import Stretch, WindowPlanner, coverage
from speech_toolkit.transcription.windows.speech import SpeechRegion

RATE = 100
CPU = Device("cpu", None, "cpu", "asked for by name")
PREV, SOT, EN, DE = 900, 901, 902, 903
STAMP = 1000


class Checkpoint:
    timestamp_begin_id = STAMP
    timestamp_step_s = 0.02
    prev_sot_id = PREV
    max_positions = 20
    suits_previous_text = True
    sample_rate_hz = RATE
    default_language = None
    default_task = "transcribe"

    def __init__(self, languages=("en", "de")):
        self.languages = dict(zip(languages, (EN, DE), strict=False))

    def language_code(self, language):
        return language

    def sot_sequence(self, language, task, timestamps):
        return (SOT, self.languages[language]) if language else (SOT,)


def decoded(*tokens, temperature=0.0, avg_logprob=-0.1, no_speech_prob=0.0, finished=True):
    return DecodedWindow(
        tokens, (0.0,) * len(tokens), avg_logprob, no_speech_prob, 1.0, temperature, finished
    )


def closed(*text, end_s=8.0):
    return decoded(STAMP, *text, STAMP + round(end_s / 0.02))


class ScriptedDecoder:
    """Answers each window with the next of the script; keeps what it was asked."""

    device = CPU
    dtype = torch.float32
    model = torch.nn.Module()

    def __init__(self, script, languages=("en", "de"), memory=99):
        self.checkpoint = Checkpoint(languages)
        self.clock = StageClock(CPU)
        self.script = iter(script)
        self.memory = memory
        self.prompts, self.batches, self.detections = [], [], 0

    def tokenizer(self, text, add_special_tokens):
        return {"input_ids": [len(word) for word in text.split()]}

    def encode(self, features):
        self.batches.append(len(features))
        if len(features) > self.memory:
            raise torch.OutOfMemoryError("out of memory")
        return features

    def detect_language(self, encoded):
        self.detections += 1
        return [("de", 0.75)]

    def decode(self, encoded, prompts, options):
        self.prompts += [list(prompt) for prompt in prompts]
        return [next(self.script) for _ in prompts]


class LengthsAsFeatures:
    def extract(self, windows):
        return torch.tensor([[float(len(window))] for window in windows])


def regions(*spans):
    return tuple(SpeechRegion(start * RATE, end * RATE) for start, end in spans)


def run(
    decoder,
    mode="transcribe",
    spans=((0, 8), (20, 28), (40, 48)),
    batch_size=1,
    length_s=60,
    **settings,
):
    samples = np.random.default_rng(0).standard_normal(length_s * RATE).astype(np.float32)
    settings = {"language": "en", "temperatures": (0.0,), "chunk_length_s": 10.0} | settings
    planner = WindowPlanner(regions(*spans), samples, RATE, settings["chunk_length_s"])
    long_form = LongForm(decoder, LengthsAsFeatures(), TranscriptionSettings(mode=mode, **settings))
    if mode == "transcribe":
        return long_form, list(long_form.sequential(samples, planner))
    return long_form, list(long_form.chunked(samples, planner, batch_size))


def test_without_times_a_window_is_one_segment_whatever_stamps_come():
    """Two stamps that run backwards made a segment of no length."""
    decoder = ScriptedDecoder([decoded(STAMP, 5, STAMP + 300, STAMP + 100, 6, STAMP + 100, 7)])
    (found,) = run(decoder, spans=((0, 8),), timestamps="none")[1]
    assert [(s.start_s, s.end_s, s.first, s.last) for s in found.segments] == [(0.0, 8.0, 0, 7)]


END = STAMP + 400


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


def test_cut_window_is_taken_up_again_after_its_last_complete_segment():
    unfinished = decoded(STAMP, 1, STAMP + 200, STAMP + 200, 2, 3)
    decoder = ScriptedDecoder([unfinished, closed(2, 3), closed(9), closed(9), closed(9)])
    _, found = run(decoder, spans=((0, 25),))
    assert found[0].window.cut
    assert found[0].used_s == pytest.approx(4.0)
    assert [segment.first for segment in found[0].segments] == [1]
    assert found[1].window.start_s == pytest.approx(4.0)
    assert [item.window.index for item in found] == list(range(len(found)))
    assert decoder.prompts[1] == [PREV, STAMP, 1, STAMP + 200, SOT, EN]


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


def passes(found):
    """Return where each window begins and how much of it is used."""
    return [(item.window.start_s, item.used_s) for item in found]


def test_speech_that_the_text_stops_short_of_is_taken_up_again():
    decoder = ScriptedDecoder([closed(1, end_s=12.0), closed(2, end_s=15.0)])
    _, found = run(decoder, spans=((0, 28),), chunk_length_s=30.0)
    assert passes(found) == [(0.0, 12.0), (12.0, 16.0)]
    assert [segment.first for item in found for segment in item.segments] == [1, 1]


def test_a_short_rest_without_text_is_left_alone():
    decoder = ScriptedDecoder([closed(1, end_s=23.5)])
    _, found = run(decoder, spans=((0, 28),), chunk_length_s=30.0)
    assert passes(found) == [(0.0, 28.0)]


@pytest.mark.parametrize(("speech_end_s", "is_retaken"), [(13, False), (16, True)])
def test_only_speech_is_taken_up_again(speech_end_s, is_retaken):
    decoder = ScriptedDecoder([closed(1, end_s=13.0), closed(2, end_s=9.0)])
    spans = ((0, speech_end_s),)
    _, found = run(decoder, spans=spans, chunk_length_s=30.0, length_s=28)
    assert passes(found) == ([(0.0, 13.0), (13.0, 15.0)] if is_retaken else [(0.0, 28.0)])


def test_over_music_an_invented_line_does_not_step_through_the_file():
    """Each window yields a line of two seconds, as Whisper does over music."""
    decoder = ScriptedDecoder([closed(1, end_s=2.0)] * 99)
    _, found = run(decoder, spans=((0, 90),), chunk_length_s=30.0, length_s=90)
    used_s = [item.used_s for item in found]
    assert sum(used_s) == pytest.approx(90)
    assert len(found) <= 2 * 90 / 30
    assert all(max(pair) > 20 for pair in pairwise(used_s[:-1]))


def test_no_speech_before_a_retake_is_lost():
    """A line invented over the opening music must not swallow what is said after it."""
    decoder = ScriptedDecoder([closed(1, end_s=2.0), closed(2, end_s=25.5)])
    _, found = run(decoder, spans=((0, 28),), chunk_length_s=30.0)
    assert passes(found) == [(0.0, 2.0), (2.0, 26.0)]


@pytest.mark.parametrize("mode", ["transcribe", "chunked"])
def test_speech_without_text_that_is_not_taken_up_again_is_told(mode):
    decoder = ScriptedDecoder([closed(1, end_s=2.0), closed(1, end_s=3.0)])
    _, found = run(decoder, mode, spans=((0, 28),), chunk_length_s=30.0)
    assert [item.stops_short_s for item in found] == {
        "transcribe": [None, 3.0],
        "chunked": [2.0],
    }[mode]
    assert found[-1].used_s == found[-1].window_s


def test_coverage_tells_speech_without_text():
    _, found = run(
        ScriptedDecoder([closed(1, end_s=2.0)]), "chunked", spans=((0, 28),), chunk_length_s=30.0
    )
    (item,) = found
    stretches = coverage(_outcomes(item), 28 * RATE, RATE)
    assert stretches == (Stretch(0.0, 2.0, None), Stretch(2.0, 28.0, "no text"))


def test_cut_windows_of_little_progress_do_not_step_through_the_file():
    """Each window yields a line of two seconds and the beginning of another one."""
    line = decoded(STAMP, 1, STAMP + 100, STAMP + 100, 2)
    _, found = run(ScriptedDecoder([line] * 99), spans=((0, 90),), chunk_length_s=30.0, length_s=90)
    assert len(found) <= 2 * 90 / 30


def test_cut_windows_of_much_progress_are_all_taken_up_again():
    line = decoded(STAMP, 1, STAMP + 1100, STAMP + 1100, 2)
    _, found = run(ScriptedDecoder([line] * 99), spans=((0, 90),), chunk_length_s=30.0, length_s=90)
    assert [item.used_s for item in found[:3]] == [22.0] * 3


def test_text_cut_off_by_the_limit_is_told_from_the_last_complete_segment_on():
    decoder = ScriptedDecoder(
        [
            decoded(STAMP, 1, STAMP + 100, STAMP + 100, 2, finished=False),
            decoded(STAMP, 3, finished=False),
            decoded(STAMP, finished=False),
            closed(4),
            decoded(STAMP, 5, END, finished=False),
        ]
    )
    spans = tuple((20 * i, 20 * i + 8) for i in range(5))
    _, found = run(decoder, spans=spans, length_s=120)
    assert [item.cut_off_s for item in found] == [2.0, 0.0, 0.0, None, None]
    assert [len(item.segments) for item in found] == [2, 1, 0, 1, 1]
    assert cut_off_warnings(found, TranscriptionSettings(max_new_tokens=7)) == (
        "3 of 5 windows reached the limit of 7 tokens, the first of them begins at 0.00 s: "
        "their text is cut off; raise --max_new_tokens",
    )
    assert cut_off_warnings(found[3:], TranscriptionSettings()) == ()


def test_what_is_taken_up_again_or_silent_is_not_cut_off():
    unfinished = decoded(STAMP, 1, STAMP + 200, STAMP + 200, 2, 3, finished=False)
    silent = decoded(STAMP, 7, avg_logprob=-2.0, no_speech_prob=0.9, finished=False)
    _, found = run(ScriptedDecoder([unfinished, *[silent] * 9]), spans=((0, 25),))
    assert found[0].used_s == pytest.approx(4.0)
    assert [item.cut_off_s for item in found] == [None] * len(found)
