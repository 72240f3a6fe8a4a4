#!/usr/bin/env python3
"""How far is float32 on a card from float32 on the CPU, as it comes and as the toolkit sets it?

    python benchmarks/float32_on_card.py --device npu
    python benchmarks/float32_on_card.py --device cuda --models tiny-whisper,distil-large-v3

Errors are relative, against the CPU in float32: of the logits, and of the states of Whisper's
encoder. Each run is in a process of its own, on the same speech:

- as it comes: what a plain script gets from torch and the card's package.
- highest, high: what the toolkit makes of it by --float32_precision.

Models: tiny-mms-aligner and tiny-whisper; mms-300m and distil-large-v3 with random weights of a
trained model's scale. The size of what the layers return is told, too: the errors say little of a
trained model where that is not of its kind.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.apart import apart
from benchmarks.random_shapes import WHISPER
from benchmarks.subjects import MODELS, POSITIONAL, layers_of, make_inputs, make_model
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.device.precision import FLOAT32_PRECISIONS
from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import AUDIO_S, RUNS

Arrays = dict[str, np.ndarray]
AS_IT_COMES = "as it comes"
WINDOW_S = 30.0
LOGITS, ENCODER = "logits", "encoder"


@dataclass(frozen=True)
class Reference:
    """What the CPU makes of the speech.

    Attributes:
        inputs: the model's arguments by name.
        outputs: by name.
        sizes: RMS and largest magnitude of what each layer returns, by its name.
    """

    inputs: Arrays
    outputs: Arrays
    sizes: Mapping[str, tuple[float, float]]


def run_reference(name: str, layers: int | None, seconds: float) -> Reference:
    """Run a model on the CPU as transformers leaves it."""
    from speech_toolkit.device.select import select_device

    select_device("cpu")
    seconds = WINDOW_S if name == WHISPER else seconds
    inputs = {key: value.numpy() for key, value in make_inputs(name, seconds).items()}
    model = make_model(name, layers)
    sizes: dict[str, tuple[float, float]] = {}

    def note(layer: str, output: Any) -> None:
        states = output[0] if isinstance(output, tuple) else output
        sizes[layer] = (states.square().mean().sqrt().item(), states.abs().max().item())

    for layer, module in layers_of(model):
        module.register_forward_hook(lambda _, __, output, layer=layer: note(layer, output))
    return Reference(inputs, run(model, inputs, "cpu"), sizes)


def run_on_card(name: str, layers: int | None, inputs: Arrays, device: str, setting: str) -> Arrays:
    """Run a model on a card in one of the settings."""
    if setting != AS_IT_COMES:
        from speech_toolkit.device.select import select_device

        device = select_device(device, setting).name
    import torch

    from speech_toolkit.checkpoint.folding import fold_weights

    model = make_model(name, layers)
    if setting != AS_IT_COMES:
        fold_weights(model, (POSITIONAL,), torch.float32)
    return run(model.to(device), inputs, device)


def run(model: Any, inputs: Arrays, device: str) -> Arrays:
    """Return the logits, and the encoder's states where the model has a decoder, too."""
    import torch

    tensors = {name: torch.from_numpy(array).to(device) for name, array in inputs.items()}
    with torch.no_grad():
        result = model(**tensors)
    found = {LOGITS: result.logits}
    if "encoder_last_hidden_state" in result:
        found[ENCODER] = result.encoder_last_hidden_state
    return {name: tensor.cpu().numpy() for name, tensor in found.items()}


def print_rows(name: str, layers: int | None, seconds: float, device: str) -> None:
    """Measure one model and print a row for each of its outputs."""
    reference = apart(run_reference, name, layers, seconds)
    settings = (AS_IT_COMES, *FLOAT32_PRECISIONS)
    found = [
        apart(run_on_card, name, layers, reference.inputs, device, setting) for setting in settings
    ]
    for output, expected in reference.outputs.items():
        errors = "".join(f"{relative_error(expected, each[output]):>14.2e}" for each in found)
        print(f"{name:<18}{output:<10}{errors}")
    rms, largest = zip(*reference.sizes.values(), strict=True)
    print(
        f"  {len(rms)} layers return an RMS of {min(rms):.2f} to {max(rms):.2f}, at most "
        f"{max(largest):.0f}; the logits' RMS is {reference.outputs[LOGITS].std():.1f}",
        flush=True,
    )


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", required=True, help="npu or cuda, with or without a number")
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated (default: all)")
    parser.add_argument(
        "--layers", type=number(RUNS), help="of a random model's encoder (default: all)"
    )
    parser.add_argument(
        "--seconds", type=number(AUDIO_S), default=5.0, help="of speech to align (default: 5)"
    )
    arguments = parser.parse_args()
    headings = "".join(f"{setting:>14}" for setting in (AS_IT_COMES, *FLOAT32_PRECISIONS))
    print(f"{f'float32 on {arguments.device}':<28}{headings}", flush=True)
    for name in arguments.models.split(","):
        print_rows(name, arguments.layers, arguments.seconds, arguments.device)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
