#!/usr/bin/env python3
"""Where do float16 and bfloat16 lose, and what would it cost to keep that in float32?

    python benchmarks/narrow_dtypes.py --layers 1 --seconds 2 --runs 1 --models tiny-mms-aligner
    python benchmarks/narrow_dtypes.py --device npu --dtypes float16

Errors are relative, of the logits against the same model in float32, on the CPU as on a card.

- alone: the stage in the narrow dtype, its weights included, and all else in float32.
- kept: the stage in float32 and all else in the narrow dtype.
- time: of a forward pass then, over that in the narrow dtype; runs in turn, on the device.

Models: tiny-mms-aligner and tiny-whisper on a sample; mms-300m and distil-large-v3 with random
weights of a trained model's scale, of a few layers. Recognition is given its text. The errors are
those of the arithmetic; a CPU's times say nothing of a card's.
"""

import argparse
import copy
import re
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.random_shapes import ALIGNER, WHISPER, random_shape
from speech_toolkit.bundled import bundled_model
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.device import Device
from speech_toolkit.device.environment import prepare_environment
from speech_toolkit.device.select import select_device
from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import AUDIO_S, RUNS

TINY_ALIGNER, TINY_WHISPER = "tiny-mms-aligner", "tiny-whisper"
MODELS = (TINY_ALIGNER, TINY_WHISPER, ALIGNER, WHISPER)
SAMPLES = REPOSITORY / "samples"
TEXT_TOKENS = 32

FRONT, FIRST, HEAD = "whole front, input", "first convolution, input", "head"
INPUT, SOFTMAX, RESIDUAL = "input", "attention's softmax", "residual stream"
STAGES: Mapping[str, str] = {
    FRONT: r"feature_extractor",
    FIRST: r"conv_layers\.0\.conv|encoder\.conv1",
    "convolutions": r"conv_layers\.\d+\.conv|encoder\.conv[12]",
    "positional convolution": r".*pos_conv_embed\.conv",
    "normalisation": r".*norm",
    "activations": r".*(activation|activation_fn|intermediate_act_fn)",
    "attention's projections": r".*\.(q|k|v|out)_proj",
    "feed-forward": r".*(intermediate_dense|output_dense|fc1|fc2|feature_projection\.projection)",
    HEAD: r"lm_head|proj_out",
}
ROUNDED = (INPUT, SOFTMAX, RESIDUAL)
_LAYER = r".*layers\.\d+"


@dataclass(frozen=True)
class Subject:
    """A model and what it is given.

    Attributes:
        name: of the model.
        model: in float32 on the host.
        inputs: arguments by name, floats in float32.
    """

    name: str
    model: Any
    inputs: Mapping[str, Any]

    def modules(self, stage: str) -> list[str]:
        """Return the names of the modules that a stage is made of."""
        pattern = re.compile(rf"(.*\.)?({STAGES[stage]})")
        return [name for name, _ in self.model.named_modules() if pattern.fullmatch(name)]


def make_subject(name: str, seconds: float, layers: int | None) -> Subject:
    """Load or make a model, and the speech that it is given."""
    import torch

    from speech_toolkit.audio.waveform import load_audio
    from speech_toolkit.checkpoint.folding import fold_weights

    if name in (TINY_ALIGNER, ALIGNER):
        samples = torch.tensor(load_audio(SAMPLES / "demo.wav", 16_000).samples)
        samples = samples[: round(seconds * 16_000)]
        waveform = (samples - samples.mean()) / samples.std()
        model = random_shape(name, layers) if name == ALIGNER else _bundled_aligner()
        fold_weights(model, ("pos_conv_embed",), torch.float32)
        return Subject(name, model, {"input_values": waveform[None]})
    return _whisper_subject(name, layers)


def _bundled_aligner() -> Any:
    import torch
    from transformers import Wav2Vec2ForCTC

    return Wav2Vec2ForCTC.from_pretrained(bundled_model(TINY_ALIGNER), dtype=torch.float32).eval()


