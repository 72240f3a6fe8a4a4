"""The command line of ``python -m speech_toolkit.device``.

The device is taken in a process of its own, whose crash costs one line of the report. This one
imports no torch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from speech_toolkit.cli.arguments import ScriptParser
from speech_toolkit.cli.output_guard import OutputGuard
from speech_toolkit.cli.reporter import print_line
from speech_toolkit.device.environment import environment_facts
from speech_toolkit.device.fallbacks import fallbacks_in
from speech_toolkit.device.names import AUTO, parse_device_name
from speech_toolkit.device.self_test import (
    DeviceReport,
    Finding,
    Measurement,
    OperatorResult,
    SelfTest,
    check_installed,
    look_at_device,
    test_operators,
)
from speech_toolkit.device.self_test.on_device import ANNOUNCES
from speech_toolkit.device.self_test.private import without_private_paths
from speech_toolkit.device.self_test.results import FAIL, PASS
from speech_toolkit.device.self_test.text import lines
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_WRONG
from speech_toolkit.files.writing import write_json
from speech_toolkit.processes.child import save_partial
from speech_toolkit.processes.runner import run_isolated
from speech_toolkit.progress import LoggedProgress

_TARGET = f"{__name__}:run_on_device"
_TIMEOUT_S = 300.0
_MOST_PROCESSES = 4
_CPU = "cpu"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of this command line."""
    parser = ScriptParser(
        "Say what is installed here, what of it fits together, and whether the device computes as "
        "the CPU does. Paste what it prints into a report of a bug.",
        "0 nothing is wrong, 1 something is, 2 wrong usage, or the device that was named is not "
        "there",
        prog="python -m speech_toolkit.device",
    )
    parser.add_argument(
        "--device",
        default=AUTO,
        metavar="auto|npu[:N]|cuda[:N]|cpu",
        help="what is tested (default: auto = NPU, else CUDA, else CPU)",
    )
    parser.add_argument("--output", metavar="FILE", help="write all of it as JSON, or - for stdout")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = build_parser().parse_args(argv)
    parse_device_name(arguments.device)
    OutputGuard({"--output": arguments.output}, {})
    test = self_test(arguments.device)
    stream = sys.stderr if arguments.output == "-" else sys.stdout
    for line in lines(test):
        print_line(line, stream)
    if arguments.output is not None:
        write_json(arguments.output, test.to_dict())
    if test.is_missing:
        return EXIT_WRONG
    return EXIT_FAILED if test.verdict == FAIL else EXIT_DONE


def self_test(device_name: str) -> SelfTest:
    """Find out all that can be found out of this machine and a device, whatever is broken.

    Args:
        device_name: auto, npu, npu:N, cuda, cuda:N or cpu; where "auto" leads to nothing, the
            operators run on the CPU.
    """
    auto = _try_device(AUTO, with_operators=device_name == AUTO)
    tried = auto if device_name == AUTO else _try_device(device_name, with_operators=True)
    if device_name == AUTO and auto.report is None:
        tried = _try_device(_CPU, with_operators=True)
    report = tried.report
    known = (report or auto.report).facts if report or auto.report else {"env": _environment()}
    findings = check_installed(known.get("cann"), known.get("driver"))
    findings += _about_auto(auto)
    if device_name != AUTO:
        findings += _about_named(tried, auto)
    if report:
        findings += report.findings
    is_missing = device_name != AUTO and report is None
    return SelfTest(device_name, tuple(findings), report, known["env"], is_missing)


@dataclass(frozen=True)
class _Tried:
    """What came of a device.

    Attributes:
        report: None where it could not be taken.
        troubles: what went wrong beside the operators.
    """

    report: DeviceReport | None
    troubles: tuple[Finding, ...]


