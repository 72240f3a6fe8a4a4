#!/usr/bin/env python3
"""What does it cost to watch Whisper's encoder for windows that overflow in float16?

    python benchmarks/overflow_watch.py --layers 2 --seconds 5 --runs 3
    python benchmarks/overflow_watch.py --device npu --batch_size 8

The encoder of the shape of distil-large-v3, of random weights, takes the same windows in float16,
none of which overflows: as it is and watched, and in their turn the watch by itself, over an
encoder that has its states ready. What the watch takes does not depend on the depth.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.random_shapes import WHISPER
from benchmarks.ratios import in_turn, ratio_text
from benchmarks.subjects import make_features, make_model
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.device import Device
from speech_toolkit.device.environment import prepare_environment
from speech_toolkit.device.select import select_device
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import AUDIO_S, BATCH_SIZE, RUNS


def ready_encoder(states: Any) -> Any:
    """Return an encoder that gives its last normalisation, which does nothing, these states."""
    import torch

    class Ready(torch.nn.Module):
        device, dtype = states.device, states.dtype

        def __init__(self) -> None:
            super().__init__()
            self.layer_norm = torch.nn.Identity()

        def forward(self, features: Any) -> SimpleNamespace:
            return SimpleNamespace(last_hidden_state=self.layer_norm(states))

    return Ready()


def measure(
    device: Device, layers: int | None, seconds: float, batch_size: int, rounds: int
) -> None:
    """Print the times of the encoder, watched and not, and of the watch."""
    import torch

    from speech_toolkit.transcription.decoding.encoder import SpeechEncoder

    encoder = make_model(WHISPER, layers, seconds).model.encoder.half().to(device.name)
    features = make_features(WHISPER, seconds, torch.float32)["input_features"]
    features = features.repeat(batch_size, 1, 1)
    inputs = features.to(device.name, torch.float16)
    with torch.inference_mode():
        ready = ready_encoder(encoder(inputs).last_hidden_state)
        calls = [
            partial(encoder, inputs),
            partial(SpeechEncoder(encoder).encode, features),
            partial(ready, inputs),
            partial(SpeechEncoder(ready).encode, features),
        ]
        bare, watched, unwatched, watch = zip(*in_turn(calls, device, rounds), strict=True)
    alone = [above - below for above, below in zip(watch, unwatched, strict=True)]
    for name, found in (("bare", bare), ("watched", watched), ("the watch alone", alone)):
        print(f"{name:<18}{1e3 * median(found):>10.1f} ms  {ratio_text(found, bare)} of bare")


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu, cuda or npu (default: cpu)")
    parser.add_argument("--layers", type=number(RUNS), help="of the encoder (default: 32)")
    parser.add_argument(
        "--seconds", type=number(AUDIO_S), default=30.0, help="of a window (default: 30)"
    )
    parser.add_argument("--batch_size", type=number(BATCH_SIZE), default=1)
    parser.add_argument("--runs", type=number(RUNS), default=9, help="counted rounds (default: 9)")
    arguments = parser.parse_args()
    prepare_environment(arguments.device)
    device = select_device(arguments.device)
    print(f"{arguments.batch_size} windows on {device.name}, {arguments.runs} rounds in turn")
    measure(device, arguments.layers, arguments.seconds, arguments.batch_size, arguments.runs)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
