"""Pages of reports: whole, without a network, safe, in both languages, whatever is missing."""

import base64
import copy
import json
import re

import pytest

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.pages import render_html, write_html
from speech_toolkit.evaluation.pages.languages import LANGUAGES
from tests.unit.evaluation.pages.reports import (
    AUDIO,
    CANDIDATE,
    CARD,
    REPORTS,
    accuracy_report,
    compare_report,
    distributions,
    evaluation_report,
    failed_run,
    output_figures,
    perf_report,
    token_task,
)
from tests.unit.page_parts.page_parser import ParsedPage

HOSTILE = '</script><script>alert(\'x\')</script>" onload="alert(1)" & {key} 你好 \ud800'
# What a report says in words of its own, by which pages are laid out.
WORDS_OF_REPORTS = {
    *REPORTS, "slower", "PASS", "FAIL", "NOT VALID", "ok", "crash", "timed_out", "below", "above",
    "at most", "at least", "whisper", "mms",
}  # fmt: skip
ALL_PAGES = [(kind, language) for kind in REPORTS for language in LANGUAGES]


def replaced(value, change):
    """Return a copy of a report in which ``change`` was applied to every text."""
    if isinstance(value, dict):
        return {key: replaced(part, change) for key, part in value.items()}
    if isinstance(value, list):
        return [replaced(part, change) for part in value]
    return change(value) if isinstance(value, str) else copy.copy(value)


def parsed(report, language="en", **how):
    page = ParsedPage(render_html(report, language, **how))
    assert page.problems == []
    return page


@pytest.mark.parametrize(("kind", "language"), ALL_PAGES)
def test_page_is_well_formed_and_self_contained(kind, language):
    source = render_html(REPORTS[kind](), language)
    page = ParsedPage(source)
    assert page.problems == []
    assert source.startswith("<!DOCTYPE html>\n")
    assert page.named("html")[0].attributes["lang"] == {"en": "en", "zh": "zh-CN"}[language]
    assert not re.search(r"@import|url\(|https?://", source)
    for element in page.elements:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            assert (element.attributes.get(name) or "#").startswith(("#", "data:"))
    policy = next(e for e in page.named("meta") if "http-equiv" in e.attributes)
    assert policy.attributes["content"].startswith("default-src 'none';")


@pytest.mark.parametrize(("kind", "language"), ALL_PAGES)
def test_links_lead_to_sections_and_charts_are_described(kind, language):
    page = parsed(REPORTS[kind](), language)
    targets = {e.attributes["id"] for e in page.named("section")}
    links = {e.attributes["href"] for e in page.named("a") if e.attributes["href"][0] == "#"}
    assert links == {f"#{target}" for target in targets}
    for chart in page.with_class("chart"):
        assert chart.attributes["role"] == "img"
        assert len(chart.attributes["aria-label"]) > 10
    for box in page.with_class("scroll"):
        assert box.attributes["tabindex"] == "0"
        assert box.attributes["aria-label"]


@pytest.mark.parametrize("kind", REPORTS)
def test_texts_of_a_report_are_text(kind):
    hostile = replaced(REPORTS[kind](), lambda text: text if text in WORDS_OF_REPORTS else HOSTILE)
    if kind == "accuracy":  # the reference's label is looked up, and the texts have replaced it
        hostile["cases"]["list"][0]["results"][HOSTILE] = {
            "text": HOSTILE, "error": HOSTILE, "against_truth": None
        }  # fmt: skip
    page = parsed(hostile)
    assert len(page.named("script")) == 1
    assert "alert" not in page.named("script")[0].text
    assert not [e for e in page.elements if any(name.startswith("on") for name in e.attributes)]
    assert "alert('x')" in page.text()


@pytest.mark.parametrize("kind", REPORTS)
def test_report_can_be_taken_out_again(kind):
    report = REPORTS[kind]()
    (link,) = [e for e in parsed(report).named("a") if "download" in e.attributes]
    content = link.attributes["href"].removeprefix("data:application/json;base64,")
    assert json.loads(base64.b64decode(content)) == report


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdict_stands_on_top(language):
    for report, verdict in ((evaluation_report(), "FAIL"), (accuracy_report(), "FAIL")):
        (title,) = parsed(report, language).named("h1")
        assert verdict in title.all_text()
        assert title.children[0].attributes["class"] == "badge fail"


def test_emulated_card_is_marked():
    page = parsed(evaluation_report())
    assert [e.text for e in page.with_class("tag")] == ["emulated"]
    assert "stand-in that computes on the CPU" in page.text()
    assert "stand-in" not in parsed(_without_card(evaluation_report())).text()


def _without_card(report):
    report["candidates"][0]["environment"] = CARD | {"device_name": "Ascend910B2"}
    return report


def test_figures_of_parity():
    text = parsed(evaluation_report()).text()
    assert "2.0e-02" in text
    assert "aten::cumsum" in text
    assert "float16 saturates here" in text
    assert "model.encoder.layers.1.fc1" in text
    assert "as with an epsilon of 0.001" in text
    assert "Not met on the candidate: model.proj" in text
    assert "lighthouse" in text
    assert "withheld" in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("Of what the error is made", "GELU in its tanh form", "left unexplained", "97.00 %"),
        ),
        ("zh", ("误差由什么构成", "tanh 形式的 GELU", "未解释", "按已公布的限值")),
    ],
)
def test_an_error_budget(language, words):
    text = parsed(evaluation_report(), language).text()
    for each in words:
        assert each in text


