"""A report of speed as lines for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.speed.regression import case_key, case_name

_HEAD = (
    f"{'target':<20}{'audio':>12}{'mean':>13}{'p50':>13}{'p90':>13}{'RTF':>9}{'RTFx':>9}"
    f"{'peak':>12}  speed-up (95 % interval)"
)
_COMPARISON_HEAD = (
    f"{'target':<20}{'audio':>12}{'old p50':>13}{'new p50':>13}"
    f"  {'new / old (95 % interval)':<28}outcome"
)
_LOAD_WARNING = 0.5  # runnable processes per CPU before the first measurement


def performance_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of latencies, the stages of each case, what to know, and the comparison.

    Args:
        report: as :func:`measure_performance` returns it.
    """
    speed_ups = {(each["target"], case_key(each)): each for each in report["speed_ups"]}
    yield ""
    yield "[PERFORMANCE]"
    yield _HEAD
    for target in report["targets"]:
        for case in target["cases"]:
            yield _row(target["label"], case, speed_ups.get((target["label"], case_key(case))))
    yield ""
    for target in report["targets"]:
        yield from _details(target)
    yield from _notes(report)
    if report["comparison"]:
        yield from comparison_lines(report["comparison"])


def comparison_lines(comparison: Mapping[str, Any]) -> Iterator[str]:
    """Yield how each case fares against the same case of an older report, and the verdict.

    Args:
        comparison: as :func:`compare_reports` returns it.
    """
    yield ""
    yield f"[COMPARISON] against the report of {comparison['old_time_utc']}"
    yield _COMPARISON_HEAD
    for case in comparison["cases"]:
        yield (
            f"{case['target']:<20}{case_name(case):>12}{_milliseconds(case['old_p50_s'])}"
            f"{_milliseconds(case['new_p50_s'])}  {_ratio(case, 'ratio'):<28}{case['outcome']}"
        )
    yield f"[VERDICT] {comparison['verdict']}"


def comparison_warnings(comparison: Mapping[str, Any]) -> Iterator[str]:
    """Yield what speaks against a comparison with an older report, or is missing from it."""
    for heading, key in (
        ("slower", "regressions"),
        ("undecided", "undecided"),
        ("differs", "differences"),
        ("not compared", "not_compared"),
    ):
        yield from (f"{heading}: {line}" for line in comparison[key])


def _ratio(entry: Mapping[str, Any], key: str) -> str:
    """Return a ratio with its interval, or a dash."""
    if entry[key] is None:
        return "-"
    interval = entry["interval"]
    return f"{entry[key]:.2f}x ({interval['low']:.2f} to {interval['high']:.2f})"


def _row(label: str, case: Mapping[str, Any], speed_up: Mapping[str, Any] | None) -> str:
    audio = case_name(case)
    latency = case["latency"]
    peak_bytes = case["memory"]["peak_allocated_bytes"] if case["complete"] else None
    return (
        f"{label:<20}{audio:>12}{_milliseconds(latency['mean_s'])}{_milliseconds(latency['p50_s'])}"
        f"{_milliseconds(latency['p90_s'])}{case['rtf']:>9.4f}{case['rtfx']:>9.1f}"
        f"{_mebibytes(peak_bytes)}  {'-' if speed_up is None else _ratio(speed_up, 'speed_up')}"
    )


def _details(target: Mapping[str, Any]) -> Iterator[str]:
    """Yield how a target was loaded or why it failed, and the parts of each of its cases."""
    if target["load_s"] is not None:
        yield f"{target['label']}: loaded in {target['load_s']:.2f} s"
    if target["message"]:
        yield f"{target['label']}: {target['status'].replace('_', ' ')}: {target['message']}"
    for case in target["cases"]:
        yield f"  {case_name(case)}: {', '.join(_parts(case))}"


def _parts(case: Mapping[str, Any]) -> Iterator[str]:
    """Yield what one case consists of: its first call, its stages, and how much there was to do."""
    if case["first_s"] is not None:
        yield f"first call {case['first_s'] * 1e3:.1f} ms"
    for name, stage in case.get("stages", {}).items():
        yield f"{name.replace('_', ' ')} {stage['median_s'] * 1e3:.1f} ms"
    if not case["complete"]:
        return
    yield f"{_counted(case['windows'], 'window')}, up to {case['batch_size_used']} together"
    if case["tokens"] is not None:
        yield _counted(case["tokens"], "token")


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    notes = {
        case["latency"]["note"]: None
        for target in report["targets"]
        for case in target["cases"]
        if case["latency"]["note"]
    }
    yield from notes
    if any(case["batch_size"] > 1 for target in report["targets"] for case in target["cases"]):
        yield "D s x N: one audio of N recordings of D s; up to N of its windows may run together"
    load, cpus = report["load_average"], report["platform"]["cpu_count"] or 1
    if load > _LOAD_WARNING * cpus:
        yield (
            f"the machine was busy at the start (load {load:.1f} on {cpus} CPUs): "
            "a quiet one is faster"
        )


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:>10.1f} ms"


def _mebibytes(count: int | None) -> str:
    return f"{'-':>12}" if count is None else f"{count / 2**20:>8.0f} MiB"
