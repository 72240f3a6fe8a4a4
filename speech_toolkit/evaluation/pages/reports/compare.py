"""The page of a comparison of one recording on two devices, made by inference_whisper.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.pages.charts.time_charts import stage_chart
from speech_toolkit.evaluation.pages.page import Page
from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
from speech_toolkit.evaluation.pages.parts.case_list import marked
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
    warnings_list,
)
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.elements import Content, Markup, element, join, paragraph
from speech_toolkit.page_parts.figures import MISSING, duration, number, share, size
from speech_toolkit.page_parts.layout import Section
from speech_toolkit.page_parts.tables import Cell, Row, amount, table

Report = Mapping[str, Any]


def compare_page(report: Report, texts: Texts, shelf: AudioShelf) -> Page:
    """Take a comparison apart."""
    return Page(
        texts("compare_title"),
        report["verdict"],
        _lead(report, texts),
        [texts.sentence(report["reason"])] if report["reason"] else [],
        [],
        list(_sections(report, texts, shelf)),
    )


def _sides(report: Report) -> list[Report]:
    return [report["reference"], report["candidate"]]


def _lead(report: Report, texts: Texts) -> Markup:
    environments = [side.get("environment") for side in _sides(report)]
    reference, candidate = (
        device_line(side["label"], side.get("environment"), texts) for side in _sides(report)
    )
    return join(
        *pair_lines([(report["verdict"], candidate, reference)], texts),
        paragraph(texts("same_device"), "note") if report["same_device"] else None,
        emulation_note(environments, texts),
    )


def _sections(report: Report, texts: Texts, shelf: AudioShelf) -> Iterator[Section]:
    yield Section("text", texts("heard"), _texts_heard(report, texts, shelf))
    if report["lead_shift"]:
        yield Section("tests", texts("tests"), _leads(report, texts))
    if report["criteria"]:
        note = paragraph(texts("published_note"), "note")
        criteria = join(note, checks_table(report["criteria"], texts))
        yield Section("criteria", texts("criteria"), criteria)
    if speed := _speed(report, texts):
        yield Section("speed", texts("speed"), speed)
    warnings = [line for side in _sides(report) for line in side.get("warnings", ())]
    if warned := warnings_list(warnings, texts):
        yield Section("warnings", texts("warnings"), warned)
    known = [(side["label"], side.get("environment")) for side in _sides(report)]
    if environment := environment_table(known, texts):
        yield Section("environment", texts("environment"), environment)
    facts: list[tuple[str, Content]] = [
        *model_facts(report, texts),
        (texts("audio"), element("code", report["audio"]["path"])),
        (texts("audio_hash"), element("code", report["audio"]["sha256"])),
    ]
    about = join(facts_table(texts("input"), facts, texts), report_facts(report, texts))
    yield Section("report", texts("about_report"), about)


def _leads(report: Report, texts: Texts) -> Markup:
    """Return what decides: whether the reference would have chosen as the candidate did."""
    changes = texts(
        "decided_changes", count=report["decided_changes"], choices=report["rounding"]["choices"]
    )
    return join(
        tests_table([report["lead_shift"]], report["rounding"], texts),
        paragraph(changes),
        sensitivity(report["sensitivity"], texts),
    )


def _texts_heard(report: Report, texts: Texts, shelf: AudioShelf) -> Markup:
    rows: list[Row] = []
    if report["truth"] is not None:
        truth = Cell(report["truth"], "wide")
        rows.append([texts("truth"), truth, amount(MISSING), amount(MISSING)])
    rows += [_heard(side, report["reference"], texts) for side in _sides(report)]
    return join(
        shelf.player(report["audio"]["path"], report["audio"]["sha256"]),
        table(texts("text"), [texts("device"), texts("text"), "WER", "CER"], rows),
        _first_difference(report["first_difference"], texts),
    )


def _heard(side: Report, reference: Report, texts: Texts) -> Row:
    """Return what one side heard, marked where the reference heard something else."""
    errors = side.get("against_truth") or {}
    text: Content = side.get("text") or element("span", texts("empty_text"), class_="quiet")
    if side is not reference and side.get("text") and reference.get("text"):
        text = marked(reference["text"], side["text"])
    return [
        side["label"],
        Cell(ended_badly(side, texts) or text, "wide"),
        amount(share(errors.get("wer"))),
        amount(share(errors.get("cer"))),
    ]


def _first_difference(divergence: Report | None, texts: Texts) -> Markup | None:
    if divergence is None:
        return None
    reference, candidate = divergence["reference"], divergence["candidate"]
    shown = [
        MISSING if choice["id"] is None else f"{choice['text']!r} ({choice['id']})"
        for choice in (reference, candidate)
    ]
    return paragraph(
        texts(
            "tokens_part",
            index=divergence["index"],
            reference=shown[0],
            candidate=shown[1],
            lead=number(reference["margin"]),
            other_lead=number(candidate["margin"]),
        )
    )


def _speed(report: Report, texts: Texts) -> Markup | None:
    """Return times of the sides that ended well; of one run each, so the first call counts."""
    ended = [side for side in _sides(report) if side["status"] == "ok"]
    if not ended:
        return None
    rows = [
        [
            side["label"],
            amount(duration(side["model_load_s"])),
            amount(duration(side["transcribe_s"])),
            amount(number(side["rtf"], 3)),
            amount(size((side["memory"] or {}).get("peak_allocated_bytes"))),
        ]
        for side in ended
    ]
    columns = [texts(key) for key in ("device", "load", "one_run", "rtf", "peak_memory")]
    stages = [(side["label"], side["stage_times_s"]) for side in ended]
    launched = any(side["stage_times_are"] == "launch" for side in ended)
    return join(
        paragraph(texts("first_run_note"), "note"),
        table(texts("speed"), columns, rows),
        paragraph(texts("launch_times_note"), "note") if launched else None,
        stage_chart(texts("stages"), stages, texts),
    )
