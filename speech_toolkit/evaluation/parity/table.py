"""A report of parity as lines for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.evaluation.parity.budget_table import budget_lines
from speech_toolkit.evaluation.parity.limits import PUBLISHED
from speech_toolkit.evaluation.thresholds import PASS

SHOWN_MODULES = 5
_COLUMNS = f"{'figure':<38}{'value':>12}   {'limit':<18}{'verdict'}"
_SIGNS = {"below": "<", "above": ">", "at most": "<=", "at least": ">="}
_INFORMATION = (
    ("share within 0.1 %", "share_within_01pct", "{:.4f}"),
    ("SNR", "snr_db", "{:.1f} dB"),
    ("reference RMS", "reference_rms", "{:.4g}"),
    ("error balance", "error_balance", "{:.3f}"),
)


def parity_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield one table per candidate, the speed of all devices, and the verdict.

    Args:
        report: as `ParityEvaluation.run` returns it.
    """
    for candidate in report["candidates"]:
        yield ""
        yield f"[PARITY] {_name(candidate)} against {_name(report['reference'])}"
        if candidate["status"] != "ok":
            yield f"{candidate['status'].replace('_', ' ')}: {candidate['message']}"
            continue
        yield from _check_lines(candidate)
        yield from _published_lines(candidate)
        yield from _device_lines(candidate)
        yield from _task_lines(candidate["task"])
        yield from _layer_lines(candidate["layers"])
        yield from _third_opinion_lines(candidate)
        yield from budget_lines(candidate)
        if candidate["verdict"] == PASS:
            yield from sensitivity_lines(candidate["sensitivity"])
    yield from _noise_lines(report)
    yield from _speed_lines(report)
    yield ""
    for candidate in report["candidates"]:
        yield f"[RESULT] {candidate['label']}: {candidate['verdict']}"
        yield from (f"  {reason}" for reason in candidate["reasons"])
    yield f"[RESULT] {report['verdict']}"
    yield from (f"  {reason}" for reason in report["reasons"])


def _name(run: Mapping[str, Any]) -> str:
    """Return a run's label with the name of its card or processor."""
    card = (run["environment"] or {}).get("device_name")
    return f"{run['label']} ({card})" if card else run["label"]


def _check_lines(candidate: Mapping[str, Any]) -> Iterator[str]:
    yield _COLUMNS
    for item in candidate["checks"]:
        name = f"{item['output']}: {item['name']}"
        limit = f"{_SIGNS[item['sense']]} {item['limit']:.4g}"
        value = "missing" if item["value"] is None else f"{item['value']:.4g}"
        yield f"{name:<38}{value:>12}   {limit:<18}{item['verdict']}"
    for output, figures in candidate["outputs"].items():
        known = [(text, figures[key], form) for text, key, form in _INFORMATION]
        shown = [f"{text} {form.format(v)}" for text, v, form in known if v is not None]
        yield f"{output}: {', '.join(shown)}"


def _published_lines(candidate: Mapping[str, Any]) -> Iterator[str]:
    if candidate["limit_set"] == PUBLISHED:
        return
    found = candidate["published"]
    shown = [
        f"{item['output']}: {item['name']} {_SIGNS[item['sense']]} {item['limit']:.4g}"
        for item in found["checks"]
        if item["value"] is not None
    ]
    yield f"by the published limits ({'; '.join(shown)}): {found['verdict']}"


def _device_lines(candidate: Mapping[str, Any]) -> Iterator[str]:
    if candidate["fallback_ops"]:
        yield f"on the CPU instead of the device: {', '.join(candidate['fallback_ops'])}"
    if candidate["misplaced_tensors"]:
        yield f"not on the device: {', '.join(candidate['misplaced_tensors'][:SHOWN_MODULES])}"
    if not candidate["runs_identical"]:
        yield "repeated runs differ in some bits"
    if candidate["saturates"]:
        yield "the device's float16 saturates: NaN and Inf cannot be seen there"


