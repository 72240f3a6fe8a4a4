#!/usr/bin/env python3
"""What does it save to fold the positional convolution's weight when a model is loaded?

    python benchmarks/folding.py --seconds 2 --layers 1 --runs 3
    python benchmarks/folding.py --device npu --dtypes float32,float16

As transformers leaves it, the weight is computed anew in every forward pass; folded, it is computed
once, on the host in float32. Both run in turn on the same input, and the rows tell for the bundled
aligner and for the shape of MMS-300M with random weights:

- as is, folded: medians of one forward pass.
- weight: median of computing the weight alone.
- apart: largest difference between their log-probabilities.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.random_shapes import ALIGNER, random_shape
from speech_toolkit.bundled import bundled_model
from speech_toolkit.checkpoint.folding import fold_weights
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.device import Device
from speech_toolkit.device.environment import prepare_environment
from speech_toolkit.device.select import select_device
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import AUDIO_S, RUNS

BUNDLED = "tiny-mms-aligner"
POSITIONAL = "pos_conv_embed"


def timed(call: Callable[[], Any], device: Device) -> float:
    """Return the seconds of a call, the device waited for."""
    device.synchronize()
    started = time.perf_counter()
    call()
    device.synchronize()
    return time.perf_counter() - started


def measure(
    make: Callable[[], Any], dtype: Any, device: Device, seconds: float, runs: int
) -> tuple[float, ...]:
    """Return the four figures of a row; ``make`` gives a model in float32 on the host."""
    import torch

    plain, folded = make(), make()
    fold_weights(folded, (POSITIONAL,), dtype)
    models = [model.to(dtype).to(device.name) for model in (plain, folded)]
    samples = torch.randn((1, round(16_000 * seconds)), generator=torch.Generator().manual_seed(0))
    inputs = samples.to(dtype).to(device.name)
    convolution = models[0].wav2vec2.encoder.pos_conv_embed.conv
    with torch.inference_mode():
        first, second = (model(inputs).logits.cpu().float().log_softmax(-1) for model in models)
        times = [
            (
                *(timed(lambda model=model: model(inputs), device) for model in models),
                timed(lambda: convolution.weight, device),
            )
            for _ in range(runs)
        ]
    return (*map(statistics.median, zip(*times, strict=True)), (first - second).abs().max().item())


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu, cuda or npu (default: cpu)")
    parser.add_argument("--dtypes", default="float32,float16,bfloat16", help="comma-separated")
    parser.add_argument(
        "--seconds", type=number(AUDIO_S), default=10.0, help="of audio (default: 10)"
    )
    parser.add_argument("--layers", type=number(RUNS), help="of the random model (default: 24)")
    parser.add_argument("--runs", type=number(RUNS), default=9, help="counted rounds (default: 9)")
    arguments = parser.parse_args()
    prepare_environment(arguments.device)
    device = select_device(arguments.device)
    import torch
    from transformers import Wav2Vec2ForCTC
    from transformers.utils import logging

    logging.disable_progress_bar()
    makers = {
        BUNDLED: lambda: Wav2Vec2ForCTC.from_pretrained(
            bundled_model(BUNDLED), dtype=torch.float32
        ).eval(),
        ALIGNER: lambda: random_shape(ALIGNER, arguments.layers),
    }
    print(
        f"{arguments.seconds:g} s of audio on {device.name}, medians of {arguments.runs} in turn\n"
        f"{'':<28}{'as is':>10}{'folded':>10}{'weight':>10}{'apart':>10}"
    )
    for name, make in makers.items():
        for dtype in arguments.dtypes.split(","):
            figures = measure(
                make, getattr(torch, dtype), device, arguments.seconds, arguments.runs
            )
            times = "".join(f"{1e3 * seconds:>7.1f} ms" for seconds in figures[:3])
            print(f"{name:<18}{dtype:<10}{times}{figures[3]:>10.1e}", flush=True)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
