#!/usr/bin/env python3
"""How long does a decoding step take, beside that of transformers' generate()?

    python benchmarks/decoder_step.py
    python benchmarks/decoder_step.py --models distil-large-v3 --tokens 64 --batch_sizes 1,4
    python benchmarks/decoder_step.py --device cuda --dtype float16 --batch_sizes 1,16,64

Both get the same states of the encoder, the same prompts and as many tokens to write, greedily; the
end of text is suppressed. One process, one thread on a CPU, both in turn. A run of one token is the
prompt, with the keys and values of the speech; a step is what is left of a run of many tokens, over
these: so what a call costs once is no part of it. On a CPU, times are seconds of the processor. The
ratio is the median of those of the rounds, with the least and the most of them.

The published shapes have random weights and one layer of encoder, which takes no part.

Exit codes: 0 measured, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.bars import PairedRatio
from benchmarks.random_shapes import RECOGNISERS, save_endless, save_shape
from benchmarks.ratios import in_turn
from benchmarks.talk import read_talk
from speech_toolkit.cli.arguments import DTYPES, number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.files.writing import write_json
from speech_toolkit.ranges import BATCH_SIZE, MAX_NEW_TOKENS, RUNS

if TYPE_CHECKING:
    import torch

    from speech_toolkit.device import Device
    from speech_toolkit.transcription import Transcriber
    from speech_toolkit.transcription.decoded import EncodedWindows

BUNDLED = "tiny-whisper"
WINDOW_SAMPLES = 30 * 16_000
HEADING = (
    f"{'model':18}{'timestamps':>11}{'batch':>6}{'ours':>12}{'generate':>12}  "
    f"{'ours/generate':22}{'prompt':>11}{'generate':>11}  same tokens"
)

Write = Callable[[int], list[list[int]]]  # how many tokens -> those of each window


@dataclass(frozen=True)
class Case:
    """What both programs write.

    Attributes:
        model: name of the model.
        timestamps: whether they are written, so that their rules apply.
        batch_size: windows.
        tokens: of each window.
    """

    model: str
    timestamps: bool
    batch_size: int
    tokens: int


def step_ms(times_s: Sequence[tuple[float, ...]], tokens: int, one: int, many: int) -> list[float]:
    """Return the milliseconds of a step in each round.

    Args:
        times_s: of each call, round by round.
        tokens: that the call ``many`` wrote; the first of them is of the prompt.
        one: which of the calls wrote one token.
        many: which of them wrote all.
    """
    return [1000 * (each[many] - each[one]) / (tokens - 1) for each in times_s]


def windows_of_talk(checkpoint_directory: str, count: int) -> torch.Tensor:
    """Return the features (B, M, F) of windows of speech, one after the other."""
    import numpy as np
    from transformers import WhisperFeatureExtractor

    samples = np.resize(read_talk(1)[0], count * WINDOW_SAMPLES)
    extractor = WhisperFeatureExtractor.from_pretrained(checkpoint_directory)
    windows = list(samples.reshape(count, WINDOW_SAMPLES))
    return extractor(windows, sampling_rate=16_000, return_tensors="pt")["input_features"]


def ours(
    transcriber: Transcriber, encoded: EncodedWindows, prompt: Sequence[int], case: Case
) -> Write:
    """Return this project's loop over the encoder's states."""
    from speech_toolkit.transcription.decoded import DecodingOptions

    def write(tokens: int) -> list[list[int]]:
        options = DecodingOptions(timestamps=case.timestamps, max_new_tokens=tokens)
        windows = encoded[: case.batch_size]  # another tensor: its keys are computed again
        found = transcriber.decoder.decode(windows, [prompt] * case.batch_size, options)
        return [list(window.tokens) for window in found]

    return write


def theirs(model: Any, encoded: EncodedWindows, prompt: Sequence[int], case: Case) -> Write:
    """Return the loop inside of transformers' generate(), without what Whisper puts around it."""
    import torch
    from transformers import GenerationMixin
    from transformers.generation import LogitsProcessorList, WhisperTimeStampLogitsProcessor
    from transformers.modeling_outputs import BaseModelOutput

    rules = LogitsProcessorList()
    if case.timestamps:
        config = model.generation_config
        rules.append(WhisperTimeStampLogitsProcessor(config, begin_index=len(prompt)))
    prompts_BL = torch.tensor([list(prompt)] * case.batch_size, device=model.device)

    def write(tokens: int) -> list[list[int]]:
        with torch.inference_mode():
            written = GenerationMixin.generate(
                model,
                encoder_outputs=BaseModelOutput(last_hidden_state=encoded.states_BFE),
                decoder_input_ids=prompts_BL,
                logits_processor=rules,
                num_beams=1,
                do_sample=False,
                max_new_tokens=tokens,
            )
        return written[:, len(prompt) :].tolist()

    return write


