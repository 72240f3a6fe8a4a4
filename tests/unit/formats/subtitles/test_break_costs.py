import pytest

from speech_toolkit.formats.subtitles.break_costs import (
    CLAUSE,
    INSIDE,
    PHRASE,
    SENTENCE,
    TOGETHER,
    WORD,
    Boundary,
    break_cost,
)


def cost(text, **what):
    """Judge the place that "|" marks, with a space where one stands beside it."""
    before, after = text.split("|")
    known = {"ends_sentence": False, "ends_segment": False, "is_inside": False} | what
    has_space = before.endswith(" ")
    return break_cost(Boundary(before.strip(), after.strip(), has_space, **known))


@pytest.mark.parametrize(
    "text",
    [
        *("New |York", "Dr. |Smith", "J. |R.", "Margaret |O'Neill", "Baden-Württemberg |Süd"),
        *("3 |000", "10 |km", "5 |%", "$5 |m", "Article |5", "page |7", "No. |5", "5 |May"),
        *("3000|米", "第|5", "コ|ン", "Нью |Йорк", "№ |5", "3. |Oktober", "٣ |كم"),
    ],
)
def test_names_and_numbers_belong_together(text):
    assert cost(text) == TOGETHER


@pytest.mark.parametrize(
    "text",
    [
        *("York, |New", "Smith) |John", "27, |28", 'Yes" |Peter'),
        *("slowly; |then", "—|or", "well... |maybe", "مصر، |ثم", "到了，|是", "です、|が"),
    ],
)
def test_a_clause_is_a_good_place(text):
    assert cost(text) == CLAUSE


def test_a_sentence_is_the_best_place_and_the_end_of_a_segment_a_good_one():
    assert cost("York. |New", ends_sentence=True) == SENTENCE
    assert cost("and |so", ends_segment=True) == CLAUSE
    assert cost("New |York", ends_segment=True) == TOGETHER


def test_a_break_is_better_before_a_preposition_than_after_it():
    assert cost("waved |at") == PHRASE
    assert cost("left |work") == WORD
    assert cost("at |every") > WORD
    assert cost("the |harbour") > WORD
    assert cost("27 |member") > WORD


def test_chinese_and_japanese_are_judged_by_their_characters():
    assert cost("介|绍") == WORD
    assert cost("上游的|大") == PHRASE
    assert cost("上游|的") == INSIDE
    assert cost("近くに|東") == PHRASE
    assert cost("行|き") == INSIDE


def test_inside_of_a_word_of_a_script_without_spaces_is_the_worst():
    assert cost("ที่|ดี", is_inside=True) == TOGETHER
    assert cost("ที่|ดี") == WORD
