"""Numba as it comes, whatever the environment says of it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_PREFIX = "NUMBA_"
_KEPT = ("NUMBA_CACHE_DIR",)


@contextmanager
def default_numba_settings() -> Iterator[None]:
    """Hide the variables that steer numba from what is imported and compiled in the block.

    They are meant for the loops of others: no thread makes its import fail, a CPU feature that LLVM
    does not know ends the process, debugging prints on stdout and interpreting takes hours. A
    process that has imported numba before keeps its settings.
    """
    hidden = {}
    if "numba" not in sys.modules:
        names = [name for name in os.environ if name.startswith(_PREFIX) and name not in _KEPT]
        hidden = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(hidden)