def measure(case: Case, writes: Sequence[Write], device: Device, rounds: int) -> dict[str, Any]:
    """Time both programs in turn.

    Args:
        case: what they write.
        writes: this project's loop, and generate().
        device: where.
        rounds: that are counted.
    """
    same = writes[0](case.tokens) == writes[1](case.tokens)
    calls = [lambda w=w, n=n: w(n) for w in writes for n in (1, case.tokens)]
    times_s = in_turn(calls, device, rounds)
    own_ms, their_ms = (step_ms(times_s, case.tokens, one, one + 1) for one in (0, 2))
    ratio = PairedRatio.of(own_ms, their_ms)
    return {
        "model": case.model,
        "timestamps": case.timestamps,
        "batch_size": case.batch_size,
        "tokens": case.tokens,
        "step_ms": own_ms,
        "generate_step_ms": their_ms,
        "ours_over_generate": {"median": ratio.median, "least": ratio.least, "most": ratio.most},
        "prompt_ms": [1000 * each[0] for each in times_s],
        "generate_prompt_ms": [1000 * each[2] for each in times_s],
        "same_tokens": same,
    }


def row_text(row: dict[str, Any]) -> str:
    """Return one row of the table."""

    def shown(key: str) -> str:
        return f"{statistics.median(row[key]):.3f} ms"

    return (
        f"{row['model']:18}{'yes' if row['timestamps'] else 'no':>11}{row['batch_size']:6d}"
        f"{shown('step_ms'):>12}{shown('generate_step_ms'):>12}  "
        f"{PairedRatio(**row['ours_over_generate'])!s:22}"
        f"{shown('prompt_ms'):>11}{shown('generate_prompt_ms'):>11}  "
        f"{'yes' if row['same_tokens'] else 'NO'}"
    )


def measure_model(name: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure one model with each batch, and print a row for each."""
    from transformers import WhisperForConditionalGeneration
    from transformers.utils import logging

    from speech_toolkit.transcription import Transcriber

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        if name == BUNDLED:
            save_endless(Path(directory))
        else:
            save_shape(Path(directory), name, layers=1)
        transcriber = Transcriber.load(directory, arguments.device, arguments.dtype)
        model = WhisperForConditionalGeneration.from_pretrained(directory, dtype=transcriber.dtype)
        model.to(transcriber.device.name).eval()
        features = windows_of_talk(directory, max(arguments.batch_sizes))
        for timestamps in (False, True) if arguments.timestamps else (False,):
            for batch_size in arguments.batch_sizes:
                case = Case(name, timestamps, batch_size, arguments.tokens)
                encoded = transcriber.decoder.encode(features[:batch_size])
                prompt = transcriber.checkpoint.sot_sequence("en", "transcribe", timestamps)
                writes = (
                    ours(transcriber, encoded, prompt, case),
                    theirs(model, encoded, prompt, case),
                )
                rows.append(measure(case, writes, transcriber.device, arguments.rounds))
                print(row_text(rows[-1]), flush=True)
    return rows


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = (BUNDLED, *RECOGNISERS)
    parser.add_argument("--models", nargs="+", choices=names, default=[BUNDLED, RECOGNISERS[0]])
    parser.add_argument("--batch_sizes", type=batch_sizes, default=[1, 4, 8], metavar="B,B,...")
    parser.add_argument("--tokens", type=number(MAX_NEW_TOKENS), default=128, help="default: 128")
    parser.add_argument("--timestamps", action="store_true", help="measure with timestamps, too")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=DTYPES, default="float32")
    parser.add_argument("--rounds", type=number(RUNS), default=5, help="default: 5")
    parser.add_argument("--json", metavar="FILE", help="write the figures, raw ones included")
    arguments = parser.parse_args()
    from speech_toolkit.device import select_device

    device = select_device(arguments.device)
    import torch

    torch.set_num_threads(1)
    print(HEADING, flush=True)
    rows = [row for name in arguments.models for row in measure_model(name, arguments)]
    if arguments.json:
        write_json(arguments.json, {"environment": device.facts(), "rows": rows})
    return EXIT_DONE


def batch_sizes(text: str) -> list[int]:
    """Read sizes that are separated by commas."""
    read = number(BATCH_SIZE)
    return [read(each) for each in text.split(",")]


if __name__ == "__main__":
    run_script(main)
