"""All that is wrong with the inputs of a run, told together."""

from speech_toolkit.errors import UsageError

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
    """

    def __init__(self, flag: str, name: str = "") -> None:
        self.count = 0
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
            lines.append(f"and {self.count - SHOWN:,} more")
        raise InputsError(tuple(lines), self.count)
