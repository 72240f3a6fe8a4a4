"""What runs in the process of a device that hears test cases."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from speech_toolkit.device.fallbacks import noted_fallbacks
from speech_toolkit.errors import ToolkitError
from speech_toolkit.evaluation.accuracy.lead_shift import LeadEvidence
from speech_toolkit.evaluation.models.family import load_model
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.models.planted_faults import (
    middle_layer,
    planted_noise,
    smallest_noticed,
)
from speech_toolkit.evaluation.models.protocol import EvaluatedModel, ModelSettings, Windows
from speech_toolkit.evaluation.thresholds import Threshold
from speech_toolkit.processes.child import report_done, save_partial

FAULT_SIZES = (0.003, 0.01, 0.03, 0.1, 0.3)  # larger ones prove nothing: LARGEST_BLIND_SPOT
CONTROL_HEARINGS = 1 + len(FAULT_SIZES).bit_length()  # of each case, by :func:`hear_faults` at most
_SAVE_EVERY_S = 5.0


def hear_cases(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Take all cases through a model on one device.

    Args:
        payload: ``model`` (ModelSettings as a dict); ``cases``, each with ``audio_path``, ``text``
            and ``language``; ``given``: by device, what it chose in each case, None where it heard
            nothing; and ``roundings``: by some of these devices, the format of their numbers,
            which is emulated to see how far it moves leads; ``hears``: whether the device hears
            the cases itself as well.

    Returns:
        ``heard``, one entry per case; by device the leads of its choices here, per case, as
        ``exact`` and, for ``roundings``, as ``rounded``; what the run ran on, and which operators
        ran on the CPU instead, ``fallback_ops``. No arrays.

    Raises:
        ToolkitError: the model cannot be loaded. A case that fails is part of the result.
    """
    loaded = load_model(ModelSettings(**payload["model"]))
    given, roundings = payload["given"], payload["roundings"]
    result: dict[str, Any] = {
        "heard": [],
        "exact": {name: [] for name in given},
        "rounded": {name: [] for name in roundings},
        "environment": loaded.device.facts(),
        "model_dtype": str(loaded.model.dtype),
        "model_load_s": round(loaded.load_s, 3),
    }
    saved = time.perf_counter()
    for index, case in enumerate(payload["cases"]):
        theirs = {name: windows[index] for name, windows in given.items() if windows[index]}
        try:
            if payload["hears"]:
                heard, exact = loaded.hear(case, theirs)
            else:
                heard = Heard()
                exact = loaded.leads(case, theirs)
            rounded = _rounded_leads(loaded, case, theirs, roundings)
        except ToolkitError as error:
            heard, exact, rounded = Heard(error=str(error)), {}, {}
        result["heard"].append(asdict(heard))
        for name, leads in result["exact"].items():
            leads.append(exact.get(name))
        for name, leads in result["rounded"].items():
            leads.append(rounded.get(name))
        report_done()
        if time.perf_counter() - saved > _SAVE_EVERY_S:
            save_partial(result)
            saved = time.perf_counter()
    return result | {"fallback_ops": noted_fallbacks()}, {}


def hear_faults(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Plant faults of several sizes in a model and find the smallest that is noticed.

    Args:
        payload: as that of :func:`hear_cases`, with ``evidence`` (a LeadEvidence as a dict), and
            ``limits``, the thresholds of its tests; ``given`` is a list with what the device chose
            in each of ``cases``.

    Returns:
        As :func:`smallest_noticed` returns it, with the ``module`` and what notices a fault of zero
        as ``zero_noticed_by``; no arrays.

    Raises:
        ToolkitError: the model cannot be loaded, or a case cannot be used without a fault.
    """
    loaded = load_model(ModelSettings(**payload["model"]))
    evidence = LeadEvidence.from_dict(payload["evidence"])
    limits = [Threshold(**limit) for limit in payload["limits"]]
    name = middle_layer(loaded.model)

    def leads_of(case: Mapping[str, Any], windows: Windows) -> np.ndarray:
        leads = np.array(loaded.leads(case, {name: windows})[name])
        report_done()
        return leads

    def noticed_by(size: float) -> list[str]:
        with planted_noise(loaded.model, name, size):
            leads = [
                leads_of(case, windows)
                for case, windows in zip(payload["cases"], payload["given"], strict=True)
            ]
        return evidence.failures(leads, [each > 0 for each in leads], limits)

    def noticed(size: float) -> list[str]:
        try:
            return noticed_by(size)
        except ToolkitError as error:  # such as an output that is not finite any more
            return [str(error)]

    zero = noticed_by(0.0)
    return {"module": name, "zero_noticed_by": zero, **smallest_noticed(noticed, FAULT_SIZES)}, {}


def _rounded_leads(
    loaded: EvaluatedModel,
    case: Mapping[str, Any],
    given: Mapping[str, Windows],
    roundings: Mapping[str, str],
) -> dict[str, list[float]]:
    """Return the leads of given choices with numbers rounded as on the devices that made them."""
    from speech_toolkit.evaluation.models.rounding import rounded_numbers

    found: dict[str, list[float]] = {}
    for number_format in sorted(set(roundings.values())):
        of_format = {
            name: windows for name, windows in given.items() if roundings.get(name) == number_format
        }
        if of_format:
            with rounded_numbers(loaded.model, number_format):
                found |= loaded.leads(case, of_format)
    return found
