"""The report of an accuracy check as lines for a terminal."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

MOST_VALUES = 4  # of a condition that is shown: a row for each voice would be too many
SHOWN_DIVERGENCES = 10


def accuracy_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of devices, the checks, and the verdict with its reasons."""
    cases = report["cases"]
    yield ""
    yield f"[ACCURACY] {cases['count']} cases, {cases['audio_s']:.1f} s: {cases['source']}"
    for target in report["targets"]:
        yield f"{target['label']:<20} {_against_truth(target)}"
    for comparison in report["comparisons"]:
        yield ""
        yield f"{comparison['candidate']} against {comparison['reference']}"
        yield from _comparison_lines(comparison)
        yield from _condition_lines(report, comparison)
        yield from islice(_divergence_lines(report, comparison), SHOWN_DIVERGENCES)
    yield ""
    yield f"[RESULT] {report['verdict']}"
    yield from (f"  {reason}" for reason in report["reasons"])


def _against_truth(target: Mapping[str, Any]) -> str:
    if target["status"] != "ok":
        return f"{target['status']}: {target['message']}"
    parts = []
    text, boundaries = target["against_truth"], target["boundary_error"]
    if text and "wer" in text:
        parts.append(_rate("WER", text["wer"], text["wer_interval"]))
        parts.append(_rate("CER", text["cer"], text["cer_interval"]))
    elif text:
        parts.append(
            _rate("CER of letters, guessed without a lexicon,", text["cer"], text["cer_interval"])
        )
    if boundaries:
        parts.append(
            f"word boundaries off by {boundaries['median_ms']:.0f} ms (median), "
            f"{boundaries['p95_ms']:.0f} ms (p95)"
        )
    return "against the truth: " + ", ".join(parts or ["nothing to compare"])


def _rate(name: str, value: float, interval: Mapping[str, float]) -> str:
    return f"{name} {value:.2%} ({interval['low']:.2%} to {interval['high']:.2%})"


def _comparison_lines(comparison: Mapping[str, Any]) -> Iterator[str]:
    for test in comparison["tests"]:
        interval, bound = test["interval"], f"below {test['limit']:g}"
        between = f"{interval['low']:.3g} to {interval['high']:.3g}"
        figures = f"{test['value']:>9.3g}  {between:<20} {bound:<12}"
        yield f"  {test['name']:<28} {figures} {test['verdict']}"
    if rounding := comparison["rounding"]:
        yield (
            f"      rounding to {rounding['format']} alone moves the leads of these "
            f"{rounding['choices']} choices by {rounding['shift_nats']:.2g} nats; up to "
            f"{rounding['tie_nats']:.2g} nats is a tie"
        )
    yield from _control_lines(comparison["negative_control"])
    for check in comparison["evidence"]:
        yield _check_line(check)
    if comparison["checks"]:
        yield "  published criteria between the devices, which near ties break: shown beside"
    for check in comparison["checks"]:
        yield _check_line(check)
    if comparison["text"] and "wer" in comparison["text"]:
        same = comparison["text"]["normalized_match_rate"]
        yield f"      {'same but for case and marks':<28} {same:>9.4g}"


def _check_line(check: Mapping[str, Any]) -> str:
    mark = "ok" if check["passed"] else "NO"
    bound = f"{check['sense']} {check['limit']:g}"
    return f"  {mark}  {check['name']:<28} {check['value']:>9.4g}  {bound}"


def _control_lines(control: Mapping[str, Any] | None) -> Iterator[str]:
    """Say what size of fault would have been noticed."""
    if control is None:
        return
    smallest = control["smallest_noticed"]
    if control["error"]:
        yield f"  NO  negative control: {control['error']}"
    elif smallest is None:
        yield f"  NO  negative control: no noise in {control['module']} would have been noticed"
    else:
        by = ", ".join(control["noticed_by"])
        yield (
            f"      noise of {smallest:.2g} times the output of {control['module']} would have "
            f"been noticed by {by}"
        )


def _condition_lines(report: Mapping[str, Any], comparison: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the devices differ per condition: from each other, and each from the truth."""
    between, to_truth, figure, title, form = {
        "mms": ("boundary_shift", "boundary_error", "p95_ms", "p95 of boundaries, ms", ".0f"),
        "whisper": ("text", "against_truth", "wer", "WER", ".2%"),
    }[report["family"]]
    labels = [comparison["reference"], comparison["candidate"]]
    targets = [target for target in report["targets"] if target["label"] in labels]
    tables = [
        _values(each, figure) for each in (comparison[between], *(t[to_truth] for t in targets))
    ]
    values = Counter(condition for condition, _ in tables[0])
    shown = [row for row in tables[0] if values[row[0]] <= MOST_VALUES]
    if not shown:
        return
    columns = ("between them", *(f"{target['label']} to truth" for target in targets))
    names = [" ".join(row) for row in shown]
    width = max(map(len, (title, *names)))
    yield f"  {title:<{width}}" + "".join(f"{column:>28}" for column in columns)
    for name, row in zip(names, shown, strict=True):
        cells = (format(table[row], form) if row in table else "-" for table in tables)
        yield f"  {name:<{width}}" + "".join(f"{cell:>28}" for cell in cells)


def _values(summed: Mapping[str, Any] | None, figure: str) -> dict[tuple[str, str], float]:
    rows = summed["conditions"] if summed else ()
    return {(row["condition"], row["value"]): row[figure] for row in rows}


def _divergence_lines(report: Mapping[str, Any], compared: Mapping[str, Any]) -> Iterator[str]:
    """Name the cases in which the texts differ, and how decided the devices were there."""
    candidate, rounding = compared["candidate"], compared["rounding"]
    unit = {"mms": "frame", "whisper": "token"}[report["family"]]
    for case in report["cases"]["list"]:
        comparison = case["comparisons"][candidate]
        if not comparison or comparison["text"]["exact_match"] or not comparison["divergence"]:
            continue
        at = comparison["divergence"]
        sides = " / ".join(_choice(at[side]) for side in ("reference", "candidate"))
        lead = at["reference"]["margin"]
        is_tie = rounding and lead is not None and lead <= rounding["tie_nats"]
        if is_tie and unit == "frame":
            continue  # as good as every recording has some
        tie = ", a tie" if is_tie else ""
        yield f"  {case['name']} differs from {unit} {at['index']} on: {sides}{tie}"


def _choice(choice: Mapping[str, Any]) -> str:
    if choice["id"] is None:
        return "the end"
    margin = "" if choice["margin"] is None else f" (lead {choice['margin']:.3g})"
    return f"{choice['text']!r}{margin}"
