"""All that is wrong with the inputs of a run, told together.

A fault of the list itself stops a run before it begins. A fault of one recording or its text stops
that item only, unless all have to be good.
"""

from collections.abc import Iterable

from speech_toolkit.corpus.item import Item, ItemFault
from speech_toolkit.errors import ToolkitError, UsageError, first_line

SHOWN = 20


class InputsError(UsageError):
    """Inputs that cannot be used, one or many.

    Attributes:
        count: how many faults there are.
    """

    def __init__(self, lines: tuple[str, ...], count: int) -> None:
        super().__init__(lines, count)  # as pickle hands them on
        self.count = count
        self._lines = lines

    def __str__(self) -> str:
        return "\n".join(self._lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The message; where there are many faults, one to a line, the first of them."""
        return self._lines


class Faults:
    """Collects what is wrong with inputs; of many faults only the first are kept.

    Args:
        flag: the argument that names them.
        name: its value, where that is one.
        strict: whether a fault of one item counts as one of the list.
    """

    def __init__(self, flag: str, name: str = "", *, strict: bool = True) -> None:
        self.count = 0
        self._strict = strict
        self._flag = flag
        self._name = name
        self._first: list[str] = []

    def add(self, place: str | None, fault: str) -> None:
        """Take note of a fault.

        Args:
            place: where, such as "list.jsonl:12"; None for the whole.
            fault: what is wrong there, and the way out.
        """
        self.count += 1
        if len(self._first) < SHOWN:
            self._first.append(f"{place or self._name}: {fault}")

    def of_item(self, place: str, error: ToolkitError, what: str = "") -> ItemFault:
        """Take note of what is wrong with one item, and return it for that item.

        Args:
            place: where the item is named.
            error: what is wrong, and the way out.
            what: which of its files the error is about; it comes before the message.
        """
        told = f"{what} {first_line(error)}".strip()
        if self._strict:
            self.add(place, told)
        return ItemFault(error.kind, f"{place}: {told}")

    def raise_if_any(self) -> None:
        """Tell of all faults.

        Raises:
            InputsError: there are some.
        """
        if not self.count:
            return
        if self.count == 1:
            raise InputsError((f"{self._flag} {self._first[0]}",), 1)
        source = f"{self._flag} {self._name}".strip()
        lines = [f"{source}: {self.count:,} faults, nothing was done:", *self._first]
        if self.count > SHOWN:
            lines.append(_rest(self.count))
        raise InputsError(tuple(lines), self.count)


def told_faults(items: Iterable[Item]) -> tuple[str, ...]:
    """Return a line for each item that cannot be worked on: the first, and how many more.

    Args:
        items: read without ``strict``.
    """
    lines, count = [], 0
    for item in items:
        if item.fault is not None:
            count += 1
            if count <= SHOWN:
                lines.append(item.fault.message)
    return (*lines, _rest(count)) if count > SHOWN else tuple(lines)


def _rest(count: int) -> str:
    return f"and {count - SHOWN:,} more"
