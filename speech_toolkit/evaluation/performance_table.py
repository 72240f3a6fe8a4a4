"""A report of speed as lines for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.performance import case_key

_HEAD = (
    f"{'target':<18}{'audio':>12}{'mean':>13}{'p50':>13}{'p90':>13}{'RTF':>9}{'RTFx':>9}"
    f"{'speed-up':>10}{'peak':>12}"
)
_LOAD_WARNING = 0.5  # runnable processes per CPU before the first measurement


def performance_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of latencies, the stages of each case, and what to know about them.

    Args:
        report: as :func:`measure_performance` returns it.
    """
    speed_ups = {(each["target"], case_key(each)): each["speed_up"] for each in report["speed_ups"]}
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


def _row(label: str, case: Mapping[str, Any], speed_up: float | None) -> str:
    audio = f"{case['duration_s']:g} s x {case['batch_size']}"
    latency = case["latency"]
    peak_bytes = case["memory"]["peak_allocated_bytes"] if case["complete"] else None
    return (
        f"{label:<18}{audio:>12}{_milliseconds(latency['mean_s'])}{_milliseconds(latency['p50_s'])}"
        f"{_milliseconds(latency['p90_s'])}{case['rtf']:>9.4f}{case['rtfx']:>9.1f}"
        f"{'-' if speed_up is None else f'{speed_up:.2f}x':>10}{_mebibytes(peak_bytes)}"
    )


def _details(target: Mapping[str, Any]) -> Iterator[str]:
    """Yield how a target was loaded or why it failed, and the parts of each of its cases."""
    if target["load_s"] is not None:
        yield f"{target['label']}: loaded in {target['load_s']:.2f} s"
    if target["message"]:
        yield f"{target['label']}: {target['status'].replace('_', ' ')}: {target['message']}"
    for case in target["cases"]:
        yield f"  {case['duration_s']:g} s x {case['batch_size']}: {', '.join(_parts(case))}"


def _parts(case: Mapping[str, Any]) -> Iterator[str]:
    """Yield what one case consists of: its first call, its stages, and how much there was to do."""
    if case["first_s"] is not None:
        yield f"first call {case['first_s'] * 1e3:.1f} ms"
    for name, stage in case.get("stages", {}).items():
        yield f"{name.replace('_', ' ')} {stage['median_s'] * 1e3:.1f} ms"
    for name in ("window", "token"):
        count = case.get(f"{name}s")
        if count is not None:
            yield f"{count} {name}" if count == 1 else f"{count} {name}s"


def _notes(report: Mapping[str, Any]) -> Iterator[str]:
    notes = {
        case["latency"]["note"]: None
        for target in report["targets"]
        for case in target["cases"]
        if case["latency"]["note"]
    }
    yield from notes
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