def _task_lines(task: Mapping[str, Any] | None) -> Iterator[str]:
    if task is None:
        return
    if "p95_ms" in task:
        yield (
            f"word boundaries: {task['words']} words, shift median {task['median_ms']:.1f} ms, "
            f"p95 {task['p95_ms']:.1f} ms, largest {task['max_ms']:.1f} ms"
        )
        return
    divergence = task["first_divergence"]
    if divergence is None:
        yield f"tokens: all {len(task['reference_tokens'])} the same"
        return
    yield (
        f"tokens part at {divergence['index']}: {divergence['reference_token']} became "
        f"{divergence['candidate_token']}, where the reference led by "
        f"{_nats(divergence['reference_margin'])}"
    )


def _nats(value: float | None) -> str:
    return "an unknown margin" if value is None else f"{value:.4f} nats"


def _layer_lines(layers: Mapping[str, Any] | None) -> Iterator[str]:
    if layers is None:
        return
    count = len(layers["culprits"])
    yield f"{count} of {len(layers['modules'])} modules stand out; those of largest local error:"
    known = [row for row in layers["modules"] if row["is_leaf"] or row["kind"]]
    worst = sorted(known, key=lambda row: -_order(row["local_error"]))[:SHOWN_MODULES]
    for row in worst:
        yield (
            f"  {row['module']:<60} local {_error(row['local_error'])}  "
            f"propagated {_error(row['propagated_error'])}"
        )


def _order(error: float | None) -> float:
    """Return a key by which NaN and Inf, which a report shows as None, come first."""
    return float("inf") if error is None else error


def _error(error: float | None) -> str:
    return "NaN/Inf" if error is None else f"{error:.1e}"


def _third_opinion_lines(candidate: Mapping[str, Any]) -> Iterator[str]:
    for output, found in (candidate["golden"] or {}).items():
        yield (
            f"{output} against float64: reference {found['reference_error']:.2e}, candidate "
            f"{_error(found['candidate_error'])}, {'PASS' if found['passed'] else 'FAIL'}"
        )
    for label, found in candidate["emulated"].items():
        share = found["explained_share"]
        text = "no error to explain" if share is None else f"explains {100 * max(share, 0):.1f} %"
        yield f"{label}: {text} of the candidate's squared error in the logits"


def sensitivity_lines(sensitivity: Mapping[str, Any]) -> Iterator[str]:
    """Say which fault would have been noticed, which gives a PASS its meaning."""
    smallest, missed = sensitivity["smallest_noticed"], sensitivity["largest_missed"]
    if smallest is None:
        yield f"no fault planted in {sensitivity['module']}, up to {missed:.1%}, was noticed"
        return
    yield (
        f"a fault of {smallest:.1%} planted in {sensitivity['module']} would have been noticed "
        f"(by {', '.join(sensitivity['noticed_by'])})"
        + ("" if missed is None else f", one of {missed:.1%} not")
    )


def _noise_lines(report: Mapping[str, Any]) -> Iterator[str]:
    floor = report["noise_floor"]
    errors = (floor or {}).get("relative_error_by_threads", {})
    worst = max(
        (error or 0 for by_name in errors.values() for error in by_name.values()), default=0
    )
    if errors:
        yield ""
        yield (
            f"noise floor of the reference: relative error {worst:.1e} between "
            f"{floor['threads']} and {', '.join(errors)} threads"
        )


def _speed_lines(report: Mapping[str, Any]) -> Iterator[str]:
    audio_s = report["input"]["audio_s"]
    runs = [report["reference"], *report["candidates"]]
    yield ""
    yield f"{'device':<20}{'mean':>12}{'RTF':>10}{'x real time':>14}  speed-up (95 % interval)"
    for run in runs:
        if run["timing"] is None:
            yield f"{run['label']:<20}{run['status'].replace('_', ' '):>12}"
            continue
        mean_s = run["timing"]["latency"]["mean_s"]
        text = "" if run is report["reference"] else f"  {_speedup(run)}"
        yield (
            f"{run['label']:<20}{1000 * mean_s:>9.1f} ms{mean_s / audio_s:>10.4f}"
            f"{audio_s / mean_s:>14.1f}{text}"
        )


def _speedup(run: Mapping[str, Any]) -> str:
    if run["speedup"] is None:
        return f"withheld: {run['speedup_withheld']}"
    interval = run["speedup_interval"]
    return f"{run['speedup']:.2f}x ({interval['low']:.2f} to {interval['high']:.2f})"
