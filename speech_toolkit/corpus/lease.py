"""Who may write to an object store, which has no locks: an object that says who, and until when.

It is renewed while its run lives, and counts for nothing soon after. Clocks of different machines
must agree to within half a minute, and of two runs that begin within the same second the second is
stopped only when the lease is renewed: a lock file of a directory is stronger.
"""

from __future__ import annotations

import json
import os
import platform
import time
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

from speech_toolkit.corpus.shard import Shard
from speech_toolkit.errors import StoreError
from speech_toolkit.files.json_input import parse_json

_LASTS_S = 60.0
_LEASE = ".lease"


class _HeldError(StoreError):
    """Another run has the lease."""


class Objects(Protocol):
    """Objects by their names."""

    url: str

    def write(self, name: str, content: bytes) -> None:
        """Put an object."""

    def read(self, name: str) -> bytes | None:
        """Return an object; None where there is none."""

    def remove(self, name: str) -> None:
        """Remove an object where it is there."""

    def names_of(self, suffix: str) -> Iterator[str]:
        """Yield the names at the top that end so."""


class Lease:
    """The right of one run to write.

    Attributes:
        is_lost: whether another run has taken it.

    Args:
        objects: that it is about.
        shard: the share that the run works on.
    """

    def __init__(self, objects: Objects, shard: Shard) -> None:
        self._objects = objects
        self._shard = shard
        self._name = f".{shard.journal_name}{_LEASE}"
        self._run = uuid.uuid4().hex
        self.is_lost = False

    def take(self) -> None:
        """Take it.

        Raises:
            StoreError: another run has it, or one that works on the same items.
        """
        for name in self._objects.names_of(_LEASE):
            shard = Shard.of_journal(name.removesuffix(_LEASE).removeprefix("."))
            if name == self._name or self._shard.is_whole or (shard and shard.is_whole):
                self._refuse_if_held(name)
        self._put()
        self._refuse_if_held(self._name)

    def renew(self) -> None:
        """Make it last longer.

        Raises:
            StoreError: another run has taken it.
        """
        try:
            self._refuse_if_held(self._name)
        except _HeldError:
            self.is_lost = True
            raise
        self._put()

    def give_back(self) -> None:
        """Let others have it, unless they do."""
        if not self.is_lost:
            self._objects.remove(self._name)

    def _put(self) -> None:
        holder = {
            "run": self._run,
            "host": platform.node(),
            "pid": os.getpid(),
            "until_s": time.time() + _LASTS_S,
        }
        self._objects.write(self._name, json.dumps(holder).encode())

    def _refuse_if_held(self, name: str) -> None:
        content = self._objects.read(name)
        if content is None:
            return
        place = f"{self._objects.url}/{name}"
        holder = parse_json(
            content.decode("utf-8", "replace"), place, error=StoreError, advice="remove it"
        )
        left_s = _seconds_left(holder)
        if left_s > 0 and holder.get("run") != self._run:
            raise _HeldError(
                f"{place}: another run (process {holder.get('pid')} on {holder.get('host')}) "
                f"writes there; wait for its end, or {left_s:.0f} s if it was killed, or give "
                "each run its own shard"
            )


def _seconds_left(holder: Any) -> float:
    """Return for how long a lease holds; not at all where its process is known to be gone."""
    until_s = holder.get("until_s") if isinstance(holder, dict) else None
    if not isinstance(until_s, int | float):
        return 0.0
    if holder.get("host") == platform.node() and not _is_alive(holder.get("pid")):
        return 0.0
    return min(until_s - time.time(), _LASTS_S)


def _is_alive(pid: Any) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
