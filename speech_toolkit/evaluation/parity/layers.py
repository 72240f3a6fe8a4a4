"""The error of every module of a model: its own, and what reached it from those before.

The reference writes what goes into and comes out of each module to a directory of .npy files. The
candidate runs beside these files, module by module: its own run gives the propagated errors, and
each module called once more, with the reference's inputs, gives its local error. Both sides hold
one module's tensors at a time.

Modules stand in the order in which they finish, so a module comes before the block it is part of.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from speech_toolkit.device.rounding import round_factor
from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.evaluation.models.emulations import FORMATS, Emulation
from speech_toolkit.evaluation.models.rounding import RoundedProducts
from speech_toolkit.evaluation.parity.blocks import blocks_of
from speech_toolkit.evaluation.parity.diagnosis import explain, other_epsilon
from speech_toolkit.evaluation.parity.module_calls import (
    LocalCall,
    as_array,
    floats_in,
    with_floats,
    worst_error,
)
from speech_toolkit.evaluation.parity.request import LAYERS_ALL, LAYERS_BLOCKS
from speech_toolkit.files.scratch import scratch_errors

INDEX_FILE = "modules.json"
CONVOLUTION, LINEAR, GELU, BLOCK = "convolution", "linear", "gelu", "block"
_PASS_THROUGH = ("Dropout", "Identity")
_EXPLAINED_MODULES = 20
StandsOut = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], bool]
EPSILON_SEEN_ABOVE = 2e-6  # below this an error of float32 is its own rounding


class ActivationRecorder:
    """Writes the activations of a reference run.

    Attributes:
        directory: of the files.
        detail: "all" for every module, "blocks" for those that :func:`blocks_of` names.
    """

    def __init__(self, directory: Path, detail: str = LAYERS_ALL) -> None:
        self.directory = directory
        self.detail = detail
        self._records: list[dict[str, Any]] = []
        self._calls = _CallNames()
        self._inputs: dict[int, list[int]] = {}
        self._files: dict[int, tuple[weakref.ref, int, int]] = {}
        self._written = 0
        self._paused = False

    @contextmanager
    def recording(self, model: torch.nn.Module) -> Iterator[None]:
        """Record the modules called in the ``with`` block, which makes one run under no_grad.

        Raises:
            ToolkitError: the disk has no room.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        self._calls = _CallNames(model, self.detail)
        handles = [
            handle
            for module in self._calls.modules
            for handle in (
                module.register_forward_pre_hook(self._before, with_kwargs=True),
                module.register_forward_hook(self._after, with_kwargs=True),
            )
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
        index = {"detail": self.detail, "records": self._records}
        (self.directory / INDEX_FILE).write_text(json.dumps(index), encoding="utf-8")

    def _before(self, module: torch.nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
        if not self._paused:
            self._inputs[id(module)] = [self._store(t) for t in floats_in((args, kwargs))]

    def _after(
        self, module: torch.nn.Module, args: tuple, kwargs: dict[str, Any], output: Any
    ) -> None:
        if self._paused:
            return
        inputs = self._inputs.pop(id(module))
        outputs = [self._store(tensor) for tensor in floats_in(output)]
        if outputs:
            self._records.append(
                {
                    "module": self._calls.next_name(module),
                    "class": type(module).__name__,
                    "kind": module_kind(module)
                    or (BLOCK if self.detail == LAYERS_BLOCKS else None),
                    "is_leaf": not any(True for _ in module.children()),
                    "inputs": inputs,
                    "outputs": outputs,
                    "rounding": self._rounding_errors(module, args, kwargs, output),
                }
            )

    def _rounding_errors(
        self, module: torch.nn.Module, args: tuple, kwargs: dict[str, Any], output: Any
    ) -> dict[str, float]:
        """Return the local error that each format would give a convolution or linear module."""
        if module_kind(module) not in (CONVOLUTION, LINEAR) or output.dtype is not torch.float32:
            return {}
        exact = as_array(output)
        self._paused = True
        try:
            errors = {}
            for number_format in FORMATS:
                with RoundedProducts(Emulation(number_format)):
                    errors[number_format] = relative_error(exact, as_array(module(*args, **kwargs)))
            return errors
        finally:
            self._paused = False

    def _store(self, tensor: torch.Tensor) -> int:
        """Write a tensor unless it is one that was written and has not changed since."""
        known = self._files.get(id(tensor))
        if known and known[0]() is tensor and known[1] == tensor._version:
            return known[2]
        number = self._written
        self._written += 1
        with scratch_errors():
            np.save(_tensor_path(self.directory, number), as_array(tensor))
        self._files[id(tensor)] = (weakref.ref(tensor), tensor._version, number)
        return number


class ActivationComparer:
    """Compares the modules of a candidate with a recorded reference.

    Attributes:
        rows: one dict for each module call, as the report shows it.
        detail: of the recording.
        expected: how many recorded modules must be met: the leaves, or where only blocks were
            recorded, all of them.
    """

    def __init__(
        self,
        directory: Path,
        stands_out: StandsOut | None = None,
        around: str | None = None,
        on_local: Callable[[LocalCall], None] | None = None,
    ) -> None:
        """Read the index.

        Args:
            directory: that the recorder wrote.
            stands_out: tells of a row, given those before it, whether its local error is to be
                looked into; None for no row.
            around: the name of the only module that matters, with the blocks that it is part of;
                None where all do.
            on_local: takes each call of a module with the reference's inputs.
        """
        self.rows: list[dict[str, Any]] = []
        self._directory = directory
        self._stands_out = stands_out
        self._on_local = on_local
        self._explained = 0
        index = json.loads((directory / INDEX_FILE).read_text(encoding="utf-8"))
        self.detail = index["detail"]
        self._records = {
            record["module"]: record
            for record in index["records"]
            if around is None or f"{around}.".startswith(f"{record['module']}.")
        }
        self._leaves = [
            name
            for name, record in self._records.items()
            if record["is_leaf"] or self.detail == LAYERS_BLOCKS
        ]
        self.expected = len(self._leaves)
        self._calls = _CallNames()
        self._paused = False

    @property
    def missing(self) -> list[str]:
        """The names of the modules that must be met and were not, or could not be run alone."""
        seen = {row["module"] for row in self.rows if row["local_error"] is not None}
        return [name for name in self._leaves if name not in seen]

    @contextmanager
    def comparing(self, model: torch.nn.Module) -> Iterator[None]:
        """Compare the modules called in the ``with`` block, which makes one run under no_grad."""
        self._calls = _CallNames(model, self.detail)
        handles = [
            module.register_forward_hook(self._after, with_kwargs=True)
            for module in self._calls.modules
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _after(
        self, module: torch.nn.Module, args: tuple, kwargs: dict[str, Any], output: Any
    ) -> None:
        if self._paused:
            return
        found = floats_in(output)
        name = self._calls.next_name(module) if found else ""
        record = self._records.get(name)
        if record is None or len(record["outputs"]) != len(found):
            return
        expected = self._load(record["outputs"])
        own = [as_array(tensor) for tensor in found]
        row = {key: record[key] for key in ("module", "class", "kind", "is_leaf", "rounding")}
        row["propagated_error"] = worst_error(expected, own)
        row["local_error"] = row["other_epsilon"] = row["explanation"] = None
        if len(record["inputs"]) == len(floats_in((args, kwargs))):
            inputs = self._load(record["inputs"])
            local = self._call_with(module, args, kwargs, inputs)
            row["local_error"] = worst_error(expected, local)
            self._explain(module, row, inputs, expected, local)
            if self._on_local is not None:
                call = partial(self._call_with, module, args, kwargs, inputs)
                self._on_local(LocalCall(name, expected, local, call, partial(call, exact=True)))
        self.rows.append(row)

    def _call_with(
        self,
        module: torch.nn.Module,
        args: tuple,
        kwargs: dict[str, Any],
        inputs: Sequence[np.ndarray],
        rounded_to: str | None = None,
        *,
        exact: bool = False,
    ) -> list[np.ndarray]:
        """Call a module as it was called, the reference's inputs in place of its own.

        With ``rounded_to`` these have the values of another dtype. With ``exact`` a module of
        float32 computes in float64, and is as it was afterwards.
        """
        dtype = torch.float64 if exact else None
        if rounded_to is not None:
            inputs = [round_factor(torch.from_numpy(a), rounded_to).numpy() for a in inputs]
        args, kwargs = with_floats((args, kwargs), iter(inputs), dtype)
        self._paused = True
        try:
            if exact:
                module.double()
            return [as_array(tensor) for tensor in floats_in(module(*args, **kwargs))]
        finally:
            self._paused = False
            if exact:
                module.float()

    def _explain(
        self,
        module: torch.nn.Module,
        row: dict[str, Any],
        inputs: Sequence[np.ndarray],
        expected: Sequence[np.ndarray],
        local: Sequence[np.ndarray],
    ) -> None:
        """Look into an error that is large, or that a normalisation should not have."""
        error = row["local_error"]
        if error > EPSILON_SEEN_ABOVE and inputs:
            row["other_epsilon"] = other_epsilon(module, inputs[0], expected[0], local[0])
        if row["other_epsilon"] is not None:
            row["explanation"] = f"as with an epsilon of {row['other_epsilon']:.2g}"
        elif self._explained < _EXPLAINED_MODULES and self._is_to_be_explained(row):
            self._explained += 1
            row["explanation"] = explain(module, row["rounding"], inputs, expected[0], local[0])

    def _is_to_be_explained(self, row: dict[str, Any]) -> bool:
        return self._stands_out is not None and self._stands_out(row, self.rows)

    def _load(self, numbers: Sequence[int]) -> list[np.ndarray]:
        return [np.load(_tensor_path(self._directory, number)) for number in numbers]


class _CallNames:
    """Names the calls of a model's modules: a second call of one is NAME#2."""

    def __init__(self, model: torch.nn.Module | None = None, detail: str = LAYERS_ALL) -> None:
        named: Iterable[tuple[str, torch.nn.Module]] = ()
        if model is not None:
            named = model.named_modules() if detail == LAYERS_ALL else blocks_of(model)
        self._names = {
            module: name or type(module).__name__
            for name, module in named
            if not type(module).__name__.startswith(_PASS_THROUGH)
        }
        self._counts: dict[torch.nn.Module, int] = {}

    @property
    def modules(self) -> list[torch.nn.Module]:
        """The modules whose calls are named."""
        return list(self._names)

    def next_name(self, module: torch.nn.Module) -> str:
        count = self._counts[module] = self._counts.get(module, 0) + 1
        return self._names[module] if count == 1 else f"{self._names[module]}#{count}"


def module_kind(module: torch.nn.Module) -> str | None:
    """Return what a module computes, where its error can be judged by that."""
    if isinstance(module, torch.nn.Conv1d | torch.nn.Conv2d):
        return CONVOLUTION
    if isinstance(module, torch.nn.Linear):
        return LINEAR
    return GELU if "GELU" in type(module).__name__ else None


def _tensor_path(directory: Path, number: int) -> Path:
    return directory / f"{number}.npy"
