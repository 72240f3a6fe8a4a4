"""An error budget as lines for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SHOWN_MODULES = 10
UNEXPLAINED, ROUNDING = "left unexplained", "rounding in another order, by its size"
_NAME_WIDTH = 44
Entry = Mapping[str, Any]


def budget_lines(candidate: Mapping[str, Any]) -> Iterator[str]:
    """Yield the budget of each output, and one line for each module; nothing without a budget.

    Args:
        candidate: its part of a report.
    """
    budget = candidate["budget"]
    if budget is None:
        return
    for output, figures in candidate["outputs"].items():
        entry = budget["outputs"].get(output)
        if entry is None:
            yield f"budget of the error in {output}: {_why_none(figures)}"
            continue
        yield f"{f'budget of the error in {output}':<{_NAME_WIDTH}}  by itself   of the square"
        for part in entry["parts"]:
            yield _part_line(part["cause"], part["own_error"], part["share"])
        yield _part_line(ROUNDING, entry["rounding_error"], entry["rounding_share"])
        yield _part_line(UNEXPLAINED, entry["unexplained_error"], entry["unexplained_share"])
        yield _part_line("the whole error", entry["relative_error"], 1.0)
    if candidate["layers"] is not None:
        yield from _module_lines(budget["modules"])


def _why_none(figures: Mapping[str, Any]) -> str:
    """Say why the error of an output was not taken apart."""
    if figures["relative_error"] == 0 and not figures["non_finite_differ"]:
        return "there is none, the two are equal"
    return "not taken apart, since it holds NaN or infinities"


def _part_line(name: str, error: float, share: float) -> str:
    return f"  {name:<{_NAME_WIDTH - 2}}{error:>11.1e}{share:>16.1%}"


def _module_lines(entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        yield "budget of the modules: none is off by more than rounding"
        return
    yield f"budget of the modules' own errors ({len(entries)} more than rounding), the largest:"
    for entry in sorted(entries, key=lambda each: -each["relative_error"])[:SHOWN_MODULES]:
        largest = max(entry["parts"], key=lambda part: part["share"])
        yield (
            f"  {entry['module']:<{_NAME_WIDTH + 4}} {entry['relative_error']:.1e}  "
            f"{largest['cause']} {largest['share']:.1%}, {UNEXPLAINED} "
            f"{entry['unexplained_share']:.1%}"
        )
