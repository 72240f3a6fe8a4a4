"""What a self-test has found. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from speech_toolkit.versions import versions

PASS, WARN, FAIL, TOLD = "PASS", "WARN", "FAIL", ""


@dataclass(frozen=True)
class Finding:
    """One fact about the machine.

    Attributes:
        about: what it is about, such as "torch_npu".
        text: what was found, and what to do about it.
        verdict: `PASS`, `WARN`, `FAIL`, or `TOLD` where there is nothing to judge.
    """

    about: str
    text: str
    verdict: str = TOLD


@dataclass(frozen=True)
class Measurement:
    """How an operator did in one dtype.

    Attributes:
        dtype: of its floating-point numbers; "int64" where it has none.
        relative_error: against the CPU; None where there is no figure.
        verdict: `PASS`; `FAIL`; `WARN` for a form that some chips have in place of the right one.
        message: what is known of a failure.
    """

    dtype: str
    relative_error: float | None
    verdict: str
    message: str | None


@dataclass(frozen=True)
class OperatorResult:
    """How an operator did.

    Attributes:
        name: in ``torch.ops.aten``.
        use: what the models do with it.
        measurements: one for each dtype that was tried.
        fallback_ops: what the device left to the CPU meanwhile.
    """

    name: str
    use: str
    measurements: tuple[Measurement, ...]
    fallback_ops: tuple[str, ...]

    @property
    def label(self) -> str:
        """What tells it from all others."""
        return f"{self.name}, {self.use}"

    @property
    def verdict(self) -> str:
        """The worst of its dtypes; at best `WARN` where it was not the device's work."""
        verdicts = {each.verdict for each in self.measurements}
        if FAIL in verdicts:
            return FAIL
        return WARN if self.fallback_ops or WARN in verdicts else PASS

    def with_fallbacks(self, during: Iterable[str], ever: Iterable[str]) -> OperatorResult:
        """Return the result with what else was left to the CPU.

        Args:
            during: what torch named while it ran.
            ever: all that it named; it names each but once, at the first use of several.
        """
        own = {name for name in ever if self.name.strip("_") == _plain_name(name)}
        return replace(self, fallback_ops=tuple(sorted({*self.fallback_ops, *during, *own})))


@dataclass(frozen=True)
class DeviceReport:
    """What a process found that took a device.

    Attributes:
        device: its name, such as "npu:0".
        reason: why it was taken.
        facts: of device and software, as every report has them.
        passed_over: findings about the types of devices that "auto" did not take.
        findings: about the device.
        operators: in order.
        elapsed_s: that the operators took.
    """

    device: str
    reason: str
    facts: Mapping[str, Any]
    passed_over: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    operators: tuple[OperatorResult, ...] = ()
    elapsed_s: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return a form for JSON, which :meth:`from_dict` reads."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> DeviceReport:
        """Read what :meth:`to_dict` returns."""
        parts = {
            "passed_over": tuple(Finding(**each) for each in content["passed_over"]),
            "findings": tuple(Finding(**each) for each in content["findings"]),
            "operators": tuple(map(_operator_result, content["operators"])),
        }
        return cls(**{**content, **parts})

    def with_operators(
        self, operators: Iterable[OperatorResult], elapsed_s: float = 0.0
    ) -> DeviceReport:
        """Return the report with more operators, and the seconds that they took."""
        return replace(
            self,
            operators=(*self.operators, *operators),
            elapsed_s=self.elapsed_s + elapsed_s,
        )


@dataclass(frozen=True)
class SelfTest:
    """All that a self-test has found.

    Attributes:
        requested: the device that was asked for.
        findings: about the machine and the device, in the order of the report.
        report: of the device on which the operators ran; None where there was none.
        environment: variables that matter and are set, each with its value and who set it.
        is_missing: whether a device that was asked for by name is not there.
    """

    requested: str
    findings: tuple[Finding, ...]
    report: DeviceReport | None
    environment: Mapping[str, Mapping[str, str]]
    is_missing: bool

    @property
    def operators(self) -> tuple[OperatorResult, ...]:
        """What came of each operator."""
        return self.report.operators if self.report else ()

    @property
    def verdict(self) -> str:
        """`FAIL` if anything is wrong."""
        return FAIL if self.count(FAIL) else PASS

    def count(self, verdict: str) -> int:
        """Return how many findings and operators have a verdict."""
        return sum(each.verdict == verdict for each in (*self.findings, *self.operators))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, described by ``results/schemas/self_test.schema.json``."""
        return {
            "schema_version": "1.0",
            "kind": "self_test",
            "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "verdict": self.verdict,
            "requested": self.requested,
            "device": self.report.device if self.report else None,
            "versions": versions(),
            "environment": self.environment,
            "facts": self.report.facts if self.report else None,
            "findings": [asdict(each) for each in self.findings],
            "operators": [asdict(each) | {"verdict": each.verdict} for each in self.operators],
            "elapsed_s": self.report.elapsed_s if self.report else None,
        }


def _operator_result(content: Mapping[str, Any]) -> OperatorResult:
    measurements = tuple(Measurement(**each) for each in content["measurements"])
    return OperatorResult(
        content["name"], content["use"], measurements, tuple(content["fallback_ops"])
    )


def _plain_name(operator: str) -> str:
    """Return "sort" of "aten::sort.values_stable" and "softmax" of "aten::_softmax"."""
    return operator.rpartition("::")[2].partition(".")[0].strip("_")
