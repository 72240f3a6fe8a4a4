"""Measure a loaded model over a sweep of lengths and batch sizes, in the process of its device.

A case is one audio of ``batch_size`` recordings of ``duration_s`` seconds, one after the other: the
first seconds of one array of samples that all devices share. It is cut into windows as in everyday
use, of which ``batch_size`` may run together. Its hash is taken of what this process was given.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from speech_toolkit.audio.waveform import Waveform
from speech_toolkit.device import Device
from speech_toolkit.device.fallbacks import noted_fallbacks
from speech_toolkit.device.memory import process_memory
from speech_toolkit.evaluation.metrics.timing import Timings, measure
from speech_toolkit.evaluation.models.family import SAMPLE_RATE_HZ, load_model
from speech_toolkit.evaluation.models.protocol import EvaluatedModel, ModelSettings, Work
from speech_toolkit.evaluation.report import array_hash
from speech_toolkit.processes.child import report_done, save_partial

STAGE_RUNS = 3
_TOKEN_STAGE = "tokens"


def measure_target(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Load a model and measure every case; what runs in the isolated process.

    Args:
        payload: ``model`` (ModelSettings as a dict), ``samples`` (an .npy file of float32
            at 16 kHz), ``cases`` (pairs of duration_s and batch_size), ``warmup`` and ``runs``.

    Returns:
        The measurements, ready for JSON, and no arrays.
    """
    model = load_model(ModelSettings(**payload["model"]))
    with model.device.errors("while it was measured"):
        report = _measure_cases(model, payload)
    return report | {"fallback_ops": list(noted_fallbacks())}, {}


def _measure_cases(model: EvaluatedModel, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Measure every case, keeping what there is so far after each."""
    report: dict[str, Any] = {
        "load_s": model.load_s,
        "model": model.facts,
        "environment": model.device.facts(),
        "memory_loaded": memory_figures(model.device),
        "cases": [],
    }
    save_partial(report)
    samples = np.load(payload["samples"], mmap_mode="r")
    for duration_s, batch_size in payload["cases"]:
        case = _Case(model, samples, duration_s, batch_size)

        def keep(timings: Timings, case: _Case = case) -> None:
            save_partial({**report, "cases": [*report["cases"], case.unfinished(timings)]})
            report_done()

        timings = measure(case.run, model.device, payload["warmup"], payload["runs"], keep)
        report["cases"].append(case.finished(timings, min(STAGE_RUNS, payload["runs"])))
        save_partial(report)
    return report


def case_samples(samples: np.ndarray, duration_s: float, batch_size: int) -> np.ndarray:
    """Return the audio of a case, the first of the samples that all cases share."""
    return np.ascontiguousarray(samples[: round(duration_s * batch_size * SAMPLE_RATE_HZ)])


class _Case:
    """One length and batch size, run as often as it is asked for."""

    def __init__(
        self, model: EvaluatedModel, samples: np.ndarray, duration_s: float, batch_size: int
    ) -> None:
        self._model = model
        self._duration_s = duration_s
        self._batch_size = batch_size
        own = case_samples(samples, duration_s, batch_size)
        self._waveform = Waveform(own, SAMPLE_RATE_HZ, "measured speech", SAMPLE_RATE_HZ, 1)
        self._work: Work | None = None
        model.device.empty_cache()
        model.device.reset_peak_memory()

    def run(self, *, exact: bool = False) -> Work:
        """Take the recordings through the model once."""
        self._work = self._model.run(self._waveform, self._batch_size, exact=exact)
        return self._work

    def unfinished(self, timings: Timings) -> dict[str, Any]:
        """Return what is known after some of the runs."""
        return {
            "complete": False,
            "duration_s": self._duration_s,
            "batch_size": self._batch_size,
            "recordings": self._batch_size,
            "audio_s": self._waveform.duration_s,
            "input_sha256": array_hash(self._waveform.samples),
            **latency_figures(timings, self._waveform.duration_s),
            "recordings_per_s": self._batch_size / statistics.fmean(timings.runs_s),
        }

    def finished(self, timings: Timings, stage_runs: int) -> dict[str, Any]:
        """Time the stages in runs of their own and return all that was measured."""
        memory = memory_figures(self._model.device)
        staged = [self.run(exact=True).stage_times_s for _ in range(stage_runs)]
        work = self._work
        return {
            **self.unfinished(timings),
            "complete": True,
            **stage_figures(staged, work.tokens),
            "batch_size_used": work.batch_size,
            "windows": work.windows,
            "memory": memory,
            "output": list(work.output),
            "output_sha256": hashlib.sha256(repr(work.output).encode()).hexdigest(),
            "no_evidence": work.no_evidence,
            "warnings": list(work.warnings),
        }


def latency_figures(timings: Timings, audio_s: float) -> dict[str, Any]:
    """Return raw seconds, their distribution and the real-time factors of at least one run.

    Args:
        timings: of one call that takes ``audio_s`` seconds of audio through a model.
        audio_s: seconds of audio, above 0.
    """
    mean_s = statistics.fmean(timings.runs_s)
    return {**timings.to_dict(), "rtf": mean_s / audio_s, "rtfx": audio_s / mean_s}


def stage_figures(staged: Sequence[Mapping[str, float]], tokens: int | None) -> dict[str, Any]:
    """Return seconds per stage, raw and as median, and those of one token.

    Args:
        staged: of each run, seconds per stage.
        tokens: that one run generates; None or 0 where it generates none.
    """
    stages = {
        name: {
            "median_s": statistics.median(times_s[name] for times_s in staged),
            "runs_s": [times_s[name] for times_s in staged],
        }
        for name in staged[0]
    }
    per_token_s = stages[_TOKEN_STAGE]["median_s"] / tokens if tokens else None
    return {"stages": stages, "tokens": tokens, "seconds_per_token": per_token_s}


def memory_figures(device: Device) -> dict[str, int | None]:
    """Return the device's memory, and the resident size of this process beside it, in bytes."""
    process = process_memory()
    return {
        **asdict(device.memory()),
        "rss_bytes": process.allocated_bytes,
        "peak_rss_bytes": process.peak_allocated_bytes,
    }
