"""Hold a report of speed against an older one of the same machine, model and input.

What decides is the interval of the ratio of the raw runs: a case became slower where all of the
interval lies above what is allowed, and passes where none of it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.metrics.intervals import (
    FEWEST_RUNS,
    RatioInterval,
    ratio_interval,
    runs_needed,
)
from speech_toolkit.evaluation.thresholds import FAIL, NOT_VALID, PASS

SLOWER, FASTER, WITHIN_LIMIT, UNDECIDED = "slower", "faster", "within limit", "undecided"
SETTINGS = ("warmup", "max_new_tokens", "decode_graph")
_MACHINE = ("device_name", "cpu_model", "threads", "total_memory_bytes")
_ROUNDINGS = ("hf32", "tf32")  # of float32
_MODEL = ("class", "parameters", "attn_implementation")
# What a kernel or a hypervisor keeps for itself varies from boot to boot; what is counted as a
# parameter, with what a version of the toolkit folds into another one when it loads a model.
_TOLERANCE = {"total_memory_bytes": 0.05, "parameters": 0.001}
Report = Mapping[str, Any]


def case_key(case: Report) -> tuple[float, int]:
    """Return what tells a case from the others of its target."""
    return case["duration_s"], case["batch_size"]


def case_name(case: Report) -> str:
    """Return a case as reports name it, such as "30 s x 4"."""
    return f"{case['duration_s']:g} s x {case['batch_size']}"


def compare_reports(
    old: Report, new: Report, max_regression: float, *, allow_differences: bool = False
) -> dict[str, Any]:
    """Compare the runs of all cases that both reports hold.

    Args:
        old: the report to be measured against.
        new: the later report.
        max_regression: by what share a case may become slower.
        allow_differences: whether reports of different machines, models, settings or inputs can be
            compared all the same.

    Returns:
        ``comparison`` of ``results/schemas/perf.schema.json``. A case that the old report measured
        to its end and that failed now counts as a regression.
    """
    held = _Comparison(max_regression, list(_differences_of_reports(old, new)))
    old_targets = {_identity(target): target for target in old["targets"]}
    for target in new["targets"]:
        before = old_targets.get(_identity(target))
        if before is None:
            held.not_compared.append(f"{target['label']}: not in the old report")
        else:
            held.compare_target(before, target)
    return {
        "verdict": held.verdict(allow_differences),
        "old_time_utc": old.get("time_utc"),
        "old_commit": old.get("toolkit", {}).get("commit"),
        "max_regression": max_regression,
        "differences": held.differences,
        "differences_allowed": allow_differences,
        "cases": held.cases,
        "regressions": held.lines[SLOWER],
        "improvements": held.lines[FASTER],
        "undecided": held.lines[UNDECIDED],
        "not_compared": held.not_compared,
    }


def refuse_incomparable(
    old: Report, new: Report, source: str, *, allow_differences: bool = False
) -> None:
    """Raise where two reports cannot be compared, as far as is known of the new one.

    Args:
        old: the report to be measured against.
        new: a report, or what is known of one before anything is measured: its model, settings
            and targets, each with its environment and the key and input of its cases.
        source: names the old report in messages.
        allow_differences: as for :func:`compare_reports`.

    Raises:
        UsageError: they differ in what shapes the times, or have no case in common.
    """
    differences = list(_differences_of_reports(old, new))
    in_common = False
    for before, target in _pairs(old, new):
        differences += _differences_of_targets(before, target)
        then = {case_key(case): case for case in before["cases"]}
        shared = [case for case in target["cases"] if case_key(case) in then]
        in_common = in_common or bool(shared)
        differences += [
            f"{target['label']}, {case_name(case)}: other input samples"
            for case in shared
            if then[case_key(case)]["input_sha256"] != case["input_sha256"]
        ]
    if not in_common:
        there = [
            f"{target['label']}, {case_name(case)}"
            for target in old["targets"]
            for case in target["cases"]
        ]
        raise UsageError(
            f"{source}: has no case in common with this run; it holds "
            f"{'; '.join(there) or 'none at all'}"
        )
    if differences and not allow_differences:
        refuse_differences(differences, source)


def refuse_differences(differences: Sequence[str], source: str) -> NoReturn:
    """Raise that two reports cannot be compared.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        f"{source}: not comparable ({'; '.join(differences)}); "
        "measure both alike, or give --allow_different_machine"
    )


