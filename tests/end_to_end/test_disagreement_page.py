"""Where text and audio disagree, on the page of a result as a reader sees it."""

import re

import pytest

from speech_toolkit.formats import render
from speech_toolkit.formats.document import read_document
from tests.end_to_end import chromium
from tests.end_to_end.page_reader import intervals
from tests.unit.formats.page.made_up import demo, faulty

REASON = chromium.missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


@pytest.mark.parametrize(
    ("language", "says", "because"),
    [
        ("en", "Some of the text", ["2 words were probably not spoken", "1 stretch is said again"]),
        ("zh", "有些文本", ["很可能没有说出的词：“old lighthouse”（0.38 s）", "读出：3.58–4.04 s"]),
    ],
)
def test_where_text_and_audio_disagree_is_told_first(opened, language, says, because):
    reader = opened(faulty(), language=language)
    told = reader.page.locator("#verdict").inner_text()
    assert told.startswith(says)
    for part in ("0.81", *because):
        assert part in told
    assert ("probably" in told) == (language == "en")
    struck = [i for i in range(12) if "unspoken" in reader.word(i).get_attribute("class")]
    assert struck == [1, 2]
    marks = reader.page.locator("#transcript-rows .missing")
    assert marks.all_inner_texts() == ["hm", "↺ every boat"]
    assert reader.page.locator(".disagreeing").is_visible()
    assert reader.cut_off() == []


def test_what_was_not_spoken_and_what_is_missing_is_gone_through(opened):
    reader = opened(faulty())
    listed = reader.page.locator("#review-list button").all_inner_texts()
    assert [re.sub(r"\s+", " ", text) for text in listed] == [
        "0:00.4 old lighthouse not spoken",
        "0:03.6 every boat said again 0.46 s",
        "0:00.0 hm not in the text 0.16 s",
    ]
    assert "2 of 12 words · speech without text: 2" in reader.page.locator("aside").inner_text()
    reader.press("n")
    reader.press("n")
    assert "picked" in reader.word(1).get_attribute("class")
    reader.press("n")
    reader.sees_jump_to(3.18)
    reader.pause()
    reader.press("p")
    assert "picked" in reader.word(1).get_attribute("class")
    reader.page.locator("#transcript-rows .missing").nth(1).click()
    reader.sees_jump_to(3.58)
    reader.wait_until(lambda: reader.is_paused())
    assert reader.heard_s() == pytest.approx(4.04, abs=0.15)


def test_a_correction_keeps_what_is_known_of_where_text_and_audio_disagree(opened):
    reader = opened(faulty())
    reader.word(0).click()
    reader.page.locator("#word-text").fill("Older")
    reader.page.keyboard.press("Enter")
    corrected = read_document(reader.save("json"))
    (unspoken,) = corrected["quality"]["not_spoken"]
    text = corrected["transcript"][unspoken["start_char"] : unspoken["end_char"]]
    assert text == unspoken["text"] == "old lighthouse"
    grid = reader.save("TextGrid").read_text(encoding="utf-8")
    assert intervals(grid) == intervals(render(corrected, "textgrid"))
    assert "not spoken: old lighthouse" in grid


def test_a_good_text_is_said_to_be_one_and_a_result_of_earlier_says_nothing(opened):
    quality = {"verdict": "good", "confidence": 0.95, "reasons": []}
    good = demo() | {"quality": quality | {"not_spoken": [], "not_in_transcript": []}}
    reader = opened(good)
    assert (
        "The text is what was said. confidence 0.95" in reader.page.locator("#verdict").inner_text()
    )
    assert not reader.page.locator(".disagreeing").is_visible()
    assert not opened(demo()).page.locator("#verdict").is_visible()
