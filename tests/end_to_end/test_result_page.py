"""The page of a result, used in a browser as a reader uses it."""

import json
import re

import pytest

from speech_toolkit.formats import render
from speech_toolkit.formats.document import read_document
from speech_toolkit.formats.page.settings import LINK
from tests.end_to_end import chromium
from tests.end_to_end.page_reader import intervals
from tests.unit.formats.page.made_up import DEMO, alignment, demo, hour, transcription

REASON = chromium.missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))
WIDE, PHONE = (1280, 900), (390, 844)


def test_a_click_plays_from_the_word_on_and_what_is_heard_is_marked(opened):
    reader = opened(demo())

    reader.word(7).click()  # boat, 3.0 s

    reader.sees_jump_to(3.0)
    reader.wait_until(lambda: (reader.heard_word() or 0) > 7)
    reader.press("Space")
    assert reader.is_paused()
    marked = demo()["words"]
    reader.wait_until(
        lambda: (
            (index := reader.heard_word()) is None
            or marked[index]["start_time"] <= reader.heard_s() <= marked[index]["end_time"]
        )
    )
    reader.click_at(1.0)  # lighthouse, on the picture
    reader.sees_jump_to(0.78)
    reader.pause()
    assert "picked" in reader.word(2).get_attribute("class")


def test_a_word_alone_stops_at_its_end_and_a_loop_comes_back(opened):
    reader = opened(demo())
    reader.word(4).click()
    reader.press("Enter")
    reader.wait_until(lambda: reader.is_paused())
    assert reader.heard_s() == pytest.approx(2.3, abs=0.15)

    reader.drag(1.0, 1.4, part=0.3)
    reader.press("l", "Space")
    reader.wait_until(lambda: reader.heard_s() > 1.25)
    reader.wait_until(lambda: 0.95 < reader.heard_s() < 1.2)
    assert reader.page.locator("#loop").get_attribute("aria-pressed") == "true"
    reader.press("l", ">")
    assert reader.page.locator("#speed").input_value() == "1.25"


def test_a_dragged_boundary_is_in_all_downloads(opened):
    reader = opened(demo() | {"audio_duration": 4.82512})

    reader.drag(1.42, 1.30)  # of lighthouse and keeper, which touch

    path = reader.save("json")
    assert path.name == "demo.corrected.json"
    corrected = read_document(path)
    lighthouse, keeper = corrected["words"][2:4]
    moved_s = lighthouse["end_time"]
    assert moved_s == pytest.approx(1.30, abs=0.01)
    assert keeper["start_time"] == moved_s
    assert [word["text"] for word in corrected["words"] if word.get("corrected")] == [
        "lighthouse",
        "keeper",
    ]
    letters = [each for each in corrected["segments"] if 8 <= each["start_char"] < 18]
    assert letters[0]["start_time"] == 0.78 and letters[-1]["end_time"] == moved_s
    assert demo()["words"][0] == corrected["words"][0], "the others are as they were"
    grid = reader.save("TextGrid").read_text(encoding="utf-8")
    assert intervals(grid) == intervals(render(corrected, "textgrid"))
    assert f"xmax = {moved_s:g}" in grid
    assert "00:00:00,160 --> 00:00:04,640\n" in reader.save("srt").read_text(encoding="utf-8")


def test_a_part_of_a_recording_keeps_the_times_of_the_whole(opened):
    document = demo() | {"settings": {"start_s": 2.58}, "audio_duration": 4.825 - 2.58}
    reader = opened(document)
    assert (reader.attribute("data-start"), reader.attribute("data-end")) == (2.58, 4.825)
    reader.word(7).click()  # boat, 3.0 s
    reader.sees_jump_to(0.42)
    reader.wait_until(lambda: (reader.heard_word() or 0) > 7)
    reader.press("Space")
    grid = reader.save("TextGrid").read_text(encoding="utf-8")
    assert intervals(grid) == intervals(render(document, "textgrid"))


def test_undo_and_redo(opened):
    reader = opened(demo())
    assert reader.page.locator("#undo").is_disabled()
    reader.drag(1.42, 1.30)
    reader.drag(3.0, 2.8)
    assert reader.times(7)[0] == pytest.approx(2.8, abs=0.01)

    reader.press("Control+z")
    assert reader.times(7)[0] == 3.0
    reader.page.locator("#undo").click()
    assert reader.times(2) == (0.78, 1.42)
    reader.press("Control+y")
    assert reader.times(2)[1] == pytest.approx(1.30, abs=0.01)
    reader.press("Control+z")
    assert json.loads(reader.save("json").read_text()) == demo(), "nothing is corrected any more"