def _try_device(name: str, *, with_operators: bool) -> _Tried:
    """Look at a device in processes of their own: another one goes on where one has died."""
    report, listener = None, _Listener()
    for _ in range(_MOST_PROCESSES):
        done = [each.label for each in report.operators] if report else []
        outcome = run_isolated(
            _TARGET,
            {"device": name, "done": done if with_operators else None},
            label=name,
            timeout_s=_TIMEOUT_S,
            progress=listener,
        )
        left = outcome.result or {"report": None, "running": None}
        report = _together(report, left["report"])
        if outcome.ok:
            return _Tried(listener.completed(report), ())
        message = without_private_paths(outcome.message)
        if left["running"] is None:
            return _Tried(report, (Finding(name, message, FAIL),))
        report = report.with_operators([_died(left["running"], message)])
    trouble = Finding("operators", f"given up: {_MOST_PROCESSES} processes died over them", FAIL)
    return _Tried(listener.completed(report), (trouble,))


def run_on_device(payload: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Look at a device and run the operators on it; called in a process of its own.

    Args:
        payload: ``device`` as the user names it; ``done`` with the labels of operators that are
            left out, None to run none.
    """

    def keep(report: DeviceReport, running: str | None) -> None:
        save_partial({"report": report.to_dict(), "running": running})

    device, report = look_at_device(payload["device"])
    keep(report, None)
    if payload["done"] is not None:
        report = test_operators(device, report, payload["done"], keep)
    return {"report": report.to_dict(), "running": None}, {}


class _Listener(LoggedProgress):
    """Hears in the log of the process that has the device which operators it left to the CPU.

    Its warnings are not shown: the report says all of it.
    """

    def __init__(self) -> None:
        self._current = ""
        self._fallbacks: dict[str, set[str]] = {}

    def info(self, text: str) -> None:
        """Take the name of the operator that begins."""
        _, announces, label = text.partition(ANNOUNCES)
        if announces:
            self._current = label

    def debug(self, text: str) -> None:
        """Take a line of the log."""
        self._fallbacks.setdefault(self._current, set()).update(fallbacks_in([text]))

    def warning(self, text: str) -> None:
        """Take a line of the log."""
        self.debug(text)

    def completed(self, report: DeviceReport) -> DeviceReport:
        """Return the report with what the log said beside it."""
        ever = {name for each in report.operators for name in each.fallback_ops}
        ever = ever.union(*self._fallbacks.values())
        operators = tuple(
            each.with_fallbacks(self._fallbacks.get(each.label, ()), ever)
            for each in report.operators
        )
        return replace(report, operators=operators)


def _together(before: DeviceReport | None, new: Mapping[str, Any] | None) -> DeviceReport | None:
    """Return the report of all processes up to now."""
    if new is None:
        return before
    added = DeviceReport.from_dict(new)
    return before.with_operators(added.operators, added.elapsed_s) if before else added


def _died(label: str, message: str) -> OperatorResult:
    """Return the result of an operator during which the process ended."""
    name, _, use = label.partition(", ")
    return OperatorResult(name, use, (Measurement("any", None, FAIL, message),), ())


def _about_auto(auto: _Tried) -> Iterator[Finding]:
    """Yield what "auto" passed over, what it takes, and what went wrong with that."""
    if auto.report:
        yield from auto.report.passed_over
        yield Finding("auto", f"takes {auto.report.device}: {auto.report.reason}", PASS)
    yield from auto.troubles


def _about_named(tried: _Tried, auto: _Tried) -> Iterator[Finding]:
    """Yield that a device was taken, or why not, unless "auto" said just that."""
    if tried.report:
        yield Finding("device", f"{tried.report.device}, {tried.report.reason}", PASS)
    said = " ".join(each.text for each in _about_auto(auto))
    for each in tried.troubles:
        yield replace(each, text="not there, see above") if each.text in said else each


def _environment() -> dict[str, dict[str, str]]:
    return {
        name: {**fact, "value": without_private_paths(fact["value"])}
        for name, fact in environment_facts().items()
    }
