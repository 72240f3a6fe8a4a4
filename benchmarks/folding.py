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
- folded / as is: median of the ratio of each round, and its quartiles.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.random_shapes import ALIGNER
from benchmarks.ratios import in_turn, ratio_text
from benchmarks.subjects import POSITIONAL, TINY_ALIGNER, make_model
from speech_toolkit.checkpoint.folding import fold_weights
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.device import Device
from speech_toolkit.device.environment import prepare_environment
from speech_toolkit.device.select import select_device
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import AUDIO_S, RUNS


def print_row(
    name: str, layers: int | None, dtype_name: str, device: Device, seconds: float, rounds: int
) -> None:
    """Measure one model in one dtype."""
    import torch

    dtype = getattr(torch, dtype_name)
    plain, folded = make_model(name, layers), make_model(name, layers)
    fold_weights(folded, (POSITIONAL,), dtype)
    models = [model.to(dtype).to(device.name) for model in (plain, folded)]
    samples = torch.randn((1, round(16_000 * seconds)), generator=torch.Generator().manual_seed(0))
    inputs = samples.to(dtype).to(device.name)
    convolution = models[0].wav2vec2.encoder.pos_conv_embed.conv
    calls = [*(partial(model, inputs) for model in models), lambda: convolution.weight]
    with torch.inference_mode():
        first, second = (model(inputs).logits.cpu().float().log_softmax(-1) for model in models)
        as_is, without, weight = zip(*in_turn(calls, device, rounds), strict=True)
    medians = "".join(f"{1e3 * median(each):>8.1f} ms" for each in (as_is, without, weight))
    distance = (first - second).abs().max().item()
    print(
        f"{name:<18}{dtype_name:<10}{medians}{distance:>9.1e}  {ratio_text(without, as_is)}",
        flush=True,
    )


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
    from transformers.utils import logging

    logging.disable_progress_bar()
    print(
        f"{arguments.seconds:g} s of audio on {device.name}, {arguments.runs} rounds in turn\n"
        f"{'':<28}{'as is':>11}{'folded':>11}{'weight':>11}{'apart':>9}  folded / as is"
    )
    for name in (TINY_ALIGNER, ALIGNER):
        for dtype_name in arguments.dtypes.split(","):
            print_row(name, arguments.layers, dtype_name, device, arguments.seconds, arguments.runs)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