def test_alt_leaves_the_neighbour_alone_and_no_word_passes_another(opened):
    reader = opened(demo())
    reader.drag(1.42, 1.30, modifier="Alt")
    assert reader.times(2)[1] == pytest.approx(1.30, abs=0.01)
    assert reader.times(3)[0] == 1.42
    reader.drag(1.86, 4.0)
    assert reader.times(4) == (2.295, 2.3)


def test_keys_move_the_boundaries_of_the_picked_word(opened):
    reader = opened(demo())
    reader.times(9)
    reader.press("]", "]", "{")
    assert reader.times(9) == (3.6, 4.03)
    reader.press("Control+z", "Control+z")
    assert reader.times(9) == (3.58, 4.04), "quick steps of one kind are one correction"


def test_text_is_corrected_in_the_transcript_too(opened):
    reader = opened(alignment(("Hi🙂", 0.1, 0.4, 0.5), ("teh", 0.4, 0.8, 0.5), ("end", 1, 2, 0.5)))
    reader.word(1).click()
    reader.press("e")
    reader.page.keyboard.type("the very")
    reader.press("Enter")

    assert reader.word(1).inner_text() == "the very"
    corrected = read_document(reader.save("json"))
    assert corrected["transcript"] == "Hi🙂 the very end\n"
    assert corrected["sentences"][0]["text"] == "Hi🙂 the very end"
    for word in corrected["words"]:
        assert corrected["transcript"][word["start_char"] : word["end_char"]] == word["text"]
    for letter in corrected["segments"]:
        assert corrected["transcript"][letter["start_char"]] == letter["token"]
    assert render(corrected, "txt") == "Hi🙂 the very end\n"


def test_a_transcription_is_corrected_in_words_segments_and_text(opened):
    words = [("今天", 0.1, 0.5, 0.9), ("天汽", 0.5, 1.0, 0.3), ("好。", 1.0, 1.5, 0.9)]
    reader = opened(transcription(("今天天汽好。", 0.1, 1.5, words), ("没有词。", 2, 3, [])))
    for index, text in ((1, "天气"), (3, "有词。")):
        reader.word(index).click()
        reader.press("e")
        reader.page.keyboard.insert_text(text)
        reader.press("Enter")
    reader.drag(0.1, 0.3)

    corrected = read_document(reader.save("json"))

    assert [segment["text"] for segment in corrected["segments"]] == ["今天天气好。", "有词。"]
    assert corrected["text"] == "今天天气好。 有词。"
    assert corrected["segments"][0]["start_s"] == pytest.approx(0.3, abs=0.01)
    assert render(corrected, "txt") == "今天天气好。\n有词。\n"


def test_leaving_with_unsaved_corrections_asks(opened):
    reader = opened(demo())
    asked = []
    reader.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    reader.drag(1.42, 1.30)
    reader.page.reload()
    assert asked == ["beforeunload"]
    reader.page.wait_for_selector("html[data-ready]")
    reader.drag(1.42, 1.30)
    reader.save("srt")
    reader.page.reload()
    assert asked == ["beforeunload"], "what was downloaded is saved"


def test_search_goes_from_match_to_match(opened):
    reader = opened(demo())
    reader.press("/")
    reader.page.keyboard.type("LEFT thé")
    assert reader.page.locator(".match").all_inner_texts() == ["left", "the"]
    reader.press("Enter")
    assert reader.page.locator("#search-count").inner_text() == "1 / 1"
    assert reader.page.locator("#word-text").input_value() == "left"


def test_words_worth_a_look_come_first(opened):
    document = alignment(
        ("fine", 0.1, 0.5, 0.9),
        ("-", 0.5, 0.5, None),
        ("doubt", 0.6, 1.0, 0.05),
        ("over", 0.9, 1.3, 0.9),
        ("looong", 1.3, 4.4, 0.9),
        ("brief", 4.4, 4.41, 0.9),
    )
    reader = opened(document)
    listed = reader.page.locator("#review-list button").all_inner_texts()
    assert [re.sub(r"\s+", " ", text) for text in listed] == [
        "0:00.5 - no length",
        "0:00.9 over overlap",
        "0:01.3 looong long 3.10 s",
        "0:04.4 brief short 0.01 s",
        "0:00.6 doubt unsure 0.05",
    ]
    above, below = (reader.page.locator(place).bounding_box() for place in ("aside", "#transcript"))
    assert above["x"] < below["x"]
    reader.press("n", "n")
    assert "picked" in reader.word(2).get_attribute("class")


