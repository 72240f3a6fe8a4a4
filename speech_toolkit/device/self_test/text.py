"""What a self-test has found, as lines for a terminal and a report of a bug."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from speech_toolkit.device.self_test.results import (
    FAIL,
    PASS,
    WARN,
    Finding,
    Measurement,
    OperatorResult,
    SelfTest,
)

WIDTH = 100
_DTYPES = ("float32", "float16", "bfloat16")
_LABEL_WIDTH = 40
_COLUMN = 10
_RANK = (FAIL, WARN, PASS)


def lines(test: SelfTest) -> Iterator[str]:
    """Yield the report, the verdict first; no line is longer than `WIDTH`."""
    yield summary(test)
    yield ""
    for finding in test.findings:
        yield from _finding_lines(finding)
    if test.environment:
        yield ""
        yield "Variables that matter"
        for name, variable in sorted(test.environment.items()):
            yield from _wrapped(
                f"      {name}={variable['value']} (set by the {variable['set_by']})"
            )
    if test.operators:
        yield ""
        yield from _table(test)


def summary(test: SelfTest) -> str:
    """Return the first line: the verdict, the device, and how much is wrong."""
    where = "no device"
    if test.report:
        where = f"{test.report.device} ({test.report.facts['device_name']})"
    wrong, doubtful = test.count(FAIL), test.count(WARN)
    figures = f"{len(test.operators)} operators, {wrong} wrong, {doubtful} to look at"
    return textwrap.shorten(f"Self-test {test.verdict}: {where}, {figures}", WIDTH)


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield from _wrapped(f"{finding.verdict:4}  {finding.about:14}  {finding.text}", indent=22)


def _table(test: SelfTest) -> Iterator[str]:
    yield from textwrap.wrap(
        f"Operators of the models on {test.report.device}, {test.report.elapsed_s:.1f} s: relative "
        "error against the CPU; of whole numbers the share that differs",
        WIDTH,
    )
    yield f"      {'':{_LABEL_WIDTH}}" + "".join(f"{name:>{_COLUMN}}" for name in _DTYPES)
    for result in sorted(test.operators, key=lambda each: _RANK.index(each.verdict)):
        yield f"{result.verdict:4}  {result.label:{_LABEL_WIDTH}}{_figures(result)}".rstrip()
        for message in _messages(result):
            yield from _wrapped(f"          {message}", indent=10)


def _figures(result: OperatorResult) -> str:
    by_dtype = {each.dtype: each for each in result.measurements}
    if "int64" in by_dtype:
        return f"{_figure(by_dtype['int64']):>{_COLUMN}}"
    return "".join(f"{_figure(by_dtype.get(name)):>{_COLUMN}}" for name in _DTYPES)


def _figure(measurement: Measurement | None) -> str:
    if measurement is None:
        return "-"
    if measurement.relative_error is None:
        return "failed"
    mark = "" if measurement.verdict == PASS else "!"
    error = measurement.relative_error
    return f"{mark}{error:.1e}" if error else f"{mark}0"


def _messages(result: OperatorResult) -> Iterator[str]:
    """Yield what is known of failures, once where several dtypes failed alike, and fallbacks."""
    said: dict[str, list[str]] = {}
    for each in result.measurements:
        if each.message:
            said.setdefault(each.message, []).append(each.dtype)
    for message, dtypes in said.items():
        yield f"{', '.join(dtypes)}: {message}"
    if result.fallback_ops:
        yield f"on the CPU instead: {', '.join(result.fallback_ops)}"


def _wrapped(text: str, indent: int = 8) -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, subsequent_indent=" " * indent, drop_whitespace=True, break_on_hyphens=False
    )
