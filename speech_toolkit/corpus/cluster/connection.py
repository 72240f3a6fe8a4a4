"""The way to a Ray cluster, or to one that is started on this machine and ends with the run."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

from speech_toolkit.corpus.cluster.share import RESOURCES
from speech_toolkit.device.host import usable_cores
from speech_toolkit.errors import UsageError, first_line
from speech_toolkit.files.json_input import shown_value
from speech_toolkit.files.scratch import scratch_folder, temporary_directory

AUTO, LOCAL = "auto", "local"
_MOST_WAIT_S = 5.0
_OBJECT_STORE_BYTES = 256 * 2**20  # results are small, and leave it at once
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@contextmanager
def ray_connection(address: str, device: str, workers: int | None) -> Iterator[ModuleType]:
    """Connect to a cluster, and give Ray's module.

    Args:
        address: auto for the cluster of this machine, HOST:PORT, or local to start one here.
        device: what a local one is for.
        workers: how many cards of it a local one has; None for those that Ray finds.

    Raises:
        UsageError: Ray is not installed, or there is no such cluster.
    """
    ray = _imported()
    _check_address(address)
    with ExitStack() as held:
        options: dict[str, Any] = {"address": address}
        if address == LOCAL:
            options |= _local_options(device, workers)
            options["_temp_dir"] = str(held.enter_context(scratch_folder()))
        held.callback(ray.shutdown)
        try:
            with _signals_kept():
                ray.init(**options, log_to_driver=False, logging_level="ERROR")
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(_not_connected(address, error)) from error
        yield ray


def _imported() -> ModuleType:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError(
            f"--ray needs a package that cannot be imported ({first_line(error)}); install it: "
            "pip install -r requirements-cluster.txt"
        ) from error


def _check_address(address: str) -> None:
    """Make sure that something answers there, for which Ray itself waits for minutes.

    Raises:
        UsageError: it is no address, or nothing does.
    """
    if address in (AUTO, LOCAL):
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise UsageError(
            f"--ray {shown_value(address)}: is no address of a cluster; give auto, local or "
            "HOST:PORT, as `ray start --head` prints it, and run on one of its machines"
        )
    try:
        socket.create_connection((host, int(port)), _MOST_WAIT_S).close()
    except (OSError, OverflowError) as error:
        raise UsageError(_not_connected(address, error)) from error


def _local_options(device: str, workers: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "num_cpus": usable_cores(),
        "include_dashboard": False,
        "object_store_memory": _OBJECT_STORE_BYTES,
    }
    card = RESOURCES.get(device)
    if workers is not None and card is not None:
        options |= {"num_gpus": workers} if card == "GPU" else {"resources": {card: workers}}
    return options


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Let SIGTERM mean what it did before Ray took it."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _not_connected(address: str, error: Exception) -> str:
    shown = f"--ray {shown_value(address)}"
    said = first_line(error)
    if address == LOCAL:
        if "AF_UNIX" in str(error):
            return f"{shown}: {temporary_directory()} is too long a path for Ray; set TMPDIR=/tmp"
        return f"{shown}: Ray cannot be started here ({said})"
    return (
        f"{shown}: no Ray cluster can be reached ({said}); start one with `ray start --head`, or "
        "give --ray local"
    )
