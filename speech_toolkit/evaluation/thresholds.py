"""What PASS, FAIL and NOT VALID mean, and what a limit is, for every evaluation alike.

PASS and FAIL say something of the candidate, so both sides must have run to their end, on
different devices or in different dtypes, on enough speech, with every check that was asked for.
Where one of these is missing, nothing was shown either way: NOT VALID.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speech_toolkit.errors import UsageError
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_NOT_VALID
from speech_toolkit.ranges import LIMIT

PASS, FAIL, NOT_VALID = "PASS", "FAIL", "NOT VALID"
EXIT_CODES = {PASS: EXIT_DONE, FAIL: EXIT_FAILED, NOT_VALID: EXIT_NOT_VALID}
LARGEST_BLIND_SPOT = 0.3  # relative noise in one module that a comparison must notice

# From fine to coarse: a comparison is judged by the limits of the coarser of its two dtypes.
DTYPES_BY_PRECISION = ("float64", "float32", "float16", "bfloat16")


@dataclass(frozen=True)
class Threshold:
    """One limit.

    Attributes:
        name: of the figure it is held against.
        limit: the bound itself passes where `sense` is "at most" or "at least".
        sense: "below", "above", "at most" or "at least".
        reason: where the limit comes from.
    """

    name: str
    limit: float
    sense: str
    reason: str

    def passes(self, value: float | None) -> bool:
        """Tell whether a value is within the limit; one that is missing or NaN is not."""
        if value is None or math.isnan(value):
            return False
        return {
            "below": value < self.limit,
            "above": value > self.limit,
            "at most": value <= self.limit,
            "at least": value >= self.limit,
        }[self.sense]


@dataclass(frozen=True)
class Check:
    """A figure that was held against its limit.

    Attributes:
        threshold: the limit.
        output: what was compared, such as "logits".
        value: the figure, None where there is none.
        passed: the verdict on it.
    """

    threshold: Threshold
    output: str
    value: float | None
    passed: bool


def coarser_dtype(first: str, second: str) -> str:
    """Return which of two dtypes keeps fewer bits of a number."""
    return max(first, second, key=DTYPES_BY_PRECISION.index)


def parse_changes(texts: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """Read `NAME=VALUE` settings of limits.

    Args:
        texts: the settings.
        names: of the limits that can be set.

    Raises:
        UsageError: one has another form, names no limit or one that is set already, or holds no
            number in its range.
    """
    changes = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if name not in names or math.isnan(number):
            raise UsageError(
                f"--threshold {text}: use NAME=NUMBER with one of the names {', '.join(names)}"
            )
        if name in changes:
            raise UsageError(f"--threshold {text}: {name} is set twice; give it once")
        LIMIT.check(f"--threshold {name}", number)
        changes[name] = number
    return changes


def check(threshold: Threshold, output: str, value: float | None) -> Check:
    """Hold a figure against a limit."""
    return Check(threshold, output, value, threshold.passes(value))


def worst_of(verdicts: Iterable[str]) -> str:
    """Return the verdict on all candidates together: one failure counts more than a missing one."""
    found = set(verdicts)
    return next((verdict for verdict in (FAIL, NOT_VALID) if verdict in found), PASS)
