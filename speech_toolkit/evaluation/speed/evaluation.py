"""Speed of one model on several devices, each in a process of its own, on the same samples.

The first target is the reference: the others' speed-up is over it, and is withheld where a device
did not do the same work, did not do it itself, or the runs do not show which one is faster.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.hashes import weights_hash
from speech_toolkit.evaluation.metrics.timing import PERCENTILE_METHOD
from speech_toolkit.evaluation.models.family import (
    BUNDLED_MODELS,
    CARD_DTYPES,
    SAMPLE_RATE_HZ,
    checkpoint_directory,
)
from speech_toolkit.evaluation.models.protocol import ModelSettings
from speech_toolkit.evaluation.report import array_hash, report_header, run_head
from speech_toolkit.evaluation.speed.on_device import case_samples, measure_target
from speech_toolkit.evaluation.speed.speech_clip import bundled_speech, fill
from speech_toolkit.evaluation.speed.verdict import not_valid, speed_ups
from speech_toolkit.evaluation.targets import Target, device_facts
from speech_toolkit.families import family_of
from speech_toolkit.files.scratch import scratch_errors, scratch_folder
from speech_toolkit.processes.runner import Outcome, run_isolated
from speech_toolkit.progress import Bar, Progress, counted_as

KIND = "perf"
_MEASURE = f"{measure_target.__module__}:{measure_target.__name__}"
_SAMPLES_FILE = "samples.npy"


@dataclass(frozen=True)
class PerformanceRequest:
    """What is to be measured.

    Attributes:
        model_path: directory or hub id; None for the family's bundled model.
        family: "mms" or "whisper", of the bundled model; a checkpoint says its own.
        targets: where; the first is the reference. A dtype that is None is the family's default.
        audio_path: speech to measure with; None for the bundled samples.
        durations_s: lengths of the recordings in seconds, each above 0; none for that of
            ``audio_path``.
        batch_sizes: how many recordings the audio of a case holds, one after the other, and how
            many windows of it may run together.
        warmup: calls before the measured ones.
        runs: measured calls per case.
        seed: of the order of the bundled samples.
        timeout_s: seconds after which a device's process is killed.
        min_agreement: share of the output, in 0..1, that must be the reference's for a speed-up.
        attn_implementation: attention kernel; None for the one transformers picks.
        decode_graph: "auto", "on" or "off"; of Whisper only.
        max_new_tokens: most tokens for one window; of Whisper only.
    """

    model_path: str | None
    family: str
    targets: tuple[Target, ...]
    audio_path: str | None
    durations_s: tuple[float, ...]
    batch_sizes: tuple[int, ...]
    warmup: int
    runs: int
    seed: int
    timeout_s: float
    min_agreement: float
    attn_implementation: str | None = None
    decode_graph: str = "auto"
    max_new_tokens: int | None = None


def measure_performance(
    request: PerformanceRequest,
    argv: Sequence[str],
    progress: Progress,
    before: Callable[[Mapping[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Measure every case on every target.

    Args:
        request: what to measure.
        argv: the command line, for the report.
        progress: where progress goes.
        before: called before anything is measured with what is known by then: "config", "model",
            and "targets" with their environments and the input of each case. What it raises ends
            the measurement.

    Returns:
        The report, described by ``results/schemas/perf.schema.json``. A target that failed
        has its status, message and what it measured before.

    Raises:
        CheckpointError: there is no such checkpoint, or its family is not supported.
        AudioError: the audio cannot be used.
    """
    name = request.model_path or str(bundled_model(BUNDLED_MODELS[request.family]))
    family = family_of(name)
    directory = checkpoint_directory(name)
    targets = [target.with_default_dtype(CARD_DTYPES[family]) for target in request.targets]
    samples, durations_s = _speech(request, family)
    cases = list(product(durations_s, request.batch_sizes))
    resolved = {"targets": [target.label for target in targets], "durations_s": durations_s}
    config = asdict(request) | resolved
    header = report_header(KIND, argv, config)
    model = {"path": name, "weights_sha256": weights_hash(directory)}
    if before is not None:
        known = _targets_to_be(targets, cases, samples)
        before({"config": config, "model": model, "targets": known})
    busy = os.getloadavg()[0]
    entries = _measure_targets(targets, directory, cases, samples, request, progress)
    return {
        **header,
        "family": family,
        "model": model,
        "input": _input(request),
        "load_average": busy,
        "percentile_method": PERCENTILE_METHOD,
        "targets": [_without_output(entry) for entry in entries],
        "speed_ups": speed_ups(entries, request.min_agreement),
        "not_valid": list(not_valid(entries)),
    }


