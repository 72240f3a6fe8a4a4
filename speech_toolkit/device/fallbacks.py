"""Operators that a card leaves to the CPU: slow, and no test of the card.

torch says so once for each operator, in a warning of Python or a line of the log.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any, TextIO

_SAID = re.compile(r"operator '([\w:.]+)' is not currently supported on the \w+ backend")
_noted: set[str] = set()
_is_noting = False


def note_fallbacks() -> None:
    """Note from now on which operators torch says that it hands to the CPU.

    What it says of them is no longer shown; other warnings are shown as before.
    """
    global _is_noting
    if _is_noting:
        return
    _is_noting = True
    warnings.filterwarnings("always", message=r".*operator '[\w:.]+' is not currently supported on")
    show = warnings.showwarning

    def note_or_show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> Any:
        found = fallbacks_in([str(message)])
        _noted.update(found)
        if not found:
            show(message, category, filename, lineno, file, line)

    warnings.showwarning = note_or_show


def noted_fallbacks() -> tuple[str, ...]:
    """Return the operators that have run on the CPU instead of a card in this process."""
    return tuple(sorted(_noted))


def fallback_warnings() -> tuple[str, ...]:
    """Return a warning that names those operators; none where there are none."""
    if not _noted:
        return ()
    return (
        f"the card has no {', '.join(noted_fallbacks())}: done on the CPU instead, which is slow "
        "and shows nothing of the card",
    )


def fallbacks_in(lines: Iterable[str]) -> set[str]:
    """Return the operators that lines of a log or warnings name as fallen back to the CPU."""
    return {match[1] for line in lines for match in _SAID.finditer(line)}
