"""Does a device decide as the reference does, as far as the rounding of its numbers allows?

Two devices that choose the same text may be far apart, and two that choose another may be as near
as they can be: where the best two choices are almost even, rounding decides. So both read the
same choices, those of the candidate, and what is compared is how far ahead each choice is of the
best that could stand in its place: its lead, in nats. How far rounding alone moves leads is
measured on these very choices, by emulating the candidate's format on the CPU.

N choices of a case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from speech_toolkit.evaluation.metrics.equivalence import (
    EquivalenceTest,
    ratio_of_spreads,
    share_of,
)
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.thresholds import FAIL, Threshold

# The longest significands among the formats that chips put in the place of another: products of
# float32 are rounded to 10 bits by TF32 and by chips that multiply in float16, to 11 by HF32.
ROUNDING_OF = {"float64": "tf32", "float32": "tf32", "float16": "float16", "bfloat16": "bfloat16"}
# A lead that three standard deviations of the largest shift that passes can turn is a tie.
TIE_SPREADS = 3
_SHIFT_REASON = (
    "times the shift by rounding alone; PyTorch's own tests grant 2, and 3 for half types"
)


def lead_limits(dtype: str) -> tuple[Threshold, Threshold]:
    """Return the limits of the two tests for a dtype: of decided changes, and of the lead shift."""
    shift = 3.0 if dtype in ("float16", "bfloat16") else 2.0
    return (
        Threshold(
            "decided_changes",
            0.005,
            "below",
            "of 200 choices none may change that the reference has decided",
        ),
        Threshold("lead_shift", shift, "below", _SHIFT_REASON),
    )


@dataclass(frozen=True)
class LeadEvidence:
    """What the reference says to a candidate's choices, case by case.

    Attributes:
        exact: leads on the reference, (N,) of each case.
        rounded: likewise, with the candidate's format emulated.
        seed: of the bootstrap.
    """

    exact: tuple[np.ndarray, ...]
    rounded: tuple[np.ndarray, ...]
    seed: int = 0

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> "LeadEvidence":
        """Read the form of :meth:`to_dict`."""
        exact, rounded = (tuple(map(np.array, entry[key])) for key in ("exact", "rounded"))
        return cls(exact, rounded, entry["seed"])

    def to_dict(self) -> dict[str, Any]:
        """Return a form for JSON."""
        return {
            "exact": [leads.tolist() for leads in self.exact],
            "rounded": [leads.tolist() for leads in self.rounded],
            "seed": self.seed,
        }

    @property
    def choices(self) -> int:
        """How many choices have a lead: where the rules leave one choice, none is made."""
        return sum(int(_decidable(*pair).sum()) for pair in self._pairs())

    @property
    def rounding_nats(self) -> float:
        """How far rounding alone moves leads: root mean square over all choices."""
        squares = sum(self._squares(self.rounded, index) for index in range(len(self.exact)))
        return float(np.sqrt(squares / max(1, self.choices)))

    def tie_nats(self, limits: Sequence[Threshold]) -> float:
        """Return the lead up to which a choice is a tie."""
        return TIE_SPREADS * limits[1].limit * self.rounding_nats

    def rounding_report(self, number_format: str, limits: Sequence[Threshold]) -> dict[str, Any]:
        """Return for the report how far rounding to a format moves leads, and what is a tie."""
        return {
            "format": number_format,
            "choices": self.choices,
            "shift_nats": self.rounding_nats,
            "tie_nats": self.tie_nats(limits),
        }

    def tests(
        self, found: Sequence[np.ndarray], chosen: Sequence[np.ndarray], limits: Sequence[Threshold]
    ) -> tuple[EquivalenceTest, ...]:
        """Test a device.

        Args:
            found: leads on it, (N,) of each case.
            chosen: whether it does choose what it was given, likewise.
            limits: see :func:`lead_limits`.
        """
        tie = self.tie_nats(limits)
        changes, totals = [], []
        for exact_N, rounded_N, chosen_N in zip(self.exact, self.rounded, chosen, strict=True):
            counted_N = _decidable(exact_N, rounded_N)
            differs_N = (chosen_N != (exact_N > 0)) & (np.abs(exact_N) > tie)
            changes.append(int((differs_N & counted_N).sum()))
            totals.append(int(counted_N.sum()))
        indices = range(len(self.exact))
        return (
            share_of(limits[0], changes, totals),
            ratio_of_spreads(
                limits[1],
                [self._squares(found, index) for index in indices],
                [self._squares(self.rounded, index) for index in indices],
                self.seed,
            ),
        )

    def failures(
        self, found: Sequence[np.ndarray], chosen: Sequence[np.ndarray], limits: Sequence[Threshold]
    ) -> list[str]:
        """Return the names of the tests that a device fails."""
        tests = self.tests(found, chosen, limits)
        return [test.threshold.name for test in tests if test.verdict == FAIL]

    def _pairs(self) -> Sequence[tuple[np.ndarray, np.ndarray]]:
        return list(zip(self.exact, self.rounded, strict=True))

    def _squares(self, found: Sequence[np.ndarray], index: int) -> float:
        """Return the sum of squares of a case's shifts."""
        exact_N = self.exact[index]
        counted_N = _decidable(exact_N, self.rounded[index])
        return float(np.square(found[index][counted_N] - exact_N[counted_N]).sum())


def shift_by_rounding(
    leads: Sequence[float], base: Sequence[float], rounded: Sequence[float]
) -> list[float]:
    """Return leads moved as far as rounding moves those of another device.

    Args:
        leads: on the reference, (N,).
        base: of the same choices on the device on which rounding is emulated, without it.
        rounded: likewise, with it.
    """
    with np.errstate(invalid="ignore"):  # infinite where the rules leave no choice
        return (np.array(leads) + np.array(rounded) - np.array(base)).tolist()


def each_alone(leads: Sequence[float]) -> tuple[np.ndarray, ...]:
    """Return the leads of one recording, each as a case of its own, to be drawn by itself."""
    return tuple(np.array([lead]) for lead in leads)


def chosen_by(heard: Heard) -> np.ndarray:
    """Return whether a device chose each of its choices for its lead: not where it drew them."""
    drawn = [d for window, d in zip(heard.windows, heard.drawn, strict=True) for _ in window]
    return ~np.array(drawn, dtype=bool) | (np.array(heard.leads) > 0)


def _decidable(exact_N: np.ndarray, rounded_N: np.ndarray) -> np.ndarray:
    return np.isfinite(exact_N) & np.isfinite(rounded_N)