def _input(request: PerformanceRequest) -> dict[str, Any]:
    """Return what a report says of the speech."""
    return {
        "source": request.audio_path or "bundled samples",
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "seed": None if request.audio_path else request.seed,
    }


def _measure_targets(
    targets: Sequence[Target],
    directory: Path,
    cases: Sequence[tuple[float, int]],
    samples: np.ndarray,
    request: PerformanceRequest,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Measure all cases on all targets, one after the other, from one file of samples."""
    with scratch_folder() as folder:
        samples_path = folder / _SAMPLES_FILE
        with scratch_errors():
            np.save(samples_path, samples)
        payload = {
            "samples": str(samples_path),
            "cases": cases,
            "warmup": request.warmup,
            "runs": request.runs,
        }
        runs = len(cases) * request.runs
        total = len(targets) * runs
        with progress.progress_bar(total=total, label="Measurement", unit="run") as bar:
            entries = []
            for target in targets:
                with counted_as(runs, bar):
                    entries.append(_measure(target, directory, payload, request, progress, bar))
        return entries


def _targets_to_be(
    targets: Sequence[Target], cases: Sequence[tuple[float, int]], samples: np.ndarray
) -> list[dict[str, Any]]:
    """Return what a report will say of its targets, as far as it is known without a model."""
    inputs = [
        {
            "duration_s": duration_s,
            "batch_size": batch_size,
            "input_sha256": array_hash(case_samples(samples, duration_s, batch_size)),
        }
        for duration_s, batch_size in cases
    ]
    kinds = {(target.device, target.float32_precision) for target in targets}
    facts = {kind: device_facts(*kind) for kind in kinds}
    return [
        {
            "label": target.label,
            "device": target.device,
            "dtype": target.dtype,
            "environment": facts[target.device, target.float32_precision],
            "model": None,
            "cases": inputs,
        }
        for target in targets
    ]


def _speech(request: PerformanceRequest, family: str) -> tuple[np.ndarray, list[float]]:
    """Return samples for the largest case, and the durations, a file's own by default."""
    durations_s = list(request.durations_s)
    if request.audio_path is None:
        total_s = max(durations_s) * max(request.batch_sizes)
        return bundled_speech(family, total_s, SAMPLE_RATE_HZ, request.seed), durations_s
    samples = load_audio(request.audio_path, SAMPLE_RATE_HZ).samples
    durations_s = durations_s or [len(samples) / SAMPLE_RATE_HZ]
    total_s = max(durations_s) * max(request.batch_sizes)
    return fill([samples], round(total_s * SAMPLE_RATE_HZ)), durations_s


def _measure(
    target: Target,
    directory: Path,
    payload: dict[str, Any],
    request: PerformanceRequest,
    progress: Progress,
    bar: Bar,
) -> dict[str, Any]:
    """Measure all cases on one target, in a process of its own."""
    progress.info(f"Measuring on {target.label} ...")
    model = ModelSettings(
        str(directory),
        target.device,
        target.dtype,
        request.attn_implementation,
        decode_graph=request.decode_graph,
        max_new_tokens=request.max_new_tokens,
        float32_precision=target.float32_precision,
    )
    outcome = run_isolated(
        _MEASURE,
        payload | {"model": asdict(model)},
        label=target.label,
        timeout_s=request.timeout_s,
        progress=progress,
        bar=bar,
    )
    if not outcome.ok:
        progress.info(f"{target.label}: {outcome.status.replace('_', ' ')}: {outcome.message}")
    return _entry(target, outcome)


def _entry(target: Target, outcome: Outcome) -> dict[str, Any]:
    """Return what is known of one target, the outputs of its cases included."""
    result = outcome.result or {}
    return {
        **run_head(target, outcome),
        "log_tail": [] if outcome.ok else list(outcome.log_tail),
        "load_s": result.get("load_s"),
        "model": result.get("model"),
        "environment": result.get("environment"),
        "memory_loaded": result.get("memory_loaded"),
        "fallback_ops": outcome.fallback_ops,
        "cases": result.get("cases", []),
    }


def _without_output(entry: dict[str, Any]) -> dict[str, Any]:
    cases = [
        {key: value for key, value in case.items() if key != "output"} for case in entry["cases"]
    ]
    return {**entry, "cases": cases}