@dataclass
class _Comparison:
    """What was found so far."""

    max_regression: float
    differences: list[str]
    cases: list[dict[str, Any]] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    lines: dict[str, list[str]] = field(
        default_factory=lambda: {SLOWER: [], FASTER: [], WITHIN_LIMIT: [], UNDECIDED: []}
    )

    def compare_target(self, before: Report, target: Report) -> None:
        """Hold a target's cases against those that it had before."""
        self.differences += _differences_of_targets(before, target)
        now = {case_key(case): case for case in target["cases"]}
        for then in before["cases"]:
            name = f"{target['label']}, {case_name(then)}"
            measured = now.get(case_key(then))
            if measured is not None and measured["complete"]:
                self._compare_case(name, target["label"], then, measured)
            elif target["status"] == "ok" or not then["complete"]:
                self.not_compared.append(f"{name}: not measured now")
            else:
                self.lines[SLOWER].append(f"{name}: {target['message']}")

    def verdict(self, allow_differences: bool) -> str:
        """Return what all cases together show."""
        if self.differences and not allow_differences:
            return NOT_VALID
        if self.lines[SLOWER]:
            return FAIL
        return NOT_VALID if self.lines[UNDECIDED] or not self.cases else PASS

    def _compare_case(self, name: str, label: str, old: Report, new: Report) -> None:
        outcome, figures, said = self._judge(old, new)
        self.lines[outcome].append(f"{name}: {said}")
        same_input = old["input_sha256"] == new["input_sha256"]
        if not same_input:
            self.differences.append(f"{name}: other input samples")
        self.cases.append(
            {
                "target": label,
                "duration_s": new["duration_s"],
                "batch_size": new["batch_size"],
                "old_p50_s": old["latency"]["p50_s"],
                "new_p50_s": new["latency"]["p50_s"],
                **figures,
                "outcome": outcome,
                "same_input": same_input,
            }
        )

    def _judge(self, old: Report, new: Report) -> tuple[str, dict[str, Any], str]:
        """Return the outcome, the figures that it rests on, and a line about it."""
        nothing = {"ratio": None, "interval": None}
        if no_evidence := new.get("no_evidence") or old.get("no_evidence"):
            return UNDECIDED, nothing, no_evidence
        counts = len(old["runs_s"]), len(new["runs_s"])
        found = ratio_interval(new["runs_s"], old["runs_s"])
        if found is None:
            said = f"{counts[0]} runs then and {counts[1]} now are too few; it takes at least "
            return UNDECIDED, nothing, f"{said}{FEWEST_RUNS} of each"
        figures = {"ratio": found.ratio, "interval": found.to_dict()}
        allowed = 1 + self.max_regression
        said = f"{found.ratio:.2f} times as long ({found})"
        if found.low > allowed:
            return SLOWER, figures, said
        if found.high <= allowed:
            return (FASTER if found.high < 1 else WITHIN_LIMIT), figures, said
        said += f", which leaves open whether it is more than {allowed:.2f}"
        return UNDECIDED, figures, f"{said}; {_advice(found, min(counts), allowed)}"


def _advice(found: RatioInterval, runs: int, allowed: float) -> str:
    needed = runs_needed(found, runs, allowed)
    if needed is None:
        return "more runs are not likely to decide it; set another --max_regression"
    return f"about {needed} runs of each would decide it"


def _pairs(old: Report, new: Report) -> Iterator[tuple[Report, Report]]:
    """Yield the targets that both reports have, the old one first."""
    old_targets = {_identity(target): target for target in old["targets"]}
    for target in new["targets"]:
        if (before := old_targets.get(_identity(target))) is not None:
            yield before, target


def _identity(target: Report) -> tuple[str, str, str]:
    """Return the device as it was resolved, the dtype, and the precision of float32."""
    environment = target.get("environment") or {}
    return (
        environment.get("device", target["device"]),
        target["dtype"],
        environment.get("float32_precision", HIGHEST),
    )


def _differences_of_reports(old: Report, new: Report) -> Iterator[str]:
    if old["model"]["weights_sha256"] != new["model"]["weights_sha256"]:
        yield f"other weights: {old['model']['path']} then, {new['model']['path']} now"
    for setting in SETTINGS:
        then, now = old["config"].get(setting), new["config"].get(setting)
        if then != now:
            yield f"{setting}: {then} then, {now} now"


def _differences_of_targets(old: Report, new: Report) -> Iterator[str]:
    machine = _MACHINE + (_ROUNDINGS if new["dtype"] == "float32" else ())
    for part, keys in (("environment", machine), ("model", _MODEL)):
        if old[part] is None or new[part] is None:
            continue
        for key in keys:
            then, now = old[part].get(key), new[part].get(key)
            if not _alike(then, now, _TOLERANCE.get(key, 0.0)):
                yield f"{new['label']}: {key} {then} then, {now} now"


def _alike(then: Any, now: Any, tolerance: float) -> bool:
    """Tell whether two facts are the same, numbers up to a share of the larger."""
    if tolerance and then is not None and now is not None:
        return abs(then - now) <= tolerance * max(then, now)
    return then == now