def _whisper_subject(name: str, layers: int | None) -> Subject:
    """Give a Whisper model a sample, and the bundled one's tokens of it or any others."""
    import torch
    from transformers import WhisperFeatureExtractor

    from speech_toolkit.audio.waveform import load_audio
    from speech_toolkit.transcription import Transcriber

    bundled = Transcriber.load(None, "cpu")
    model = random_shape(name, layers) if name == WHISPER else bundled.decoder.model
    waveform = load_audio(SAMPLES / "demo.wav", 16_000)
    extractor = WhisperFeatureExtractor(feature_size=model.config.num_mel_bins)
    features = extractor(waveform.samples, sampling_rate=16_000, return_tensors="pt")
    tokens = torch.arange(TEXT_TOKENS)
    if name == TINY_WHISPER:
        result = bundled.transcribe(waveform)
        opening = bundled.checkpoint.sot_sequence(result.language, "transcribe", True)
        tokens = torch.tensor([*opening, *result.tokens[0]])
    inputs = {"input_features": features["input_features"], "decoder_input_ids": tokens[None]}
    return Subject(name, model, inputs)


def with_stage(subject: Subject, stage: str, inside: Any, outside: Any) -> Any:
    """Return a copy of the model in one dtype, the modules of a stage in another."""
    model = copy.deepcopy(subject.model).to(outside)
    for name in subject.modules(stage):
        module = copy.deepcopy(subject.model.get_submodule(name)).to(inside)
        module.register_forward_pre_hook(lambda _, args: (args[0].to(inside), *args[1:]))
        if stage != HEAD:  # whose output is the model's
            module.register_forward_hook(lambda _, args, output: output.to(outside))
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, module)
    return model


