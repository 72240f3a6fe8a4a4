"""What runs in a process of its own for a budget.

It imports no torch before the device is selected, which keeps out of a process on the CPU what a
card's package changes in torch.
"""

from typing import Any

from speech_toolkit.evaluation.parity.on_device import Arrays, loaded_model


def run_budget(payload: dict[str, Any]) -> tuple[dict[str, Any], Arrays]:
    """Take the error of one candidate apart.

    Args:
        payload: as for a candidate, the model on the CPU in float32; "keep" is the directory where
            the candidate left its outputs and what its modules made of the reference's inputs;
            "rounding" names the causes that `rounding_causes` gives, "granted" the forms of
            `granted_forms`, "noise" is the relative error
            between runs of the reference itself, by output.

    Returns:
        What `take_apart` returns, and no arrays.
    """
    with loaded_model(payload) as loaded:
        from speech_toolkit.evaluation.parity.budget_run import take_apart

        return take_apart(loaded, payload), {}
