"""The causes of a candidate's error, each computed alone on the CPU, and its error taken apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speech_toolkit.evaluation.metrics.decomposition import decompose
from speech_toolkit.evaluation.models.protocol import EvaluatedModel
from speech_toolkit.evaluation.models.rounding import emulating, rounded_numbers
from speech_toolkit.evaluation.parity.budget import (
    FLOAT32_ROUNDING,
    OWN_ROUNDING,
    budget_entry,
    dtype_cause,
    forms_for,
)
from speech_toolkit.evaluation.parity.layers import ActivationComparer
from speech_toolkit.evaluation.parity.module_calls import LocalCall, worst_error
from speech_toolkit.evaluation.parity.on_device import (
    ACTIVATIONS,
    GOLDEN_FILE,
    INPUTS_FILE,
    OUTPUTS_FILE,
    Arrays,
    load_arrays,
    run_outputs,
)
from speech_toolkit.evaluation.parity.request import LAYERS_OFF

Causes = Mapping[str, Callable[[], AbstractContextManager[Any]]]


def take_apart(loaded: EvaluatedModel, payload: dict[str, Any]) -> dict[str, Any]:
    """Take the error of one candidate apart.

    Args:
        loaded: the model on the CPU in float32.
        payload: of `budget_process.run_budget`.

    Returns:
        "outputs" by name and "modules" in order, each as `budget_entry` gives it.
    """
    scratch = Path(payload["scratch"])
    inputs = load_arrays(scratch / INPUTS_FILE)
    causes = _causes(loaded.model, payload["dtype_of_limits"])
    budget = {"outputs": _outputs_budget(loaded, inputs, causes, payload), "modules": []}
    if payload["layers"] != LAYERS_OFF:
        modules = _ModulesBudget(Path(payload["keep"]), causes, payload)
        comparer = ActivationComparer(scratch / ACTIVATIONS, on_local=modules.add)
        with comparer.comparing(loaded.model):
            loaded.forward(inputs)
        budget["modules"] = modules.entries
    return budget


def _causes(model: torch.nn.Module, dtype: str) -> Causes:
    """Return by name how each cause is brought about."""
    causes: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        form.label: lambda form=form: emulating(form) for form in forms_for(dtype)
    }
    rounding = dtype_cause(dtype)
    if rounding is not None:
        causes[rounding] = lambda: rounded_numbers(model, dtype)
    return causes


def _outputs_budget(
    loaded: EvaluatedModel, inputs: Arrays, causes: Causes, payload: dict[str, Any]
) -> dict[str, Any]:
    scratch, dtype = Path(payload["scratch"]), payload["dtype_of_limits"]
    reference = load_arrays(scratch / OUTPUTS_FILE)
    candidate = load_arrays(Path(payload["keep"]) / OUTPUTS_FILE)
    plain = run_outputs(loaded, inputs)
    caused = {}
    for name, cause in causes.items():
        with cause():
            caused[name] = run_outputs(loaded, inputs)
    if dtype == "float32" and (scratch / GOLDEN_FILE).exists():
        caused[OWN_ROUNDING] = load_arrays(scratch / GOLDEN_FILE)
    budget = {}
    for output, array in reference.items():
        of_output = {name: [arrays[output]] for name, arrays in caused.items()}
        rounding_error = _rounding_error(
            payload["rounding"], [plain[output]], of_output, payload["noise"].get(output, 0.0)
        )
        found = decompose([array], [candidate[output]], of_output, [plain[output]])
        if found is not None:
            budget[output] = budget_entry(found, rounding_error, dtype, payload["granted"])
    return budget


def _rounding_error(
    names: Sequence[str],
    plain: Sequence[np.ndarray],
    caused: Mapping[str, Sequence[np.ndarray]],
    noise: float = 0.0,
) -> float:
    """Return the relative error that rounding leaves: the largest of its causes, by name."""
    sizes = [worst_error(plain, caused[name]) for name in names if name in caused]
    return max([FLOAT32_ROUNDING, noise, *filter(math.isfinite, sizes)])


class _ModulesBudget:
    """Takes the modules' own errors apart, on the reference's inputs.

    Attributes:
        entries: one budget for each module whose error is more than rounding leaves.
    """

    def __init__(self, kept: Path, causes: Causes, payload: dict[str, Any]) -> None:
        self.entries: list[dict[str, Any]] = []
        self._kept = kept
        self._causes = causes
        self._dtype = payload["dtype_of_limits"]
        self._rounding = payload["rounding"]
        self._granted = payload["granted"]

    def add(self, call: LocalCall) -> None:
        """Look at one call of a module; it has no budget where the candidate left no result."""
        candidate = call.read(self._kept)
        if candidate is None:
            return
        caused, dtype = {}, self._dtype
        if dtype == "float32":
            caused[OWN_ROUNDING] = call.in_float64()
        known = _rounding_error([OWN_ROUNDING], call.result, caused)
        if worst_error(call.expected, candidate) <= 2 * known:
            return
        for name, cause in self._causes.items():
            with cause():
                caused[name] = call.again(dtype if name == dtype_cause(dtype) else None)
        found = decompose(call.expected, candidate, caused, call.result)
        if found is not None:
            rounding_error = _rounding_error(self._rounding, call.result, caused)
            entry = budget_entry(found, rounding_error, dtype, self._granted)
            self.entries.append({"module": call.name} | entry)
