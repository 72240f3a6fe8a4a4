"""Take a device, say what it is, and run the operators of the models on it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from speech_toolkit.device.device import Device, PassedOver
from speech_toolkit.device.memory import shown_size
from speech_toolkit.device.precision import HIGH
from speech_toolkit.device.select import select_device
from speech_toolkit.device.self_test.private import without_private_paths
from speech_toolkit.device.self_test.results import FAIL, TOLD, DeviceReport, Finding

logger = logging.getLogger(__name__)

ANNOUNCES = "operator: "  # a line of the log before each of them
OnOperator = Callable[[DeviceReport, str], None]


def look_at_device(name: str) -> tuple[Device, DeviceReport]:
    """Take a device, and say what it is and why it was taken.

    Args:
        name: auto, npu, npu:N, cuda, cuda:N or cpu.

    Raises:
        UsageError: the name is malformed.
        DeviceError: the device is missing or broken.
    """
    device = select_device(name)
    facts = device.facts()
    environment = {
        variable: {**fact, "value": without_private_paths(fact["value"])}
        for variable, fact in facts["env"].items()
    }
    hardware = f"{facts['device_name']}, {shown_size(facts['total_memory_bytes'])}"
    findings = [Finding("hardware", hardware)]
    findings += [Finding(about, text) for about, text in _settings(facts)]
    return device, DeviceReport(
        device.name,
        "there is no other" if device.passed_over else device.reason,
        {**facts, "env": environment},
        tuple(map(_about_other, device.passed_over)),
        tuple(findings),
    )


def test_operators(
    device: Device, report: DeviceReport, done: Collection[str], on_operator: OnOperator
) -> DeviceReport:
    """Run the operators of the models on a device.

    Args:
        device: opened.
        report: what was found before.
        done: labels of operators that are left out.
        on_operator: called before each operator with what was found so far, and its label.

    Returns:
        The report with what came of each operator.
    """
    from speech_toolkit.device.self_test.measure import dtypes_of, try_operator
    from speech_toolkit.device.self_test.operators import OPERATORS

    dtypes = dtypes_of(device)
    findings = [*report.findings, Finding("dtypes", ", ".join(dtypes))]
    if device.saturates:
        findings.append(
            Finding("float16", "an overflow ends at 65504, NaN at 0: layers are watched")
        )
    report = replace(report, findings=tuple(findings))
    for operator in OPERATORS:
        if operator.label in done:
            continue
        on_operator(report, operator.label)
        logger.info("%s%s", ANNOUNCES, operator.label)
        started = time.perf_counter()
        result = try_operator(device, operator, dtypes)
        report = report.with_operators([result], time.perf_counter() - started)
    return report


def _about_other(other: PassedOver) -> Finding:
    return Finding(other.label, without_private_paths(other.why), FAIL if other.is_broken else TOLD)


def _settings(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Say how float32 is computed where a card leaves a choice."""
    found = [("GELU", f"{facts['gelu']} form")] if facts.get("gelu") else []
    if facts["float32_precision"] == HIGH:
        found.append(("float32", "factors of products are rounded, whatever is asked"))
    return found + [
        (name.upper(), ", ".join(f"{kind} {'on' if on else 'off'}" for kind, on in allowed.items()))
        for name in ("hf32", "tf32")
        if (allowed := facts[name])
    ]