def test_tokens_that_part():
    report = evaluation_report()
    report["candidates"][0]["task"] = token_task()
    text = parsed(report).text()
    assert "The tokens part at 2: 7 became –" in text
    report["candidates"][0]["task"] = token_task() | {"first_divergence": None}
    assert "All 3 tokens are the same." in parsed(report).text()


def test_what_a_report_of_parity_lacks_is_left_out():
    report = evaluation_report()
    report["noise_floor"] = None
    report["candidates"][0] |= {"layers": None, "task": None, "golden": None, "emulated": {}}
    report["candidates"][0]["outputs"] = {
        "logits": output_figures() | {"distributions": distributions() | {"flips": []}}
    }
    page = parsed(report)
    assert "--layers compares them" in page.text()
    assert "Word boundaries were not compared" in page.text()
    assert "Noise floor" not in page.text()
    assert "Against float64" not in page.text()


def test_candidate_or_reference_that_crashed():
    report = evaluation_report()
    lost = failed_run(CANDIDATE)
    report["candidates"] = [
        lost | {"verdict": "FAIL", "reasons": [lost["message"]], "checks": [], "speedup": None}
    ]
    page = parsed(report)
    assert "crash" in page.text()
    assert "killed by signal 11" in page.text()
    assert "Nothing could be compared." in page.text()
    report |= {"reference": failed_run("cpu float32"), "candidates": [], "verdict": "NOT VALID"}
    report["noise_floor"] = None
    assert parsed(report).named("h1")[0].children[0].attributes["class"] == "badge open"


def test_cases_with_their_recording(tmp_path):
    (tmp_path / "case_1.wav").write_bytes(AUDIO)
    page = parsed(accuracy_report("/gone/case_1.wav"), audio_directory=tmp_path)
    (player,) = page.named("audio")
    encoded = player.attributes["src"].removeprefix("data:audio/wav;base64,")
    assert base64.b64decode(encoded) == AUDIO
    assert [e.text for e in page.named("mark")] == ["goat"]
    assert "npu:0 float16 parts from the reference at token 1: ' boat' became –" in page.text()


def test_device_that_heard_nothing():
    report = accuracy_report()
    report["targets"][1] |= {"status": "timed_out", "message": "took over 60 s",
                             "against_truth": None}  # fmt: skip
    del report["targets"][1]["environment"], report["targets"][1]["model_load_s"]
    case = report["cases"]["list"][0]
    case["results"][CANDIDATE] = {"text": "", "error": "not reached", "against_truth": None}
    case["comparisons"][CANDIDATE] = None
    report["comparisons"][0] |= {
        "figures": None, "checks": [], "evidence": [], "text": None,
        "negative_control": {"fault": "noise", "attempts": []},
    }  # fmt: skip
    page = parsed(report)
    assert "timed out" in page.text()
    assert "not reached" in page.text()


def test_speed_of_a_device_that_was_stopped():
    page = parsed(perf_report())
    assert "timed out" in page.text()
    assert "took over 60 s" in page.text()
    assert "not to the end" in page.text()
    assert "npu:0 float16, 5 s × 1: not measured to the end on both" in page.text()


@pytest.mark.parametrize(
    ("verdict", "not_valid", "shown"),
    [
        ("FAIL", [], "FAIL"),
        ("FAIL", ["no speech"], "FAIL"),
        ("PASS", [], "PASS"),
        ("PASS", ["no speech"], "NOT VALID"),
        ("NOT VALID", [], "NOT VALID"),
    ],
)
def test_verdict_against_an_older_report(verdict, not_valid, shown):
    report = perf_report() | {"not_valid": not_valid}
    report["comparison"] |= {"verdict": verdict}
    page = parsed(report)
    assert page.named("title")[0].text == f"{shown} Speed"
    assert all(reason in page.text() for reason in not_valid)


def test_ratio_to_an_older_report_has_its_interval():
    text = parsed(perf_report()).text()
    assert "1.50×" in text
    assert "1.40 – 1.60×" in text
    assert "slower" in text


def test_speed_alone_has_no_verdict():
    page = parsed(perf_report() | {"comparison": None})
    assert page.named("title")[0].text == "Speed"
    assert not page.named("h1")[0].children
    silent = parsed(perf_report() | {"comparison": None, "not_valid": ["no speech in it"]})
    assert silent.named("title")[0].text == "NOT VALID Speed"


def test_one_recording_on_two_devices(tmp_path):
    (tmp_path / "case_1.wav").write_bytes(AUDIO)
    page = parsed(compare_report(), audio_directory=tmp_path)
    assert [e.text for e in page.named("mark")] == ["goat"]
    assert len(page.named("audio")) == 1
    assert "The tokens part at 1: ' boat' (7) became ' goat' (8)." in page.text()
    assert "this shows repeatability only" in page.text()


def test_one_of_two_devices_failed():
    report = compare_report()
    lost = {"label": CANDIDATE, "status": "crash", "message": "killed by signal 11",
            "elapsed_s": 1.0, "log_tail": ["loading"]}  # fmt: skip
    nothing = {"criteria": [], "text": None, "first_difference": None, "same_device": None}
    page = parsed(report | nothing | {"candidate": lost})
    assert "killed by signal 11" in page.text()
    assert "the boat left" in page.text()


def test_written_to_a_file(tmp_path):
    write_html(evaluation_report(), tmp_path / "page.html", "zh")
    assert "数值精度对比" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_other_reports_have_no_page():
    with pytest.raises(UsageError, match="kind 'alignment' has no page"):
        render_html({"kind": "alignment"})
