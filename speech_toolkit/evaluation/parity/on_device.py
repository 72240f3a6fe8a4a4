"""One model on one device, measured for parity: what runs in a process of its own.

The reference runs first and leaves its inputs (and activations) in a directory; every other run
takes them from there, so that all devices compute on the same numbers.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from speech_toolkit.device.fallbacks import noted_fallbacks
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.evaluation.metrics.timing import Timings, time_call
from speech_toolkit.evaluation.models.emulations import Emulation
from speech_toolkit.evaluation.models.family import load_model
from speech_toolkit.evaluation.models.protocol import EvaluatedModel, ModelSettings
from speech_toolkit.evaluation.parity.culprit import is_over_limit
from speech_toolkit.evaluation.parity.hidden_faults import (
    count_saturated,
    misplaced_tensors,
)
from speech_toolkit.evaluation.parity.limits import Distance, limits_for
from speech_toolkit.evaluation.parity.request import LAYERS_ALL, LAYERS_OFF
from speech_toolkit.evaluation.parity.tight import is_highest
from speech_toolkit.evaluation.parity.verdict import compare_outputs, judge_layers
from speech_toolkit.evaluation.report import array_hash
from speech_toolkit.evaluation.thresholds import Threshold
from speech_toolkit.files.scratch import scratch_errors
from speech_toolkit.processes.child import report_done, save_partial

INPUTS_FILE = "inputs.npz"
OUTPUTS_FILE = "outputs.npz"
GOLDEN_FILE = "golden.npz"
SAMPLES_FILE = "samples.npy"
ACTIVATIONS = "activations"
Arrays = dict[str, np.ndarray]


def run_reference(payload: dict[str, Any]) -> tuple[dict[str, Any], Arrays]:
    """Make the inputs, run the reference, and record its activations and noise floor if asked.

    Args:
        payload: "model" (ModelSettings as a dict); "scratch", a directory
            that holds the samples; "warmup", "runs"; "layers", which modules are recorded;
            "noise_floor", whether that is wanted.

    Returns:
        What `_measure` returns, with "noise_floor" added, or "layers_skipped", why modules that
        nobody asked for were not recorded.
    """
    scratch = Path(payload["scratch"])
    with loaded_model(payload) as loaded:
        inputs = loaded.make_inputs(np.load(scratch / SAMPLES_FILE))
        with scratch_errors():
            np.savez(scratch / INPUTS_FILE, **inputs)
        result, arrays = _measure(loaded, inputs, payload)
        with scratch_errors():
            np.savez(scratch / OUTPUTS_FILE, **arrays)
        if payload["noise_floor"]:
            result["noise_floor"] = _noise_floor(loaded, inputs, arrays)
        result["layers_skipped"] = _record(loaded, inputs, scratch / ACTIVATIONS, payload["layers"])
    return result | {"fallback_ops": noted_fallbacks()}, arrays


def run_candidate(payload: dict[str, Any]) -> tuple[dict[str, Any], Arrays]:
    """Run a candidate on the reference's inputs, module by module too if asked.

    Args:
        payload: as for `run_reference`, and "dtype_of_limits", "changes" and "distances", which
            limits hold; "keep", a directory where the outputs and the local results of modules
            are left for a budget, or None.
    """
    kept = Path(payload["keep"]) if payload["keep"] else None
    scratch = Path(payload["scratch"])
    inputs = load_arrays(scratch / INPUTS_FILE)
    with loaded_model(payload) as loaded:
        result, arrays = _measure(loaded, inputs, payload)
        limits = _limits(payload, result["environment"])
        save_partial(result | {"fallback_ops": noted_fallbacks()})
        if kept is not None:
            with scratch_errors():
                kept.mkdir()
                np.savez(kept / OUTPUTS_FILE, **arrays)
        if payload["layers"] != LAYERS_OFF:
            result["layers"] = _compare_layers(
                loaded, inputs, scratch / ACTIVATIONS, limits, result["environment"], kept
            )
        result["sensitivity"] = _sensitivity(
            loaded, inputs, scratch, limits, payload["layers"], result["environment"]
        )
    return result | {"fallback_ops": noted_fallbacks()}, arrays


def run_golden(payload: dict[str, Any]) -> tuple[dict[str, Any], Arrays]:
    """Run once on the reference's inputs, in the payload's dtype; leave the outputs there too."""
    scratch = Path(payload["scratch"])
    inputs = load_arrays(scratch / INPUTS_FILE)
    with loaded_model(payload) as loaded:
        arrays = run_outputs(loaded, inputs)
    with scratch_errors():
        np.savez(scratch / GOLDEN_FILE, **arrays)
    return {}, arrays


def run_emulated(payload: dict[str, Any]) -> tuple[dict[str, Any], Arrays]:
    """Run once for each of the payload's "emulations", computing as it says.

    Returns:
        Nothing, and the logits by the emulation's label.
    """
    from speech_toolkit.evaluation.models.rounding import emulating

    inputs = load_arrays(Path(payload["scratch"]) / INPUTS_FILE)
    arrays = {}
    with loaded_model(payload) as loaded:
        for entry in payload["emulations"]:
            emulation = Emulation(entry["format"], tuple(entry["products"]))
            with emulating(emulation):
                arrays[emulation.label] = run_outputs(loaded, inputs)["logits"]
    return {}, arrays


def _limits(payload: dict[str, Any], environment: Mapping[str, Any]) -> dict[str, Threshold]:
    """Return the limits of a candidate: the tight ones unless it says that it rounds products."""
    found = payload["distances"] if is_highest(payload["model"]["dtype"], environment) else None
    distances = {name: Distance(**each) for name, each in (found or {}).items()}
    return limits_for(payload["dtype_of_limits"], payload["changes"], distances)


@contextlib.contextmanager
def loaded_model(payload: dict[str, Any]) -> Iterator[EvaluatedModel]:
    """Load the model, and compute with it without gradients, the device's errors told as ours.

    Hooks need tensors that count their changes, which inference_mode does without.

    Raises:
        DeviceError: the device is missing, has too little memory, or an operator failed on it.
    """
    loaded = load_model(ModelSettings(**payload["model"]))
    import torch

    with loaded.device.errors("in an evaluation"), torch.no_grad():
        yield loaded


def load_arrays(path: Path) -> Arrays:
    """Return the arrays of an .npz file by name."""
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def run_outputs(loaded: EvaluatedModel, inputs: Arrays) -> Arrays:
    """Run the model once and bring its outputs to the host, float64 as it is, else as float32."""
    arrays = _outputs(loaded, inputs)
    report_done()
    return arrays


def _outputs(loaded: EvaluatedModel, inputs: Arrays) -> Arrays:
    from speech_toolkit.evaluation.parity.module_calls import as_array

    return {name: as_array(tensor) for name, tensor in loaded.forward(inputs).items()}


def _measure(
    loaded: EvaluatedModel, inputs: Arrays, payload: dict[str, Any]
) -> tuple[dict[str, Any], Arrays]:
    """Time repeated runs, hold them against each other, and ask for the answer."""
    device = loaded.device
    device.reset_peak_memory()
    timings, arrays, repeat_error, all_equal = _repeat(
        lambda: _outputs(loaded, inputs), loaded, payload["warmup"], payload["runs"]
    )
    memory = asdict(device.memory())
    misplaced = misplaced_tensors(loaded.model, loaded.forward(inputs), device)
    answer = loaded.answer(inputs)
    result = {
        "load_s": loaded.load_s,
        "timing": timings.to_dict(),
        "repeat_error": repeat_error,
        "runs_identical": all_equal,
        "input_error": _input_error(loaded, inputs, payload),
        "answer": answer,
        "misplaced_tensors": misplaced,
        "saturates": device.saturates,
        "saturated_values": count_saturated(arrays.values(), payload["model"]["dtype"]),
        "memory": memory,
        "environment": device.facts(),
        "attn_implementation": loaded.model.config._attn_implementation,
        "inputs_sha256": {name: array_hash(array) for name, array in inputs.items()},
        "outputs_sha256": {name: array_hash(array) for name, array in arrays.items()},
    }
    return result, arrays


def _input_error(loaded: EvaluatedModel, inputs: Arrays, payload: dict[str, Any]) -> float:
    """Return the relative error of what this device makes of the audio against what it is given."""
    own = loaded.own_inputs(np.load(Path(payload["scratch"]) / SAMPLES_FILE))
    return max((relative_error(inputs[name], array) for name, array in own.items()), default=0.0)


def _repeat(
    call: Callable[[], Arrays], loaded: EvaluatedModel, warmup: int, runs: int
) -> tuple[Timings, Arrays, float, bool]:
    """Time calls and compare their results.

    Returns:
        The timings, the first result, the largest relative error of another result against it, and
        whether all are the same bit for bit.
    """
    seconds: list[float] = []
    first: Arrays = {}
    latest: Arrays = {}
    repeat_error, all_equal = 0.0, True

    def keep() -> None:
        latest.clear()
        latest.update(call())

    for _ in range(warmup + runs):
        seconds.append(time_call(keep, loaded.device))
        report_done()
        first = first or dict(latest)
        for name, array in latest.items():
            if not np.array_equal(first[name], array, equal_nan=True):
                all_equal = False
                repeat_error = max(repeat_error, relative_error(first[name], array))
    timings = Timings(
        first_s=seconds[0] if warmup else None,
        warmup_s=tuple(seconds[1:warmup]),
        runs_s=tuple(seconds[warmup:]),
    )
    return timings, first, repeat_error, all_equal


def _noise_floor(loaded: EvaluatedModel, inputs: Arrays, arrays: Arrays) -> dict[str, Any]:
    """Run with other numbers of CPU threads, which add in another order: the error is noise."""
    import torch

    own = torch.get_num_threads()
    others = sorted({1, 2, os.cpu_count() or 1} - {own})
    errors: dict[str, dict[str, float]] = {}
    try:
        for threads in others:
            torch.set_num_threads(threads)
            found = run_outputs(loaded, inputs)
            errors[str(threads)] = {
                name: relative_error(array, found[name]) for name, array in arrays.items()
            }
    finally:
        torch.set_num_threads(own)
    return {"threads": own, "relative_error_by_threads": errors}


def _record(loaded: EvaluatedModel, inputs: Arrays, directory: Path, detail: str) -> str | None:
    """Record modules; return why blocks, which nobody asked for, could not be kept.

    Raises:
        ToolkitError: the disk has no room for all modules, which the user asked for.
    """
    from speech_toolkit.evaluation.parity.layers import ActivationRecorder

    if detail == LAYERS_OFF:
        return None
    try:
        with ActivationRecorder(directory, detail).recording(loaded.model):
            loaded.forward(inputs)
        report_done()
    except ToolkitError as error:
        if detail == LAYERS_ALL:
            raise
        return str(error)
    return None


def _compare_layers(
    loaded: EvaluatedModel,
    inputs: Arrays,
    directory: Path,
    limits: Mapping[str, Threshold],
    environment: Mapping[str, Any],
    kept: Path | None,
) -> dict[str, Any]:
    from speech_toolkit.evaluation.parity.layers import ActivationComparer

    on_local = None if kept is None else (lambda call: call.write(kept))
    stands_out = partial(is_over_limit, limits=limits, environment=environment)
    comparer = ActivationComparer(directory, stands_out, on_local=on_local)
    started = time.perf_counter()
    with comparer.comparing(loaded.model):
        loaded.forward(inputs)
    report_done()
    return {
        "detail": comparer.detail,
        "rows": comparer.rows,
        "expected": comparer.expected,
        "missing": comparer.missing,
        "seconds": time.perf_counter() - started,
    }


def _sensitivity(
    loaded: EvaluatedModel,
    inputs: Arrays,
    scratch: Path,
    limits: Mapping[str, Threshold],
    detail: str,
    environment: Mapping[str, Any],
) -> dict[str, Any]:
    """Plant faults of several sizes in the candidate; find the smallest that a check notices."""
    from speech_toolkit.evaluation.models.planted_faults import planted_noise, smallest_noticed
    from speech_toolkit.evaluation.parity.blocks import attentions_of
    from speech_toolkit.evaluation.parity.layers import ActivationComparer

    reference = load_arrays(scratch / OUTPUTS_FILE)
    names = [name for name, _ in attentions_of(loaded.model)]
    name = names[len(names) // 2]

    def noticed_by(size: float) -> list[str]:
        comparer = None
        compared = contextlib.nullcontext()
        if detail != LAYERS_OFF:
            comparer = ActivationComparer(scratch / ACTIVATIONS, around=name)
            compared = comparer.comparing(loaded.model)
        with planted_noise(loaded.model, name, size), compared:
            arrays = run_outputs(loaded, inputs)
        _, checks = compare_outputs(reference, arrays, limits)
        if comparer is not None:
            _, found = judge_layers(
                {"rows": comparer.rows, "missing": [], "expected": 0, "detail": detail},
                environment,
                limits,
            )
            checks += found
        return sorted({item.threshold.name for item in checks if not item.passed})

    return {"module": name} | smallest_noticed(noticed_by)
