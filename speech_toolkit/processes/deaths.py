"""Why a child ended, where it did not say."""

import re
import signal
from collections.abc import Sequence
from pathlib import Path

HOST_MEMORY_TEXT = (
    "killed by the host, which ran out of memory; use a smaller batch, shorter audio or a machine "
    "with more memory"
)


def killed_for_memory(exit_code: int, kills_before: int | None) -> bool:
    """Tell whether the host killed a child for want of memory.

    Where the host keeps no count of those it kills, a SIGKILL is taken for one.

    Args:
        exit_code: of the child, negative for a signal.
        kills_before: what :func:`host_memory_kills` returned when it started.
    """
    return exit_code == -signal.SIGKILL and (
        kills_before is None or host_memory_kills() != kills_before
    )


def end_in_words(exit_code: int, tail: Sequence[str]) -> str:
    """Return how a child ended, such as "died of SIGSEGV; the last it printed: nothing".

    Args:
        exit_code: of the child, negative for a signal.
        tail: the last lines that it printed.
    """
    last_words = next((line.strip() for line in reversed(tail) if line.strip()), "nothing")
    died = (
        f"died of {signal.Signals(-exit_code).name}"
        if exit_code < 0
        else f"ended with exit code {exit_code}"
    )
    return f"{died}; the last it printed: {last_words}"


def host_memory_kills() -> int | None:
    """Return how many processes this host has killed for want of memory, None if it is unknown."""
    try:
        found = re.search(r"^oom_kill (\d+)$", Path("/proc/vmstat").read_text("ascii"), re.M)
    except OSError:
        return None
    return int(found[1]) if found else None
