from dataclasses import replace

from speech_toolkit.formats.subtitles.atoms import Atom
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.subtitles.style import style_for
from speech_toolkit.formats.subtitles.timing import shown_times, subtitle

STYLE = style_for(SubtitleOptions(), "text")


def word(start_s, end_s, text="word"):
    return Atom(text, True, start_s, end_s, True, len(text))


def times(*words, style=STYLE):
    return list(shown_times([[one] for one in words], style))


def test_a_short_word_stays_for_the_shortest_time():
    assert times(word(1.0, 1.2)) == [(1000, 1834)]


def test_text_stays_until_it_can_be_read():
    assert times(word(1.0, 1.2, "a" * 40)) == [(1000, 3000)]


def test_it_is_gone_a_gap_before_the_next():
    assert times(word(1.0, 1.2), word(1.5, 3.0)) == [(1000, 1417), (1500, 3000)]


def test_a_gap_too_short_to_be_seen_as_one_is_closed():
    assert times(word(1.0, 2.0), word(2.4, 3.4)) == [(1000, 2317), (2400, 3400)]
    assert times(word(1.0, 2.0), word(2.5, 3.5)) == [(1000, 2000), (2500, 3500)]


def test_bbc_leaves_no_gap_or_a_second():
    style = style_for(SubtitleOptions(style="bbc"), "text")
    assert times(word(1.0, 2.0), word(2.9, 3.9), style=style) == [(1000, 2900), (2900, 3900)]
    assert times(word(1.0, 2.0), word(3.0, 4.0), style=style) == [(1000, 2000), (3000, 4000)]


def test_a_word_that_lasts_too_long_is_taken_off():
    assert times(word(1.0, 60.0)) == [(1000, 8000)]
    assert times(word(1.0, 7.9), word(8.2, 9.2)) == [(1000, 7900 + 100), (8200, 9200)]


def test_words_of_one_moment_have_a_millisecond_each():
    found = times(word(1.0, 1.0), word(1.0, 1.0), style=replace(STYLE, max_cue_s=7))
    assert found == [(1000, 1001), (1001, 1835)]


def test_the_times_of_words_are_kept_within_their_cue():
    shown = subtitle([[word(0.5, 1.5), word(1.2, 1.4)], [word(1.5, 9.0)]], 1000, 2000)
    assert [(part.start_ms, part.end_ms) for line in shown.lines for part in line] == [
        (1000, 1500),
        (1500, 1500),
        (1500, 2000),
    ]
    assert [part.has_space for line in shown.lines for part in line] == [True, False, False]
