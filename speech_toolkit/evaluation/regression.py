"""Hold a report of speed against an older one of the same machine, model and input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.performance import KIND, case_key

_MACHINE = ("device_name", "cpu_model", "threads", "total_memory_bytes")
_MODEL = ("class", "parameters", "attn_implementation")


def read_report(path: str) -> dict[str, Any]:
    """Read an older report of this script.

    Raises:
        UsageError: the file cannot be read, or is no such report.
    """
    try:
        report = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(f"--compare {path}: cannot be read as a report ({error})") from error
    if not isinstance(report, dict) or report.get("kind") != KIND:
        raise UsageError(f"--compare {path}: is no report of eval_perf.py; give one of those")
    return report


def parse_percentage(text: str) -> float:
    """Turn "10%" into 0.1.

    Raises:
        ValueError: there is no percent sign, no number before it, or one below 0.
    """
    number, sign, rest = text.strip().partition("%")
    share = float(number) / 100
    if not sign or rest or not 0 <= share < float("inf"):
        raise ValueError(f"{text!r} is no percentage such as 10%")
    return share


def compare_reports(
    old: Mapping[str, Any], new: Mapping[str, Any], max_regression: float
) -> dict[str, Any]:
    """Compare the median latencies of all cases that both reports hold.

    Args:
        old: the report to be measured against.
        new: the report just made.
        max_regression: by what share a median may grow.

    Returns:
        ``differences`` in machine, model, settings or input, each a line; ``cases``, each with both
        medians and their change; ``regressions`` and ``not_compared``, each a line a case. A case
        that the old report measured to its end and that failed now counts as a regression.
    """
    old_targets = {_identity(target): target for target in old["targets"]}
    cases: list[dict[str, Any]] = []
    regressions, not_compared = [], []
    differences = list(_differences_of_reports(old, new))
    for target in new["targets"]:
        before = old_targets.get(_identity(target))
        if before is None:
            not_compared.append(f"{target['label']}: not in the old report")
            continue
        differences += _differences_of_targets(before, target)
        now = {case_key(case): case for case in target["cases"] if case["complete"]}
        for then in before["cases"]:
            name = f"{target['label']}, {then['duration_s']:g} s x {then['batch_size']}"
            if case_key(then) in now:
                case = _compare_case(target["label"], then, now[case_key(then)], max_regression)
                cases.append(case)
                if case["regression"]:
                    regressions.append(f"{name}: {case['change']:+.1%} in the median")
                if not case["same_input"]:
                    differences.append(f"{name}: other input samples")
            elif target["status"] == "ok":
                not_compared.append(f"{name}: not measured now")
            else:
                regressions.append(f"{name}: {target['message']}")
    return {
        "old_time_utc": old.get("time_utc"),
        "old_commit": old.get("toolkit", {}).get("commit"),
        "max_regression": max_regression,
        "differences": differences,
        "cases": cases,
        "regressions": regressions,
        "not_compared": not_compared,
    }


def _identity(target: Mapping[str, Any]) -> tuple[str, str]:
    """Return the device as it was resolved, and the dtype."""
    environment = target.get("environment") or {}
    return environment.get("device", target["device"]), target["dtype"]


def _compare_case(
    label: str, old: Mapping[str, Any], new: Mapping[str, Any], max_regression: float
) -> dict[str, Any]:
    old_s, new_s = old["latency"]["p50_s"], new["latency"]["p50_s"]
    change = new_s / old_s - 1
    return {
        "target": label,
        "duration_s": new["duration_s"],
        "batch_size": new["batch_size"],
        "old_p50_s": old_s,
        "new_p50_s": new_s,
        "change": change,
        "regression": change > max_regression,
        "same_input": old["input_sha256"] == new["input_sha256"],
    }


def _differences_of_reports(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old["model"]["weights_sha256"] != new["model"]["weights_sha256"]:
        yield f"other weights: {old['model']['path']} then, {new['model']['path']} now"
    for setting in ("warmup", "max_new_tokens", "decode_graph"):
        then, now = old["config"].get(setting), new["config"].get(setting)
        if then != now:
            yield f"{setting}: {then} then, {now} now"


def _differences_of_targets(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for part, keys in (("environment", _MACHINE), ("model", _MODEL)):
        if old[part] is None or new[part] is None:
            continue
        for key in keys:
            then, now = old[part].get(key), new[part].get(key)
            if then != now:
                yield f"{new['label']}: {key} {then} then, {now} now"
