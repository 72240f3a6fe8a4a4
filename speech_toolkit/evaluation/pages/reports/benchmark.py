"""The page of a benchmark of one recording, made by inference_whisper.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.pages.charts.time_charts import Runs, latency_chart, stage_chart
from speech_toolkit.evaluation.pages.page import Page
from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
from speech_toolkit.evaluation.pages.parts.shared import (
    device_line,
    emulation_note,
    environment_table,
    facts_table,
    model_facts,
    report_facts,
    warnings_list,
)
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.elements import Content, Markup, element, join, paragraph
from speech_toolkit.page_parts.figures import duration, number, size
from speech_toolkit.page_parts.layout import Section
from speech_toolkit.page_parts.tables import amount, table

Report = Mapping[str, Any]
_LATENCIES = ("mean_s", "std_s", "min_s", "p50_s", "p90_s", "p99_s", "max_s")
_MEMORY = ("allocated_bytes", "peak_allocated_bytes", "peak_reserved_bytes", "rss_bytes")


def benchmark_page(report: Report, texts: Texts, shelf: AudioShelf) -> Page:
    """Take a benchmark apart."""
    environment = report["environment"]
    return Page(
        texts("benchmark_title"),
        None,
        join(
            paragraph(device_line(_label(report), environment, texts)),
            emulation_note([environment], texts),
        ),
        [],
        [
            (texts("rtfx"), number(report["rtfx"], 3)),
            ("p50", duration(report["latency"]["p50_s"])),
            (texts("load"), duration(report["load_s"])),
        ],
        list(_sections(report, texts, shelf)),
    )


def _label(report: Report) -> str:
    return f"{report['device']} {report['dtype']}"


def _sections(report: Report, texts: Texts, shelf: AudioShelf) -> Iterator[Section]:
    yield Section("latency", texts("latency"), _latency(report, texts))
    yield Section("stages", texts("stages"), _stages(report, texts))
    yield Section("memory", texts("memory"), _memory(report, texts))
    yield Section("text", texts("heard"), _text(report, texts, shelf))
    if warned := warnings_list(report["warnings"], texts):
        yield Section("warnings", texts("warnings"), warned)
    environment = environment_table([(_label(report), report["environment"])], texts)
    if environment:
        yield Section("environment", texts("environment"), environment)
    yield Section("report", texts("about_report"), _about(report, texts))


def _latency(report: Report, texts: Texts) -> Markup:
    latency = report["latency"]
    columns = ["first_call", *(key.removesuffix("_s") for key in _LATENCIES), "rtf", "rtfx"]
    row = [
        amount(duration(report["first_s"])),
        *(amount(duration(latency[key])) for key in _LATENCIES),
        amount(number(report["rtf"], 3)),
        amount(number(report["rtfx"], 3)),
    ]
    runs = Runs(_label(report), report["runs_s"], latency["p50_s"], latency["p90_s"])
    note = latency["note"]
    return join(
        table(texts("latency"), [texts(key) for key in columns], [row]),
        paragraph(texts.sentence(note), "note") if note else None,
        latency_chart(texts("latency_chart"), [runs], texts),
    )


def _stages(report: Report, texts: Texts) -> Markup:
    medians = {name: stage["median_s"] for name, stage in report["stages"].items()}
    row = [
        amount(str(report["windows"])),
        amount(str(report["tokens"])),
        amount(duration(report["seconds_per_token"])),
    ]
    columns = [texts(key) for key in ("windows", "tokens", "per_token")]
    return join(
        paragraph(texts("stages_note"), "note"),
        table(texts("tokens"), columns, [row]),
        stage_chart(texts("stages"), [(_label(report), medians)], texts),
    )


def _memory(report: Report, texts: Texts) -> Markup:
    measured = [(texts("loaded"), report["memory_loaded"]), (texts("after_runs"), report["memory"])]
    rows = [
        [name, *(amount(size(memory.get(key))) for key in _MEMORY)] for name, memory in measured
    ]
    return table(texts("memory"), [texts("fact"), *map(texts, _MEMORY)], rows)


def _text(report: Report, texts: Texts, shelf: AudioShelf) -> Markup:
    audio = report["audio"]
    empty = element("span", texts("empty_text"), class_="quiet")
    return join(shelf.player(audio["path"], audio["sha256"]), paragraph(report["text"] or empty))


def _about(report: Report, texts: Texts) -> Markup:
    audio = report["audio"]
    facts: list[tuple[str, Content]] = [
        *model_facts(report, texts),
        (texts("audio"), element("code", audio["path"])),
        (texts("audio_length"), duration(audio["duration_s"])),
        (texts("audio_hash"), element("code", audio["sha256"])),
        (texts("percentile_method"), texts.sentence(report["percentile_method"])),
    ]
    return join(facts_table(texts("input"), facts, texts), report_facts(report, texts))
