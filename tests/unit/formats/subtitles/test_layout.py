"""Are breaks where a subtitler would put them?"""

from itertools import chain

import pytest

LONG = (
    "According to Article 5 of the treaty, each of the 27 member states has to keep 10 km of "
    "coastline free of buildings, which is harder than it sounds."
)


def test_text_that_fits_is_one_line(laid_out):
    assert laid_out("Where is the expensive cup?") == [["Where is the expensive cup?"]]


def test_a_sentence_is_a_cue_of_its_own(laid_out):
    assert laid_out("The cup is new and cheap.", "The bell is old and broken.") == [
        ["The cup is new and cheap."],
        ["The bell is old and broken."],
    ]


def test_lines_are_of_like_length_and_begin_with_a_preposition(laid_out):
    assert laid_out("The old lighthouse keeper waved at every boat that left the harbour.") == [
        ["The old lighthouse keeper waved", "at every boat that left the harbour."]
    ]


def test_a_long_sentence_breaks_at_clauses_and_not_inside_of_numbers(laid_out):
    assert laid_out(LONG) == [
        ["According to Article 5 of the treaty,"],
        ["each of the 27 member states has to keep", "10 km of coastline free of buildings,"],
        ["which is harder than it sounds."],
    ]


def test_a_name_is_kept_together_where_it_can_be(laid_out):
    text = "42 percent of all respondents in Los Angeles had never seen the Pacific Ocean."
    lines = list(chain.from_iterable(laid_out(text)))
    assert any("Los Angeles" in line for line in lines)
    assert any("Pacific Ocean" in line for line in lines)


def test_a_sentence_that_a_recogniser_cut_up_is_put_together(laid_out):
    assert laid_out("I was going", "to buy", "my counter.") == [["I was going to buy my counter."]]


def test_a_word_too_short_to_be_read_joins_its_neighbour(laid_out):
    assert laid_out("Yes.", "We know that.") == [["Yes. We know that."]]


def test_a_long_pause_ends_a_cue(laid_out):
    assert laid_out("I was", "going home", pause_s=2.5) == [["I was"], ["going home"]]


def test_no_more_is_shown_than_the_longest_time_holds(laid_out):
    slow = laid_out("one two three four five six", letter_s=1.0)
    assert len(slow) >= 4


def test_chinese_breaks_at_punctuation_and_no_line_begins_with_it(laid_out):
    text = "它的总装机容量达到了1600万千瓦，是世界上第二大的水电站。很多人可能会问：为什么？"
    lines = list(chain.from_iterable(laid_out(text, language="zh", letter_s=0.2)))
    assert lines[:2] == ["它的总装机容量达到了1600万千瓦，", "是世界上第二大的水电站。"]
    assert all(line[0] not in "，。：？”" for line in lines)


def test_japanese_breaks_between_phrases(laid_out):
    lines = laid_out("東京スカイツリーの近くにある店です。", language="ja", letter_s=0.14)
    assert lines == [["東京スカイツリーの", "近くにある店です。"]]


def test_thai_is_broken_between_its_words(timed, laid_out):
    lines = list(chain.from_iterable(laid_out("สวัสดี" * 12, language="th", has_words=False)))
    assert "".join(lines) == "สวัสดี" * 12
    assert all(len(line) <= 60 for line in lines)


@pytest.mark.parametrize("limits", [{"max_chars_per_line": 20}, {"max_lines": 1}])
def test_limits_are_those_asked_for(laid_out, limits):
    cues = laid_out(LONG, options=limits)
    assert all(len(lines) <= limits.get("max_lines", 2) for lines in cues)
    width = limits.get("max_chars_per_line", 42)
    assert all(len(line) <= width for lines in cues for line in lines)


def test_a_word_longer_than_a_line_stands_alone_on_one(laid_out):
    word = "Donaudampfschifffahrtsgesellschaft"
    lines = laid_out(f"Die {word} war", options={"max_chars_per_line": 10, "max_lines": 3})
    assert lines == [["Die", word, "war"]]


def test_plain_is_a_cue_a_segment_on_one_line(laid_out):
    assert laid_out(LONG, "So.", options={"style": "plain"}) == [[LONG], ["So."]]
