"""The report of a comparison of one file as lines for the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from speech_toolkit.device.precision import HIGHEST
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.evaluation.thresholds import FAIL, PASS


def compare_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield a report as lines for the terminal."""
    reference, candidate = report["reference"], report["candidate"]
    yield ""
    for side in (reference, candidate):
        if side["status"] != "ok":
            yield f"{side['label']}: {side['status'].replace('_', ' ')}: {side['message']}"
            continue
        yield f"{_name(side)}: {side['transcribe_s']:.2f} s, the first run after loading"
        yield f"  {side['text']}"
        if side["against_truth"]:
            errors = side["against_truth"]
            yield f"  against what is spoken: WER {errors['wer']:.2%}, CER {errors['cer']:.2%}"
    yield ""
    yield from _lead_lines(report)
    for each in report["criteria"]:
        limit = f"{each['sense']} {each['limit']:.0%}"
        mark = "ok" if each["verdict"] == PASS else "NO"
        yield f"{each['name']:<16}{each['value']:>9.2%}  {limit:<12} {mark}, shown beside"
    yield from _difference_lines(report["first_difference"])
    if report["same_device"]:
        yield "device and reference are the same: this shows repeatability only"
    reason = f" ({report['reason']})" if report["reason"] else ""
    yield f"[VERDICT] {report['verdict']}{reason}"


def _lead_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what decides, and what would have been noticed."""
    shift, rounding, fault = (report[key] for key in ("lead_shift", "rounding", "sensitivity"))
    if shift is None:
        return
    count, limit = report["decided_changes"], f"below {shift['limit']:g}"
    yield f"{'decided_changes':<16}{count:>9}  {'at most 0':<12} {FAIL if count else PASS}"
    yield f"{'lead_shift':<16}{shift['value']:>9.3g}  {limit:<12} {shift['verdict']}"
    yield (
        f"  rounding to {rounding['format']} alone moves the leads of these {rounding['choices']} "
        f"choices by {rounding['shift_nats']:.2g} nats; up to {rounding['tie_nats']:.2g} is a tie"
    )
    if fault["smallest_noticed"]:
        yield (
            f"  noise of {fault['smallest_noticed']:g} times the output of {fault['module']} would "
            "have been noticed"
        )


def _difference_lines(divergence: Mapping[str, Any] | None) -> Iterator[str]:
    if divergence is None:
        return
    yield f"first differing token: number {divergence['index']}"
    for name in ("reference", "candidate"):
        choice = divergence[name]
        lead = "" if choice["margin"] is None else f", {choice['margin']:.4f} nats ahead"
        chosen = "nothing more" if choice["id"] is None else f"{choice['text']!r} ({choice['id']})"
        yield f"  {name:<10}{chosen}{lead}"


def _name(side: Mapping[str, Any]) -> str:
    ran_on = side["environment"]
    precision = ran_on.get("float32_precision", HIGHEST)
    return Target(ran_on["device"], side["dtype"], precision).label
