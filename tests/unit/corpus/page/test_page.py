"""The page of a corpus: whole, without a network, safe, in both languages, whatever is missing."""

import ast
import base64
import json
import re
from pathlib import Path

import pytest

from speech_toolkit.alignment.quality.quality import REASONS, VERDICTS
from speech_toolkit.corpus.page import page as page_module
from speech_toolkit.corpus.page.page import corpus_page
from speech_toolkit.corpus.page.texts import wording
from speech_toolkit.formats.page.languages import LANGUAGES
from tests.unit.corpus.page.made_up import summary
from tests.unit.page_parts.page_parser import ParsedPage

HOSTILE = '</script><script>alert(1)</script>" onload="alert(1)" & {key} 你好'
ERRORS = Path(page_module.__file__).parents[2] / "errors.py"


NOTHING_DONE = summary(
    items={"total": 0, "done": 0, "failed": 0, "left": 0},
    **{"audio_h": 0, "load_s": 0, "run_s": 0, "rtf": None, "devices": {}, "failures": []},
    scores=None,
    quality=None,
    to_check=[],
    worst=[],
)


def parsed(content, language="en", name=None):
    page = ParsedPage(corpus_page(content, language, name))
    assert page.problems == []
    return page


@pytest.mark.parametrize("content", [summary(), NOTHING_DONE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_page_is_well_formed_and_self_contained(content, language):
    source = corpus_page(content, language)
    assert ParsedPage(source).problems == []
    assert source.startswith("<!DOCTYPE html>\n")
    assert not re.search(r"@import|url\(|https?://|<link|src=", source)


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh", "zh-CN")])
def test_page_opens_in_a_language_and_holds_the_other(language, tag):
    page = parsed(summary(), language)
    assert page.named("html")[0].attributes["lang"] == tag
    texts = [e for e in page.elements if "data-title" in e.attributes]
    assert [("hidden" in e.attributes) for e in texts] == [False, True]
    assert texts[0].attributes["lang"] == tag
    assert {e.attributes["lang"] for e in texts} == {"en", "zh-CN"}


def test_anchors_are_there_once():
    page = parsed(summary())
    anchors = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    links = [e.attributes["href"] for e in page.named("a")]
    assert len(anchors) == len(set(anchors)) == 14
    assert {f"#{anchor}" for anchor in anchors} == {link for link in links if link[0] == "#"}


def test_figures_are_told():
    told = parsed(summary(), name="books").text()
    for expected in ("Corpus books", "165.6 h", "20×", "11,000", "996", "50.00 %", "npu:1",
                     "54.55 %", "does not exist", "model.path", "wrong text", "93.00 %",
                     "not judged", "11,000 of 12,000 recordings", "9 of 9 words", "文件不存在",
                     "共 12,000 个录音", "文本有误", "没有说出"):  # fmt: skip
        assert expected in told, expected


def test_each_of_the_worst_leads_to_its_files_its_page_first():
    links = [e.attributes["href"] for e in parsed(summary()).named("a")]
    first = ["./a%3Ab/0%20%231.html"] * 2 + ["./a%3Ab/0%20%231.json"]
    at = links.index(first[0])
    assert links[at : at + 3] == first
    assert len([link for link in links if link.endswith(".html")]) == 2 * 2 * (50 + 2)


def test_recordings_to_check_come_with_their_reasons_and_a_filter():
    page = parsed(summary())
    told = page.text()
    assert told.index("wrong_transcript/1") < told.index("check/1")
    assert "2 of 2 recordings to check" in told
    assert len([e for e in page.named("table") if "data-filter" in e.attributes]) == 2 * 2
    none = {"good": 5, "check": 0, "wrong_transcript": 0}
    good = summary(to_check=[], quality=summary()["quality"] | {"verdicts": none})
    assert "No recording stands out." in parsed(good).text()


def test_what_comes_from_outside_is_no_markup():
    failures = [{"kind": HOSTILE, "items": 1, "examples": [{"id": HOSTILE, "message": HOSTILE}]}]
    worst = [{"id": HOSTILE, "mean_score": -1.0, "audio_s": 1.0, "outputs": [HOSTILE]}]
    reasons = [{"kind": HOSTILE, "text": HOSTILE}]
    to_check = [{**worst[0], "verdict": "check", "confidence": 0.5, "reasons": reasons}]
    content = summary(failures=failures, worst=worst, settings={HOSTILE: [HOSTILE]})
    content["to_check"] = to_check
    plain, page = parsed(summary()), parsed(content | {"devices": {HOSTILE: 1}}, name=HOSTILE)
    assert len(page.named("script")) == len(plain.named("script"))
    assert not [e for e in page.elements if "onload" in e.attributes]


def test_the_summary_can_be_taken_out_again():
    links = [e.attributes for e in parsed(summary()).named("a") if "download" in e.attributes]
    assert [link["download"] for link in links] == ["corpus.json"] * 2
    for link in links:
        held = base64.b64decode(link["href"].partition("base64,")[2])
        assert json.loads(held) == summary()


def test_languages_have_the_same_texts_all_used():
    pages = Path(page_module.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in pages.glob("*.py"))
    english, chinese = wording("en")["page"], wording("zh")["page"]
    assert english.keys() == chinese.keys()
    assert [key for key in english if f'"{key}"' not in sources] == []
    places = re.compile(r"\{\w+\}")
    for key, text in english.items():
        assert sorted(places.findall(text)) == sorted(places.findall(chinese[key])), key


def test_every_verdict_and_reason_is_told_in_both_languages():
    for language in LANGUAGES:
        told = wording(language)
        assert told["verdicts"].keys() == {*VERDICTS, "not_judged"}
        assert told["reasons"].keys() == set(REASONS)


def test_every_kind_of_failure_has_its_chinese():
    tree = ast.parse(ERRORS.read_text("utf-8"))
    kinds = {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and node.targets[0].id in ("kind", "INTERNAL")
    }
    assert len(kinds) > 10
    assert kinds - wording("zh")["kinds"].keys() == set()
