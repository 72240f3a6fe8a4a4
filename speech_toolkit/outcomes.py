"""What became of one of many: its result, or the error that kept it from having one."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from speech_toolkit.errors import error_kind

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The result of one piece of work, or why there is none.

    Attributes:
        result: None where it failed.
        error: None where it is done.
    """

    result: T | None = None
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self.error is None

    @property
    def error_kind(self) -> str | None:
        """What went wrong in a few words, such as "missing" or "too short"; None where done."""
        return None if self.error is None else error_kind(self.error)

    def unwrap(self) -> T:
        """Return the result; raise the error where there is none."""
        if self.error is not None:
            raise self.error
        return self.result


def outcome_of(work: Callable[[], T]) -> Outcome[T]:
    """Do one piece of work of many, so that no failure of it stops the others.

    An interrupt is no failure, and goes on upwards. The error keeps the lines of its traceback but
    none of their variables, which may be hours of audio, or tensors on a device.

    Args:
        work: returns the result or raises whatever it likes.
    """
    try:
        return Outcome(result=work())
    except Exception as error:  # noqa: BLE001, one bad item never stops the rest
        _let_go(error)
        return Outcome(error=error)


def _let_go(error: BaseException | None) -> None:
    """Drop the variables that the tracebacks of an error and of its causes keep alive."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        traceback.clear_frames(error.__traceback__)
        seen.append(error)
        error = error.__cause__ or error.__context__


def in_order(found: Iterable[tuple[int, T]]) -> Iterator[T]:
    """Yield what comes in any order in that of its numbers, which count from 0 without gaps."""
    early: dict[int, T] = {}
    turn = 0
    for number, each in found:
        early[number] = each
        while turn in early:
            yield early.pop(turn)
            turn += 1
