"""The page of a report of speed, made by eval_perf.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.pages.charts.time_charts import Runs, latency_chart, stage_chart
from speech_toolkit.evaluation.pages.page import Page
from speech_toolkit.evaluation.pages.parts.shared import (
    badge,
    device_line,
    emulation_note,
    ended_badly,
    environment_table,
    facts_table,
    model_facts,
    report_facts,
    warnings_list,
)
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS
from speech_toolkit.page_parts.elements import (
    Content,
    Markup,
    bullets,
    code,
    element,
    join,
    paragraph,
)
from speech_toolkit.page_parts.figures import (
    MISSING,
    duration,
    number,
    share,
    size,
    times,
    times_interval,
)
from speech_toolkit.page_parts.layout import Section
from speech_toolkit.page_parts.tables import Row, amount, table

_BADGES = {"slower": FAIL, "faster": PASS, "within limit": PASS, "undecided": NOT_VALID}
Report = Mapping[str, Any]


def performance_page(report: Report, texts: Texts) -> Page:
    """Take a report of speed apart."""
    return Page(
        texts("perf_title"),
        _verdict(report),
        _lead(report, texts),
        [texts.sentence(reason) for reason in _reasons(report)],
        _headline(report, texts),
        list(_sections(report, texts)),
    )


def _verdict(report: Report) -> str | None:
    """Return the verdict on a comparison with an older report, None where nothing is judged."""
    verdict = (report["comparison"] or {}).get("verdict")
    return NOT_VALID if report["not_valid"] and verdict != FAIL else verdict


def _reasons(report: Report) -> list[str]:
    comparison = report["comparison"] or {"regressions": [], "undecided": []}
    return [*report["not_valid"], *comparison["regressions"], *comparison["undecided"]]


def _lead(report: Report, texts: Texts) -> Markup:
    lines = [
        paragraph(device_line(target["label"], target["environment"], texts))
        for target in report["targets"]
    ]
    return join(
        *lines,
        paragraph(element("code", report["model"]["path"]), "quiet"),
        emulation_note([target["environment"] for target in report["targets"]], texts),
    )


def _headline(report: Report, texts: Texts) -> list[tuple[str, str]]:
    """Return the best throughput of each device, and the largest speed-up."""
    figures = [
        (
            texts("rtfx_of", device=target["label"]),
            f"{number(max(case['rtfx'] for case in target['cases']), 3)}",
        )
        for target in report["targets"]
        if target["cases"]
    ]
    found = [each["speed_up"] for each in report["speed_ups"] if each["speed_up"] is not None]
    return figures + ([(texts("largest_speed_up"), times(max(found)))] if found else [])


def _sections(report: Report, texts: Texts) -> Iterator[Section]:
    yield Section("latency", texts("latency"), _latency(report, texts))
    if stages := _stages(report, texts):
        yield Section("stages", texts("stages"), stages)
    yield Section("memory", texts("memory"), _memory(report, texts))
    if report["comparison"]:
        yield Section("comparison", texts("older_report"), _comparison(report["comparison"], texts))
    if warned := bullets(list(dict.fromkeys(_warnings(report, texts)))):
        yield Section("warnings", texts("warnings"), warned)
    environments = [(target["label"], target["environment"]) for target in report["targets"]]
    if environment := environment_table(environments, texts):
        yield Section("environment", texts("environment"), environment)
    yield Section("report", texts("about_report"), _about(report, texts))


def _case_name(case: Report) -> str:
    return f"{case['duration_s']:g} s × {case['batch_size']}"


def _cases(report: Report) -> dict[str, list[tuple[str, Report]]]:
    """Return label and case of each target, by the name of the case."""
    cases: dict[str, list[tuple[str, Report]]] = {}
    for target in report["targets"]:
        for case in target["cases"]:
            cases.setdefault(_case_name(case), []).append((target["label"], case))
    return cases


def _latency(report: Report, texts: Texts) -> Markup:
    speed_ups = {(each["target"], _case_name(each)): each for each in report["speed_ups"]}
    columns = ["case", "device", "first_call", "mean", "std", "min", "p50", "p90", "p99", "max"]
    columns += ["rtf", "rtfx", "recordings_per_s", "speed_up", "interval", "agreement"]
    by_case = _cases(report)
    rows = [
        _latency_row(name, label, case, speed_ups.get((label, name)), texts)
        for name, members in by_case.items()
        for label, case in members
    ]
    charts = [
        latency_chart(texts("latency_of", case=name), [_runs(*each) for each in members], texts)
        for name, members in by_case.items()
    ]
    failures = [
        join(element("h3", target["label"]), failure)
        for target in report["targets"]
        if (failure := ended_badly(target, texts)) is not None
    ]
    notes = dict.fromkeys(
        case["latency"]["note"] for members in by_case.values() for _, case in members
    )
    return join(
        *failures,
        paragraph(texts("cases_note"), "note"),
        table(texts("latency"), [texts(column) for column in columns], rows) if rows else None,
        *(paragraph(texts.sentence(note), "note") for note in notes if note),
        *charts,
    )


def _runs(label: str, case: Report) -> Runs:
    return Runs(label, case["runs_s"], case["latency"]["p50_s"], case["latency"]["p90_s"])


def _latency_row(name: str, label: str, case: Report, speed_up: Report | None, texts: Texts) -> Row:
    latency = case["latency"]
    keys = ("mean_s", "std_s", "min_s", "p50_s", "p90_s", "p99_s", "max_s")
    faster = MISSING
    if speed_up is not None:
        faster = texts("withheld") if speed_up["speed_up"] is None else times(speed_up["speed_up"])
    return [
        name if case["complete"] else join(name, " ", element("i", texts("incomplete"))),
        label,
        amount(duration(case["first_s"])),
        *(amount(duration(latency[key]), latency[key]) for key in keys),
        amount(number(case["rtf"], 3)),
        amount(number(case["rtfx"], 3)),
        amount(number(case["recordings_per_s"], 3)),
        amount(faster),
        amount(times_interval(speed_up["interval"] if speed_up else None)),
        amount(share(speed_up["agreement"] if speed_up else None)),
    ]


def _stages(report: Report, texts: Texts) -> Markup | None:
    """Return what the time of each case goes to, None where no stage was measured."""
    charts = []
    for name, members in _cases(report).items():
        staged = [
            (label, {stage: times_s["median_s"] for stage, times_s in case["stages"].items()})
            for label, case in members
            if case.get("stages")
        ]
        if staged:
            charts.append(stage_chart(texts("stages_of", case=name), staged, texts))
    work = _work(report, texts)
    return join(paragraph(texts("stages_note"), "note"), work, *charts) if charts else None


def _work(report: Report, texts: Texts) -> Markup:
    """Return what went through the model in each case, and what came out."""
    rows = [
        [
            name,
            label,
            amount(str(case["windows"])),
            amount(str(case["batch_size_used"])),
            amount(MISSING if case["tokens"] is None else str(case["tokens"])),
            amount(duration(case["seconds_per_token"])),
        ]
        for name, members in _cases(report).items()
        for label, case in members
        if case["complete"]
    ]
    columns = ["case", "device", "windows", "windows_together", "tokens", "per_token"]
    return table(texts("windows"), [texts(column) for column in columns], rows)


def _memory(report: Report, texts: Texts) -> Markup:
    keys = ("allocated_bytes", "peak_allocated_bytes", "peak_reserved_bytes", "rss_bytes")
    rows: list[Row] = []
    for target in report["targets"]:
        measured = [(texts("loaded"), target["memory_loaded"])]
        measured += [(_case_name(case), case.get("memory")) for case in target["cases"]]
        rows += [
            [target["label"], name, *(amount(size(memory.get(key))) for key in keys)]
            for name, memory in measured
            if memory
        ]
    if not rows:
        return paragraph(texts("not_measured"), "note")
    columns = [texts(key) for key in ("device", "case", *keys)]
    return table(texts("memory"), columns, rows)


def _comparison(comparison: Report, texts: Texts) -> Markup:
    """Return how each case fares against the same case of an older report."""
    rows = [
        [
            case["target"],
            _case_name(case),
            amount(duration(case["old_p50_s"])),
            amount(duration(case["new_p50_s"])),
            amount(times(case["ratio"])),
            amount(times_interval(case["interval"])),
            badge(_BADGES[case["outcome"]], texts, case["outcome"]),
        ]
        for case in comparison["cases"]
    ]
    columns = ["device", "case", "old_p50", "new_p50", "new_to_old", "interval", "outcome"]
    facts: list[tuple[str, Content]] = [
        (texts("old_time"), comparison["old_time_utc"]),
        (texts("old_commit"), comparison["old_commit"]),
        (texts("max_regression"), share(comparison["max_regression"])),
    ]
    notes = warnings_list([*comparison["differences"], *comparison["not_compared"]], texts)
    return join(
        facts_table(texts("older_report"), facts, texts),
        table(texts("older_report"), [texts(key) for key in columns], rows) if rows else None,
        notes,
    )


def _warnings(report: Report, texts: Texts) -> Iterator[Content]:
    for each in report["speed_ups"]:
        if each["withheld"]:
            case = f"{each['target']}, {_case_name(each)}: "
            yield join(case, texts.sentence(each["withheld"]))
    for target in report["targets"]:
        if target["fallback_ops"]:
            operators = code(", ".join(target["fallback_ops"]))
            yield join(f"{target['label']}: {texts('fallback_ops')}: ", operators)
    for target in report["targets"]:
        for case in target["cases"]:
            for warning in case.get("warnings", ()):
                name = f"{target['label']}, {_case_name(case)}: "
                yield join(name, texts.sentence(warning))


def _about(report: Report, texts: Texts) -> Markup:
    source = report["input"]
    classes = dict.fromkeys(t["model"]["class"] for t in report["targets"] if t["model"])
    facts: list[tuple[str, Content]] = [
        *model_facts(report, texts),
        (texts("module_class"), ", ".join(classes)),
        (texts("audio"), texts.sentence(source["source"])),
        (texts("sample_rate"), f"{source['sample_rate_hz']} Hz"),
        (texts("seed"), None if source["seed"] is None else str(source["seed"])),
        (texts("load_average"), number(report["load_average"], 3)),
        (texts("percentile_method"), texts.sentence(report["percentile_method"])),
    ]
    loads = [
        [target["label"], amount(duration(target["load_s"])), amount(duration(target["elapsed_s"]))]
        for target in report["targets"]
    ]
    columns = [texts(key) for key in ("device", "load", "elapsed")]
    return join(
        facts_table(texts("input"), facts, texts),
        table(texts("load"), columns, loads),
        report_facts(report, texts),
    )
