"""What numbers a user may ask for: one range for each, held on the command line and from Python.

The upper ends lie far above what makes sense and below what exhausts a machine.
"""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_value


@dataclass(frozen=True)
class Range:
    """The numbers from a smallest to a largest one.

    Attributes:
        minimum: the smallest.
        maximum: the largest.
        above: whether ``minimum`` itself is left out.
        whole: whether only whole numbers count.
        or_zero: whether 0 counts too, below ``minimum``.
    """

    minimum: float
    maximum: float
    above: bool = False
    whole: bool = False
    or_zero: bool = False

    def __contains__(self, value: Any) -> bool:
        """Tell whether a value is a number of this range; NaN and truth values are none."""
        if not isinstance(value, Integral if self.whole else Real) or isinstance(value, bool):
            return False
        if self.or_zero and value == 0:
            return True
        reached = self.minimum < value if self.above else self.minimum <= value
        return bool(reached and value <= self.maximum)

    def __str__(self) -> str:
        """Return the range as help texts show it."""
        if self.above:
            return f"above {self.minimum:.10g}, up to {self.maximum:.10g}"
        return f"{'0, or ' if self.or_zero else ''}{self.minimum:.10g} to {self.maximum:.10g}"

    @property
    def described(self) -> str:
        """The range as error messages name it, such as "a whole number of at least 1, ..."."""
        kind = "whole number" if self.whole else "number"
        zero = "0, or a " if self.or_zero else "a "
        bound = "above" if self.above else "of at least"
        return f"{zero}{kind} {bound} {self.minimum:.10g}, at most {self.maximum:.10g}"

    def check(self, name: str, value: Any) -> None:
        """Make sure that a value is in the range.

        Args:
            name: of the setting, for the message.
            value: anything.

        Raises:
            UsageError: it is not.
        """
        if value not in self:
            raise UsageError(f"{name} {shown_value(value)}: must be {self.described}")


DEVICE_INDEX = Range(0, 127, whole=True)  # torch keeps it in a signed byte
BATCH_SIZE = Range(1, 4096, whole=True)
SEED = Range(0, 2**32 - 1, whole=True)
WINDOW_S = Range(0, 3600, above=True)
CONTEXT_S = Range(0, 3600)
CHUNK_LENGTH_S = Range(1, 3600)
MAX_NEW_TOKENS = Range(1, 100_000, whole=True)
# Divides the logits, which a tiny one would make infinite.
TEMPERATURE = Range(0.01, 100, or_zero=True)
COMPRESSION_RATIO = Range(0, 1000)
LOG_PROBABILITY = Range(-1000, 0)
PROBABILITY = Range(0, 1)
RUNS = Range(1, 100_000, whole=True)
WARMUP = Range(0, 100_000, whole=True)
WORKERS = Range(1, 10_000, whole=True)
TIMEOUT_S = Range(0, 30 * 86_400, above=True)
AUDIO_S = Range(0.1, 36_000)
AUDIO_TRACK = Range(0, 255, whole=True)
MOMENT_S = Range(0, 10_000_000)
TOTAL_AUDIO_S = Range(0.1, 360_000)
TEST_CASES = Range(1, 10_000, whole=True)
WORDS = Range(1, 1_000_000, whole=True)
LIMIT = Range(-1, 1_000_000)
AGREEMENT_PERCENT = Range(0, 100)
REGRESSION_PERCENT = Range(0, 1000)
CHARS_PER_LINE = Range(2, 1000, whole=True)
LINES = Range(1, 20, whole=True)
CUE_S = Range(0, 60, above=True)
CHARS_PER_S = Range(0.1, 1000)
GAP_S = Range(0, 10)
