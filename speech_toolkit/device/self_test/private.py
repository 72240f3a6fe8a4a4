"""Text that may stand in a report of a bug: no name of a user, no folder of theirs."""

import re

_SYSTEM = ("usr", "opt", "etc", "dev", "proc", "sys", "lib", "lib64")
_PATH = re.compile(r"(?<![\w.~.../])/(?:[^\s/:;,'\"()]+/)*[^\s/:;,'\"()]*")


def without_private_paths(text: str) -> str:
    """Return a text in which only the last part is left of paths outside the system's folders."""
    return _PATH.sub(_shortened, text)


def _shortened(found: re.Match[str]) -> str:
    path = found.group()
    first, _, rest = path.lstrip("/").partition("/")
    if first in _SYSTEM or not rest:
        return path
    return f".../{path.rstrip('/').rpartition('/')[2]}"
