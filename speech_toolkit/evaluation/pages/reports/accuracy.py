"""The page of a report of task parity, made by eval_accuracy.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.pages.page import Page
from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
from speech_toolkit.evaluation.pages.parts.case_list import case_list
from speech_toolkit.evaluation.pages.parts.parity import sensitivity
from speech_toolkit.evaluation.pages.parts.shared import (
    checks_table,
    device_line,
    emulation_note,
    ended_badly,
    environment_table,
    facts_table,
    model_facts,
    pair_lines,
    report_facts,
    tests_table,
)
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.elements import Content, Markup, element, join, paragraph
from speech_toolkit.page_parts.figures import (
    MISSING,
    duration,
    interval,
    milliseconds,
    share,
)
from speech_toolkit.page_parts.layout import Section
from speech_toolkit.page_parts.tables import Row, amount, table

Report = Mapping[str, Any]
_SIDES = ("candidate", "reference")
_SHARES = ("mean_wer", "mean_cer", "exact_match_rate", "argmax_agreement", "words_within_20ms")


def accuracy_page(report: Report, texts: Texts, shelf: AudioShelf) -> Page:
    """Take a report of task parity apart."""
    return Page(
        texts("accuracy_title"),
        report["verdict"],
        _lead(report, texts),
        [
            join(f"{comparison['candidate']}: ", texts.sentence(reason))
            for comparison in report["comparisons"]
            for reason in comparison["reasons"]
        ],
        _headline(report, texts),
        list(_sections(report, texts, shelf)),
    )


def _environments(report: Report) -> dict[str, Any]:
    return {target["label"]: target.get("environment") for target in report["targets"]}


def _lead(report: Report, texts: Texts) -> Markup:
    known = _environments(report)
    pairs = [
        (
            each["verdict"],
            *(device_line(each[side], known.get(each[side]), texts) for side in _SIDES),
        )
        for each in report["comparisons"]
    ]
    cases = report["cases"]
    summary = texts("cases_summary", count=cases["count"], length=duration(cases["audio_s"]))
    return join(
        *pair_lines(pairs, texts),
        paragraph(element("code", report["model"]["path"]), "quiet"),
        paragraph(join(summary, " ", texts.sentence(cases["source"])), "quiet"),
        emulation_note(list(known.values()), texts),
    )


def _headline(report: Report, texts: Texts) -> list[tuple[str, str]]:
    """Return the figures that decide on the first device."""
    known = [comparison for comparison in report["comparisons"] if comparison["figures"]]
    figures = known[0]["figures"] if known else {}
    return [
        (
            texts.check(name) or name,
            share(value) if name in _SHARES else milliseconds(value),
        )
        for name, value in figures.items()
    ]


def _sections(report: Report, texts: Texts, shelf: AudioShelf) -> Iterator[Section]:
    for index, comparison in enumerate(report["comparisons"], start=1):
        title = texts("comparison_of", candidate=comparison["candidate"])
        yield Section(f"comparison-{index}", title, _comparison(comparison, texts))
    yield Section("truth", texts("against_truth"), _devices(report, texts))
    if conditions := _conditions(report, texts):
        yield Section("conditions", texts("conditions"), conditions)
    yield Section("cases", texts("cases"), case_list(report, texts, shelf))
    if environment := environment_table(list(_environments(report).items()), texts):
        yield Section("environment", texts("environment"), environment)
    facts = facts_table(texts("model"), model_facts(report, texts), texts)
    yield Section("report", texts("about_report"), join(facts, report_facts(report, texts)))


def _comparison(comparison: Report, texts: Texts) -> Markup:
    if not comparison["checks"]:
        return paragraph(texts("nothing_compared"), "note")
    return join(
        element("h3", texts("tests")),
        tests_table(comparison["tests"], comparison["rounding"], texts),
        element("h3", texts("criteria")),
        paragraph(texts("published_note"), "note"),
        checks_table(comparison["checks"], texts),
        element("h3", texts("evidence")),
        paragraph(texts("evidence_note"), "note"),
        checks_table(comparison["evidence"], texts) if comparison["evidence"] else None,
        _control(comparison["negative_control"], texts),
        element("h3", texts("differences")),
        _differences(comparison, texts),
    )


def _control(control: Report | None, texts: Texts) -> Markup:
    """Return which fault planted in the model would have been noticed."""
    if control is None:
        return paragraph(texts("no_control"), "note")
    found = sensitivity(control, texts) if not control["error"] else paragraph(control["error"])
    return join(element("h3", texts("negative_control")), found)


def _differences(comparison: Report, texts: Texts) -> Markup:
    """Return how far the texts and the word boundaries of two devices are apart."""
    text, shift = comparison["text"], comparison["boundary_shift"]
    facts: list[tuple[str, Content]] = [*_text_facts(text or {}, texts)]
    if shift:
        facts += _boundary_facts(shift, texts)
    return facts_table(texts("differences"), facts, texts)


def _text_facts(text: Report, texts: Texts) -> list[tuple[str, Content]]:
    facts: list[tuple[str, Content]] = []
    for name, count, errors in (
        ("wer", "words", "word_errors"),
        ("cer", "characters", "character_errors"),
    ):
        if name in text and count in text:
            of_how_many = texts("of_how_many", some=text.get(errors, MISSING), all=text[count])
            limits = f"{texts('interval')} {interval(text[f'{name}_interval'])}"
            facts.append((name.upper(), f"{share(text[name])} ({of_how_many}; {limits})"))
    if "exact_match_rate" in text:
        facts.append((texts.check("exact_match_rate"), share(text["exact_match_rate"])))
    return facts


def _boundary_facts(shift: Report, texts: Texts) -> list[tuple[str, Content]]:
    summary = texts(
        "boundaries",
        words=shift["words"],
        median=milliseconds(shift["median_ms"]),
        p95=milliseconds(shift["p95_ms"]),
        largest=milliseconds(shift["max_ms"]),
    )
    return [
        (texts("word_boundaries"), summary),
        (texts("words_within", ms=20), share(shift["words_within_20ms"])),
        (texts("words_within", ms=50), share(shift["words_within_50ms"])),
    ]


def _devices(report: Report, texts: Texts) -> Markup:
    """Return how right each device is."""
    columns = ["device", "state", "load", "wer", "interval", "cer", "interval", "exact_match"]
    columns += ["boundary_median", "boundary_p95"]
    rows = [_device_row(target, texts) for target in report["targets"]]
    failures = [
        join(element("h3", target["label"]), failure)
        for target in report["targets"]
        if (failure := ended_badly(target, texts)) is not None
    ]
    is_mms = report["family"] == "mms"
    return join(
        paragraph(texts("letters_note"), "note") if is_mms else None,
        table(texts("against_truth"), [texts(column) for column in columns], rows),
        *failures,
    )


def _device_row(target: Report, texts: Texts) -> Row:
    truth, boundaries = target["against_truth"] or {}, target["boundary_error"] or {}
    return [
        target["label"],
        texts.name(target["status"]),
        amount(duration(target.get("model_load_s"))),
        amount(share(truth.get("wer"))),
        amount(interval(truth.get("wer_interval"))),
        amount(share(truth.get("cer"))),
        amount(interval(truth.get("cer_interval"))),
        amount(share(truth.get("exact_match_rate"))),
        amount(milliseconds(boundaries.get("median_ms"))),
        amount(milliseconds(boundaries.get("p95_ms"))),
    ]


def _conditions(report: Report, texts: Texts) -> Markup | None:
    """Return the error rates for each condition: between devices, and of each against the truth."""
    sources = [
        (texts("comparison_of", candidate=each["candidate"]), each["text"])
        for each in report["comparisons"]
    ]
    sources += [
        (texts("truth_of", device=target["label"]), target["against_truth"])
        for target in report["targets"]
    ]
    known = [(name, _by_condition(text)) for name, text in sources if text]
    if not known or not known[0][1]:
        return None
    rate = "cer" if report["family"] == "mms" else "wer"
    rows: list[Row] = [
        [
            texts.name(condition),
            texts.condition(value),
            amount(str(found["cases"])),
            *(amount(share(figures.get((condition, value), {}).get(rate))) for _, figures in known),
        ]
        for (condition, value), found in known[0][1].items()
    ]
    columns = [texts("condition"), texts("value"), texts("case_count")]
    columns += [f"{rate.upper()}, {name}" for name, _ in known]
    return table(texts("conditions"), columns, rows, texts("filter"))


def _by_condition(text: Report) -> dict[tuple[str, str], Report]:
    return {(each["condition"], each["value"]): each for each in text.get("conditions", ())}