def test_text_stays_text_in_the_browser(opened):
    nasty = "</script><script>document.title='bad'</script><img src=x onerror=alert(1)> &amp;"
    reader = opened(alignment((nasty, 0.1, 1.0, 0.5)))
    assert reader.word(0).inner_text() == nasty
    assert reader.page.title() == "demo.wav"
    assert json.loads(reader.save("json").read_text())["words"][0]["text"] == nasty


def test_an_hour_draws_only_what_is_on_the_screen(opened):
    reader = opened(hour(), audio_path=None)
    assert reader.page.locator(".word[data-word]").count() < 1500
    assert 0 < reader.attribute("data-drawn") < 100
    reader.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    reader.page.wait_for_selector('[data-word="9999"]')
    assert reader.page.locator(".word[data-word]").count() < 1500
    assert reader.word(0).count() == 0, "rows that are out of sight are emptied"
    reader.press("0")
    reader.settle()
    assert reader.attribute("data-end") == 3600
    assert 100 < reader.attribute("data-drawn") <= 2 * WIDE[0]
    assert reader.page.locator("#review-list button").count() < 100
    reader.page.locator("#search").fill("word5000")
    reader.page.locator("#search").press("Enter")
    assert reader.word(5000).is_visible()


def test_a_page_without_sound_says_so_and_shows_the_words(opened):
    reader = opened(demo(), audio_path=None)
    assert "no sound" in reader.page.locator("#notice").inner_text()
    assert reader.page.locator("#play").is_disabled()
    reader.drag(1.42, 1.30)
    assert reader.times(2)[1] == pytest.approx(1.30, abs=0.01)


def test_another_recording_is_noticed(opened):
    reader = opened(demo() | {"audio_duration": 60.0})
    assert "another recording" in reader.page.locator("#notice").inner_text()


def test_linked_sound_plays_and_is_missed_where_it_is_gone(opened, tmp_path):
    sound = tmp_path / "sound & more.wav"
    sound.write_bytes(DEMO.read_bytes())
    reader = opened(
        demo(), audio=LINK, audio_path=str(sound), page_path=str(tmp_path / "page.html")
    )
    reader.word(7).click()
    reader.sees_jump_to(3.0)
    reader.pause()

    sound.unlink()
    reader.page.reload()
    reader.page.wait_for_selector("#notice:not([hidden])")
    assert "--page_audio embed" in reader.page.locator("#notice").inner_text()
    reader.complaints.clear()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_cut_off(opened, language):
    reader = opened(demo(), touch=True, scheme="dark", language=language)
    reader.word(2).click()
    reader.pause()
    for width, height in (WIDE, (768, 1024), PHONE):
        reader.page.set_viewport_size({"width": width, "height": height})
        reader.settle()
        assert reader.page.evaluate("document.documentElement.scrollWidth") == width
        cut = reader.cut_off()
        assert cut == [], width


def test_languages_and_themes_are_switched(opened):
    reader = opened(demo(), language="zh")
    assert reader.page.locator("aside h2").inner_text() == "值得查看"
    reader.page.locator("#language").click()
    assert reader.page.locator("aside h2").inner_text() == "Worth a look"
    background = "getComputedStyle(document.body).backgroundColor"
    light = reader.page.evaluate(background)
    reader.page.locator("#theme").click()
    assert reader.page.evaluate(background) != light
    reader.press("?")
    assert reader.page.locator("#help").is_visible()


def test_touch_pans_plays_and_corrects(opened):
    reader = opened(demo(), PHONE, touch=True)
    reader.page.touchscreen.tap(*reader.point(1.0, 0.9))
    reader.pause()
    assert "picked" in reader.word(2).get_attribute("class")
    reader.touch(1.42, 1.30, 0.5)
    assert reader.times(2)[1] == pytest.approx(1.30, abs=0.02)
    before = reader.attribute("data-start")
    reader.page.evaluate("scrollTo(0, 0)")
    reader.touch(3.0, 2.0, 0.2)
    assert reader.attribute("data-start") > before
