"""Outcomes of runs as a parity evaluation meets them."""

import numpy as np

from speech_toolkit.evaluation.metrics.timing import Timings
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.processes.runner import Outcome

FRAMES, LABELS = 240, 32
CPU, CARD = Target("cpu", "float32"), Target("npu:0", "float32")
RNG = np.random.default_rng(0)


LOGITS = (4 * RNG.standard_normal((FRAMES, LABELS))).astype(np.float32)


def module_row(name, local_error):
    return {
        "module": name, "class": "Linear", "kind": "block", "is_leaf": False, "rounding": {},
        "propagated_error": 1e-5, "local_error": local_error, "other_epsilon": None,
        "explanation": None,
    }  # fmt: skip


def layers(*missing, local_error=1e-5, expected=4):
    rows = [module_row(f"layers.{i}", local_error) for i in range(expected - len(missing))]
    return {"detail": "blocks", "rows": rows, "expected": expected, "missing": list(missing)}


def sensitivity(smallest=0.01):
    return {
        "module": "encoder.layers.2.attention",
        "smallest_noticed": smallest,
        "noticed_by": ["culprits"] if smallest else [],
        "largest_missed": 0.003 if smallest else 1.0,
    }


def ended(device, logits, seconds=1.0, **changes):
    """Return the outcome of a run that went well."""
    result = {
        "layers_skipped": None,
        "layers": layers(),
        "sensitivity": sensitivity(),
        "load_s": 1.0,
        "timing": Timings(2.0, (1.1,), (seconds,) * 4).to_dict(),
        "input_error": 0.0,
        "repeat_error": 0.0,
        "runs_identical": True,
        "answer": {},
        "misplaced_tensors": [],
        "saturates": False,
        "saturated_values": 0,
        "memory": {"allocated_bytes": 1},
        "environment": {"device": device, "device_name": "a card", "hf32": None, "tf32": None},
        "attn_implementation": "sdpa",
        "inputs_sha256": {"waveform": "0" * 64},
        "outputs_sha256": {"logits": "0" * 64},
        "fallback_ops": [],
    }
    return Outcome(device, "ok", result | changes, {"logits": logits}, None, 0, 1.0, ())


def failed(label, status, message):
    return Outcome(label, status, None, {}, message, -11, 1.0, ("last words",))


def near(size=1e-5):
    return LOGITS + (size * RNG.standard_normal(LOGITS.shape)).astype(np.float32)
