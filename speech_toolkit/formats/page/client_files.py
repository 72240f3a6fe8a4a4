"""The page's own files as one script and one style sheet.

``client/`` holds the script as modules. A page that is opened from a folder cannot import files, so
they are joined in the order in which they need each other, without their ``import`` lines and the
word ``export``. Names at the top of a module are therefore names of the page: each is used once.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

CLIENT = Path(__file__).with_name("client")
MAIN = "main.js"
_IMPORT = re.compile(r'^import (?:\{[^}]*\} from )?"\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let)\b)", re.MULTILINE)


@cache
def read(name: str) -> str:
    """Return the text of one file of ``client/``."""
    return (CLIENT / name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """Return all modules as one, each after those that it imports."""
    order: list[str] = []

    def add(name: str) -> None:
        for needed in _IMPORT.findall(read(name)):
            if needed not in order:
                add(needed)
        order.append(name)

    add(MAIN)
    parts = (f"// {name}\n{_EXPORT.sub('', _IMPORT.sub('', read(name)))}" for name in order)
    return "\n".join(parts)
