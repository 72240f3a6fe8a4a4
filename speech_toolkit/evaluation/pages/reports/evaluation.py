"""The page of a report of numerical parity, made by evaluate.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.pages.charts.time_charts import Runs, latency_chart
from speech_toolkit.evaluation.pages.page import Page
from speech_toolkit.evaluation.pages.parts import budget, parity
from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
from speech_toolkit.evaluation.pages.parts.shared import (
    badge,
    checks_table,
    device_line,
    emulation_note,
    ended_badly,
    environment_table,
    facts_table,
    model_facts,
    pair_lines,
    report_facts,
    warnings_list,
)
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.evaluation.parity.limits import TIGHT
from speech_toolkit.evaluation.thresholds import PASS
from speech_toolkit.page_parts.elements import Content, Markup, element, join, paragraph
from speech_toolkit.page_parts.figures import (
    MISSING,
    duration,
    error_size,
    number,
    share,
    size,
    times,
    times_interval,
)
from speech_toolkit.page_parts.layout import Section
from speech_toolkit.page_parts.tables import amount, table

Report = Mapping[str, Any]


def evaluation_page(report: Report, texts: Texts, shelf: AudioShelf) -> Page:
    """Take a report of parity apart."""
    return Page(
        texts("evaluation_title"),
        report["verdict"],
        _lead(report, texts),
        _reasons(report, texts),
        _headline(report, texts),
        list(_sections(report, texts, shelf)),
    )


def _runs(report: Report) -> list[Report]:
    return [report["reference"], *report["candidates"]]


def _lead(report: Report, texts: Texts) -> Markup:
    reference = report["reference"]
    held = device_line(reference["label"], reference["environment"], texts)
    pairs = [
        (each["verdict"], device_line(each["label"], each["environment"], texts), held)
        for each in report["candidates"]
    ]
    return join(
        *(pair_lines(pairs, texts) or [paragraph(held)]),
        paragraph(element("code", report["model"]["path"]), "quiet"),
        emulation_note([run["environment"] for run in _runs(report)], texts),
    )


def _reasons(report: Report, texts: Texts) -> list[Content]:
    own = [texts.sentence(reason) for reason in report["reasons"]]
    return own + [
        join(f"{candidate['label']}: ", texts.sentence(reason))
        for candidate in report["candidates"]
        for reason in candidate["reasons"]
    ]


def _headline(report: Report, texts: Texts) -> list[tuple[str, str]]:
    """Return the figures of the first candidate that count most."""
    known = [candidate for candidate in report["candidates"] if candidate.get("outputs")]
    if not known:
        return []
    candidate = known[0]
    logits = candidate["outputs"]["logits"]
    speed_up = candidate["speedup"]
    return [
        (texts("relative_error"), error_size(logits["relative_error"], "NaN/Inf")),
        (texts("snr"), f"{number(logits['snr_db'], 3)} dB"),
        (texts("argmax_agreement"), share(logits["distributions"]["argmax_agreement"])),
        (texts("speed_up"), times(speed_up) if speed_up else texts("withheld")),
    ]


def _sections(report: Report, texts: Texts, shelf: AudioShelf) -> Iterator[Section]:
    for index, candidate in enumerate(report["candidates"], start=1):
        title = texts("comparison_of", candidate=candidate["label"])
        yield Section(f"candidate-{index}", title, _candidate(candidate, texts))
    yield Section("speed", texts("speed"), _speed(report, texts))
    if floor := _noise_floor(report, texts):
        yield Section("noise", texts("noise_floor"), floor)
    yield Section("input", texts("input"), _input(report, texts, shelf))
    if warned := warnings_list(report["warnings"], texts):
        yield Section("warnings", texts("warnings"), warned)
    environments = [(run["label"], run["environment"]) for run in _runs(report)]
    if environment := environment_table(environments, texts):
        yield Section("environment", texts("environment"), environment)
    yield Section("report", texts("about_report"), report_facts(report, texts))


def _candidate(candidate: Report, texts: Texts) -> Markup:
    failed = ended_badly(candidate, texts)
    if failed is not None:
        return join(failed, paragraph(texts("nothing_compared"), "note"))
    parts = [
        (
            "criteria",
            join(
                _limits_note(candidate, texts),
                checks_table(candidate["checks"], texts),
                _published(candidate, texts),
                parity.sensitivity(candidate["sensitivity"], texts)
                if candidate["verdict"] == PASS
                else None,
            ),
        ),
        ("device_work", parity.device_findings(candidate, texts)),
        ("outputs", parity.outputs(candidate["outputs"], texts)),
        ("task", parity.task(candidate["task"], texts)),
        ("layers", parity.layers(candidate["layers"], texts)),
        ("golden", parity.golden(candidate["golden"], texts)),
        ("emulated_rounding", parity.emulations(candidate["emulated"], texts)),
        ("budget", budget.budget(candidate.get("budget"), texts)),
    ]
    return join(
        *(join(element("h3", texts(key)), content) for key, content in parts if content is not None)
    )


def _limits_note(candidate: Report, texts: Texts) -> Markup:
    return paragraph(texts("limits_of", dtype=candidate["limits_of"]), "note")


def _published(candidate: Report, texts: Texts) -> Markup | None:
    """Return what the published limits lead to, where tighter ones decide."""
    if candidate.get("limit_set") != TIGHT:
        return None
    found = candidate["published"]
    return join(
        paragraph(join(texts("published_limits"), " ", badge(found["verdict"], texts))),
        checks_table(found["checks"], texts),
    )


def _speed(report: Report, texts: Texts) -> Markup:
    audio_s = report["input"]["audio_s"]
    columns = ["device", "load", "first_call", "mean", "p50", "p90", "p99", "rtf", "rtfx"]
    columns += ["speed_up", "interval", "peak_memory"]
    rows = [_speed_row(run, report, audio_s, texts) for run in _runs(report)]
    timed = [run for run in _runs(report) if run["timing"]]
    devices = [
        Runs(
            run["label"],
            run["timing"]["runs_s"],
            run["timing"]["latency"]["p50_s"],
            run["timing"]["latency"]["p90_s"],
        )
        for run in timed
    ]
    notes = list(dict.fromkeys(run["timing"]["latency"]["note"] for run in timed))
    return join(
        table(texts("speed"), [texts(column) for column in columns], rows),
        *(paragraph(texts.sentence(note), "note") for note in notes if note),
        latency_chart(texts("latency_chart"), devices, texts) if devices else None,
    )


def _speed_row(run: Report, report: Report, audio_s: float, texts: Texts) -> list[Any]:
    if not run["timing"]:
        return [run["label"], amount(texts.name(run["status"])), *[amount(MISSING)] * 10]
    timing, memory = run["timing"], run["memory"] or {}
    latency = timing["latency"]
    speed_up = times(run.get("speedup"))
    if run is not report["reference"] and run["speedup"] is None:
        speed_up = texts("withheld")
    seconds = [run["load_s"], timing["first_s"]]
    seconds += [latency[key] for key in ("mean_s", "p50_s", "p90_s", "p99_s")]
    mean_s = latency["mean_s"]
    return [
        run["label"],
        *(amount(duration(value)) for value in seconds),
        amount(number(mean_s / audio_s, 3)),
        amount(number(audio_s / mean_s, 3)),
        amount(speed_up),
        amount(times_interval(run.get("speedup_interval"))),
        amount(size(memory.get("peak_allocated_bytes"))),
    ]


def _noise_floor(report: Report, texts: Texts) -> Markup | None:
    """Return how far the reference is from itself with other numbers of threads."""
    floor = report["noise_floor"] or {}
    by_threads = floor.get("relative_error_by_threads")
    if not by_threads:
        return None
    outputs = list(dict.fromkeys(name for errors in by_threads.values() for name in errors))
    rows = [
        [threads, *(amount(error_size(errors.get(name))) for name in outputs)]
        for threads, errors in by_threads.items()
    ]
    return join(
        paragraph(texts("noise_note", threads=floor["threads"]), "note"),
        table(texts("noise_floor"), [texts("threads"), *outputs], rows),
    )


def _input(report: Report, texts: Texts, shelf: AudioShelf) -> Markup:
    source = report["input"]
    facts: list[tuple[str, Content]] = [
        *model_facts(report, texts),
        (texts("audio"), element("code", source["audio_path"])),
        (texts("audio_length"), duration(source["audio_s"])),
        (texts("sample_rate"), f"{source['sample_rate_hz']} Hz"),
        (texts("audio_hash"), element("code", source["audio_sha256"])),
    ]
    player = shelf.player(source["audio_path"], source["audio_sha256"])
    return join(player, facts_table(texts("input"), facts, texts))
