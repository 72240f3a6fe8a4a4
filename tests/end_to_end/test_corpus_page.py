"""The page of a corpus, used in a browser as a reader uses it, straight from its folder."""

import pytest

from speech_toolkit.corpus.page.page import corpus_page
from tests.end_to_end import chromium
from tests.end_to_end.browser import look_at
from tests.unit.corpus.page.made_up import summary

REASON = chromium.missing()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def test_nothing_is_cut_off_or_complained_about(tmp_path):
    pages = [
        (f"{language}{width}", width, corpus_page(summary(), language))
        for language in ("en", "zh")
        for width in (320, 1200)
    ]
    found, complaints = look_at(pages, tmp_path)
    assert complaints == []
    for page in found:
        assert page["scrollWidth"] <= page["width"], page
        assert page["cutOff"] == [], page


def test_a_reader_switches_the_language_and_opens_a_result(tmp_path):
    (tmp_path / "a:b").mkdir()
    (tmp_path / "a:b" / "0 #1.html").write_text("<title>found</title>")
    (tmp_path / "corpus.html").write_text(corpus_page(summary(), "en", "books"), "utf-8")
    with chromium.browser() as browser:
        page = browser.new_page()
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto((tmp_path / "corpus.html").as_uri())
        assert page.is_visible("text=real-time factor")
        page.click("button.language:visible")
        assert not page.is_visible("text=real-time factor")
        assert page.is_visible("text=实时率")
        assert (page.title(), page.get_attribute("html", "lang")) == ("语料 books", "zh-CN")
        page.click("button.language:visible")
        assert (page.title(), page.get_attribute("html", "lang")) == ("Corpus books", "en")
        for section, typed in (("#worst-en", "/7 #"), ("#quality-en", "wrong text")):
            page.fill(f"{section} input.filter", typed)
            assert page.locator(f"{section} table.sortable tbody tr:visible").count() == 1
        page.fill("#worst-en input.filter", "")
        page.click("#worst-en table.sortable tbody a")
        page.wait_for_url("**/0*1.html")
        assert page.title() == "found"
        assert complaints == []
