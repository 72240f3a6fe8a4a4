"""Which windows are taken up again, with a decoder that follows a script."""

from itertools import pairwise

import pytest

from speech_toolkit.outcomes import Outcome
from speech_toolkit.transcription.long_form.one_file import Heard
from speech_toolkit.transcription.windows.features import FeatureMaker
from tests.unit.transcription.scripted_decoder import (
    EN,
    PREV,
    SOT,
    STAMP,
    LengthsAsFeatures,
    ScriptedDecoder,
    closed,
    decoded,
    run,
)
from tests.unit.transcription.scripted_decoder import opened as opened_recording


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


def opened(*text, end_s):
    """A line, and the start of another in which nothing is written."""
    end = STAMP + round(end_s / 0.02)
    return decoded(STAMP, *text, end, end + 20)


def test_a_short_rest_in_which_a_line_was_begun_is_taken_up_again():
    decoder = ScriptedDecoder([opened(1, end_s=23.5), closed(2, end_s=4.0)])
    _, found = run(decoder, spans=((0, 28),), chunk_length_s=30.0)
    assert passes(found) == [(0.0, 23.5), (23.5, 4.5)]


def test_in_a_rest_without_speech_no_line_is_looked_for():
    decoder = ScriptedDecoder([opened(1, end_s=23.5)])
    _, found = run(decoder, spans=((0, 24),), chunk_length_s=30.0, length_s=28)
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
    assert [item.stops_short_s for item in found] == [None, 3.0]
    assert found[-1].used_s == found[-1].window_s


@pytest.mark.parametrize("mode", ["transcribe", "chunked"])
def test_rests_may_be_left_alone(mode):
    decoder = ScriptedDecoder([closed(1, end_s=12.0)])
    _, found = run(decoder, mode, spans=((0, 28),), chunk_length_s=30.0, hear_rests=False)
    assert passes(found) == [(0.0, 28.0)]
    assert found[0].stops_short_s == 12.0


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_in_chunks_the_rest_of_a_window_is_heard_by_itself(batch_size):
    spans = ((0, 28), (29, 56), (57, 80))
    script = [closed(1, end_s=12.0), *[closed(2, end_s=26.0)] * 3]
    script.insert(batch_size, closed(3, end_s=15.0))
    decoder = ScriptedDecoder(script)
    _, found = run(
        decoder, "chunked", spans=spans, length_s=80, chunk_length_s=30.0, batch_size=batch_size
    )
    assert passes(found) == [(0.0, 12.0), (12.0, 16.0), (29.0, 27.0), (57.0, 23.0)]
    assert [item.decoded.tokens[1] for item in found] == [1, 3, 2, 2]
    assert sorted(item.window.index for item in found) == [0, 1, 2, 3]
    assert all(prompt == [SOT, EN] for prompt in decoder.prompts)


def test_in_chunks_a_file_that_is_given_up_hears_no_rest():
    decoder = ScriptedDecoder([closed(1, end_s=12.0)])
    features = FeatureMaker(LengthsAsFeatures(), ahead=False)
    file = opened_recording(
        decoder, features, spans=((0, 28),), mode="chunked", chunk_length_s=30.0
    )
    (request,) = file.ask(1)
    file.long_form.give_up()
    file.hear(request, Outcome(Heard(closed(1, end_s=12.0))))
    assert file.ask(1) == [] and file.finish()


def test_cut_windows_of_little_progress_do_not_step_through_the_file():
    """Each window yields a line of two seconds and the beginning of another one."""
    line = decoded(STAMP, 1, STAMP + 100, STAMP + 100, 2)
    _, found = run(ScriptedDecoder([line] * 99), spans=((0, 90),), chunk_length_s=30.0, length_s=90)
    assert len(found) <= 2 * 90 / 30


def test_cut_windows_of_much_progress_are_all_taken_up_again():
    line = decoded(STAMP, 1, STAMP + 1100, STAMP + 1100, 2)
    _, found = run(ScriptedDecoder([line] * 99), spans=((0, 90),), chunk_length_s=30.0, length_s=90)
    assert [item.used_s for item in found[:3]] == [22.0] * 3


def test_what_is_taken_up_again_or_silent_is_not_cut_off():
    unfinished = decoded(STAMP, 1, STAMP + 200, STAMP + 200, 2, 3, finished=False)
    silent = decoded(STAMP, 7, avg_logprob=-2.0, no_speech_prob=0.9, finished=False)
    _, found = run(ScriptedDecoder([unfinished, *[silent] * 9]), spans=((0, 25),))
    assert found[0].used_s == pytest.approx(4.0)
    assert [item.cut_off_s for item in found] == [None] * len(found)


def retakes(found):
    """Return the second of the file where each retake begins, and the windows' ends before it."""
    before = [item for item in found if item.used_s < item.window_s]
    return [item.window.start_s + item.used_s for item in before], [
        item.window.end_s for item in before
    ]


LINE = {
    "closed": closed(1, end_s=2.0),
    "closed later": closed(1, end_s=11.0),
    "begun": decoded(STAMP, 1, STAMP + 100, STAMP + 100, 2),
    "begun later": decoded(STAMP, 1, STAMP + 550, STAMP + 550, 2),
    "begun at the end": decoded(STAMP, 1, STAMP + 1300, STAMP + 1300, 2),
}


@pytest.mark.parametrize("chunk_length_s", [7.5, 12.0, 30.0])
@pytest.mark.parametrize(
    "lines",
    [
        ["closed"],
        ["closed later"],
        ["begun later"],
        ["begun later", "closed"],
        ["begun at the end", "closed"],
        ["closed", "begun later"],
        list(LINE),
    ],
    ids=", ".join,
)
def test_over_music_no_second_is_taken_up_again_twice_nor_soon_after(lines, chunk_length_s):
    script = [LINE[name] for name in lines] * 99
    _, found = run(
        ScriptedDecoder(script), spans=((0, 120),), chunk_length_s=chunk_length_s, length_s=120
    )
    starts, ends = retakes(found)
    assert starts or chunk_length_s < 30
    for i, start in enumerate(starts[1:]):
        assert start >= starts[i] + 10
        assert start >= ends[i]


def test_what_a_cut_window_began_stays_where_it_is_not_taken_up_again():
    """Its last complete segment ends where the window does, so that nothing is left to hear."""
    begun = decoded(STAMP, 1, STAMP + 499, STAMP + 499, 2)
    _, found = run(ScriptedDecoder([begun, closed(9), closed(9)]), spans=((0, 18),))
    assert found[0].window.cut
    assert found[0].used_s == found[0].window_s < 9.98
    assert [segment.first for segment in found[0].segments] == [1, 4]


def test_speech_soon_after_a_retake_is_told_where_it_is_not_taken_up_again():
    begun = decoded(STAMP, 1, STAMP + 1300, STAMP + 1300, 2)
    decoder = ScriptedDecoder([begun, closed(1, end_s=9.0), *[closed(1, end_s=25.0)] * 9])
    _, found = run(decoder, spans=((0, 90),), chunk_length_s=30.0, length_s=90)
    assert passes(found)[0] == (0.0, 26.0)
    assert found[1].used_s == found[1].window_s
    assert found[1].stops_short_s == 9.0