@contextmanager
def attention_in(inside: Any, outside: Any) -> Iterator[None]:
    """Compute the products and the softmax of attention in one dtype, the rest being in another."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    plain = ALL_ATTENTION_FUNCTIONS["sdpa"]

    def converted(module: Any, *tensors: Any, **options: Any) -> tuple[Any, Any]:
        *states, mask = tensors
        if mask is not None and mask.is_floating_point():
            mask = mask.to(inside)
        states = [tensor.to(inside) for tensor in states]
        return plain(module, *states, mask, **options)[0].to(outside), None

    ALL_ATTENTION_FUNCTIONS["sdpa"] = converted
    try:
        yield
    finally:
        ALL_ATTENTION_FUNCTIONS["sdpa"] = plain


@contextmanager
def residual_in(model: Any, dtype: Any) -> Iterator[None]:
    """Round what every layer returns."""

    def rounded(module: Any, args: Any, output: Any) -> Any:
        states = output[0] if isinstance(output, tuple) else output
        states.copy_(states.to(dtype))

    with ExitStack() as hooks:
        for name, module in model.named_modules():
            if re.fullmatch(_LAYER, name):
                hooks.callback(module.register_forward_hook(rounded).remove)
        yield


class Measuring:
    """Runs one model on a device with its stages in this dtype or that."""

    def __init__(self, subject: Subject, device: Device, dtype: Any, runs: int) -> None:
        import torch

        self._subject = subject
        self._device = device
        self._narrow, self._wide = dtype, torch.float32
        self._runs = runs
        self._exact = self._logits(self._copy(self._wide), self._wide)
        self._all_narrow = self._copy(dtype)

    def all_narrow(self) -> tuple[float, float]:
        """Return the error of the whole model in the narrow dtype, and the seconds of a pass."""
        error = self._error(self._all_narrow, self._narrow)
        return error, statistics.median(self._timed(self._all_narrow) for _ in range(self._runs))

    def alone(self, stage: str) -> float:
        """Return the error where only this stage is in the narrow dtype."""
        if stage == INPUT:
            return self._error(self._copy(self._wide), self._narrow)
        if stage == SOFTMAX:
            with attention_in(self._narrow, self._wide):
                return self._error(self._copy(self._wide), self._wide)
        if stage == RESIDUAL:
            model = self._copy(self._wide)
            with residual_in(model, self._narrow):
                return self._error(model, self._wide)
        model = with_stage(self._subject, stage, self._narrow, self._wide)
        return self._error(model.to(self._device.name), self._wide)

    def kept(self, stage: str) -> tuple[float, float] | None:
        """Return the error where only this stage is in float32, and the ratio of the times."""
        if stage in (INPUT, RESIDUAL):
            return None  # every stage takes its part of them
        model, around = self._all_narrow, nullcontext
        if stage == SOFTMAX:
            around = partial(attention_in, self._wide, self._narrow)
        else:
            model = with_stage(self._subject, stage, self._wide, self._narrow)
            model = model.to(self._device.name)
        ratios = []
        with around():
            error = self._error(model, self._wide if stage in (FRONT, FIRST) else self._narrow)
        for _ in range(self._runs):
            with around():
                seconds = self._timed(model)
            ratios.append(seconds / self._timed(self._all_narrow))
        return error, statistics.median(ratios)

    def _copy(self, dtype: Any) -> Any:
        return copy.deepcopy(self._subject.model).to(dtype).to(self._device.name)

    def _inputs(self, dtype: Any, given: Any) -> dict[str, Any]:
        """Return the arguments, floats rounded to one dtype and given in another."""
        return {
            name: (value.to(dtype).to(given) if value.is_floating_point() else value).to(
                self._device.name
            )
            for name, value in self._subject.inputs.items()
        }

    def _logits(self, model: Any, input_dtype: Any) -> np.ndarray:
        import torch

        given = torch.promote_types(input_dtype, model.dtype)
        with torch.inference_mode():
            return model(**self._inputs(input_dtype, given)).logits.float().cpu().numpy()

    def _error(self, model: Any, input_dtype: Any) -> float:
        return relative_error(self._exact, self._logits(model, input_dtype))

    def _timed(self, model: Any) -> float:
        import torch

        inputs = self._inputs(model.dtype, model.dtype)
        self._device.synchronize()
        started = time.perf_counter()
        with torch.inference_mode():
            model(**inputs)
        self._device.synchronize()
        return time.perf_counter() - started


def print_table(subject: Subject, device: Device, dtype_name: str, runs: int) -> None:
    """Measure one model in one narrow dtype, stage by stage."""
    import torch

    measuring = Measuring(subject, device, getattr(torch, dtype_name), runs)
    error, seconds = measuring.all_narrow()
    print(f"\n{subject.name} in {dtype_name}: {error:.2e}, {seconds:.3f} s a pass")
    print(f"{'':<26}{'alone':>10}{'kept':>10}{'time':>8}")
    for stage in (*STAGES, *ROUNDED):
        if stage in STAGES and not subject.modules(stage):
            continue
        kept = measuring.kept(stage)
        rest = "" if kept is None else f"{kept[0]:>10.2e}{kept[1]:>8.3f}"
        print(f"{stage:<26}{measuring.alone(stage):>10.2e}{rest}", flush=True)


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu, cuda or npu (default: cpu)")
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated (default: all)")
    parser.add_argument(
        "--dtypes", default="float16,bfloat16", help="comma-separated (default: both)"
    )
    parser.add_argument(
        "--layers", type=number(RUNS), default=4, help="of a random model's encoder (default: 4)"
    )
    parser.add_argument(
        "--seconds", type=number(AUDIO_S), default=5.0, help="of speech to align (default: 5)"
    )
    parser.add_argument("--runs", type=number(RUNS), default=3, help="of each timed (default: 3)")
    arguments = parser.parse_args()
    prepare_environment(arguments.device)
    device = select_device(arguments.device)
    from transformers.utils import logging

    logging.disable_progress_bar()
    print(f"Relative errors of the logits, times on {device.name}")
    for name in arguments.models.split(","):
        subject = make_subject(name, arguments.seconds, arguments.layers)
        for dtype_name in arguments.dtypes.split(","):
            print_table(subject, device, dtype_name, arguments.runs)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
