"""What a benchmark is to reach, and whether it does."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class PairedRatio:
    """How two programs that ran in turn compare.

    A machine that slows down over the rounds slows both: so the ratio is taken in each round.

    Attributes:
        median: of the ratios of the rounds.
        least: of them.
        most: of them.
    """

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, numerators: Sequence[float], denominators: Sequence[float]) -> PairedRatio:
        """Compare two programs by what was measured in each round."""
        ratios = [above / below for above, below in zip(numerators, denominators, strict=True)]
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        """Show the median, and the least and the most of the rounds."""
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


@dataclass(frozen=True)
class Bar:
    """One figure, and what it is held to.

    Attributes:
        name: what is measured.
        found: figure.
        limit: that it may not exceed, or, where ``is_least``, not fall short of.
        is_least: whether more is better.
    """

    name: str
    found: float
    limit: float
    is_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether the bar is met."""
        return self.found >= self.limit if self.is_least else self.found <= self.limit

    def to_dict(self) -> dict[str, Any]:
        """Return the form for JSON."""
        return asdict(self) | {"passed": self.passed}

    def __str__(self) -> str:
        """Show the bar in one line."""
        word = "at least" if self.is_least else "at most"
        verdict = "PASS" if self.passed else "FAIL"
        return f"{verdict}  {self.name}: {self.found:.4g}, {word} {self.limit:.4g}"
