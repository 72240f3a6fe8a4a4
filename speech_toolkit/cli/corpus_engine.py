"""What does the items of a corpus: this process, workers on several devices, or a cluster."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.device import Device, parse_device_name

if TYPE_CHECKING:
    from speech_toolkit.corpus.engine import Engine
    from speech_toolkit.corpus.item import Item
    from speech_toolkit.corpus.task import CorpusTask


@contextmanager
def engine_for(
    task: CorpusTask,
    lengths: Mapping[Item, float],
    arguments: argparse.Namespace,
    reporter: Reporter,
) -> Iterator[Engine]:
    """Give what the command line asks to do the items, ready to begin.

    Args:
        task: what is done with each.
        lengths: the items, with about how many seconds each has.
        arguments: of the command line.
        reporter: told where the model runs.

    Raises:
        ToolkitError: the model cannot be loaded, or a device or the cluster is not there.
    """
    if arguments.devices is not None:
        yield _on_several_devices(task, lengths, arguments, reporter)
    elif arguments.ray is not None:
        with _on_ray(task, arguments, reporter) as engine:
            yield engine
    else:
        yield _in_this_process(task, arguments, reporter)


def _in_this_process(task: CorpusTask, arguments: argparse.Namespace, reporter: Reporter) -> Engine:
    """Load the model here, and say which runs where under the published banner."""
    from speech_toolkit.corpus.pipeline import Pipeline

    asked_for, _ = parse_device_name(arguments.device)
    if asked_for != "auto":
        reporter.banner(f"Running inference on: {arguments.device}")

    def report_target(device: Device, dtype_name: str) -> None:
        if asked_for == "auto":
            reporter.banner(f"Running inference on: {device.label}")
        _report_model(task, reporter)
        reporter.info(f"Target device: {device.label}, dtype: torch.{dtype_name}")

    started = time.perf_counter()
    model = task.load(arguments.device, report_target)
    reporter.time("Model load", time.perf_counter() - started)
    return Pipeline(model, task.forms, arguments.item_timeout_s)


def _on_several_devices(
    task: CorpusTask,
    lengths: Mapping[Item, float],
    arguments: argparse.Namespace,
    reporter: Reporter,
) -> Engine:
    """Find the devices, and say which; their workers load the model themselves."""
    from speech_toolkit.corpus.pool.devices import resolve_devices
    from speech_toolkit.corpus.pool.pool import Pool

    devices = resolve_devices(arguments.devices, reporter)
    times = Counter(devices)
    shown = (name if times[name] == 1 else f"{times[name]} x {name}" for name in times)
    reporter.banner(f"Running inference on: {', '.join(shown)}")
    _report_model(task, reporter)
    return Pool(task, devices, lengths, arguments.item_timeout_s, reporter)


@contextmanager
def _on_ray(
    task: CorpusTask, arguments: argparse.Namespace, reporter: Reporter
) -> Iterator[Engine]:
    """Connect to Ray, and say how many workers will load the model."""
    from speech_toolkit.corpus.cluster.connection import ray_connection
    from speech_toolkit.corpus.cluster.engine import ClusterEngine
    from speech_toolkit.corpus.cluster.share import share_of
    from speech_toolkit.corpus.cluster.worker import Plan

    with ray_connection(arguments.ray, arguments.device, arguments.workers) as ray:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        share = share_of(nodes, arguments.device, arguments.workers)
        plural = "" if share.workers == 1 else "s"
        reporter.banner(
            f"Running inference on: {share.workers} Ray worker{plural} ({share.device})"
        )
        _report_model(task, reporter)
        plan = Plan(task, share.device, arguments.item_timeout_s, share.cpus, str(Path.cwd()))
        yield ClusterEngine(ray, share, plan, reporter)


def _report_model(task: CorpusTask, reporter: Reporter) -> None:
    if task.bundled_model is not None:
        reporter.info(f"No --model_path given: using the bundled {task.bundled_model}")
    reporter.info(f"Loading model from: {task.checkpoint_name}")
