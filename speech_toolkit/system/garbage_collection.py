"""Keep Python's cycle collector out of the way where it costs and finds nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Keep the collector from walking a heap that only grows.

    Importing torch and transformers, or making a million small objects, takes up to twice as long
    with the collector walking what was made so far again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
