#!/usr/bin/env python3
"""Where do float16 and bfloat16 lose, and what would it cost to keep that in float32?

    python benchmarks/narrow_dtypes.py --layers 1 --seconds 2 --runs 1 --models tiny-mms-aligner
    python benchmarks/narrow_dtypes.py --device npu --dtypes float16

Errors are relative, of the logits against the same model in float32, on the CPU as on a card.

- alone: the stage in the narrow dtype, its weights included, and all else in float32.
- kept: the stage in float32 and all else in the narrow dtype.
- time: of a forward pass then, over that in the narrow dtype, in turn on the device: median of the
  ratios, and their quartiles. What stands around the model is in float32 in any case; here, the
  time that it takes over that of a pass.

Models: tiny-mms-aligner and tiny-whisper on a sample; mms-300m and distil-large-v3 with random
weights of a trained model's scale, of a few layers. Recognition is given its text. The errors are
those of the arithmetic; a CPU's times say nothing of a card's.
"""

import argparse
import copy
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from benchmarks.ratios import in_turn, ratio_text
from benchmarks.subjects import (
    MODELS,
    POSITIONAL,
    layers_of,
    make_features,
    make_inputs,
    make_model,
)
from speech_toolkit.cli.arguments import number
from speech_toolkit.cli.run_script import run_script
from speech_toolkit.device import Device
from speech_toolkit.device.environment import prepare_environment
from speech_toolkit.device.select import select_device
from speech_toolkit.evaluation.metrics.numeric import relative_error
from speech_toolkit.exit_codes import EXIT_DONE
from speech_toolkit.ranges import AUDIO_S, RUNS, WARMUP

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
FEATURES, LOG_SOFTMAX = "waveform's statistics, mel", "log-softmax"
AROUND = (FEATURES, LOG_SOFTMAX)
ALL_STAGES = (*AROUND, *STAGES, *ROUNDED)
FEATURES, LOG_SOFTMAX = "waveform's statistics, mel", "log-softmax"
AROUND = (FEATURES, LOG_SOFTMAX)
ALL_STAGES = (*AROUND, *STAGES, *ROUNDED)


@dataclass(frozen=True)
class Subject:
    """A model and what it is given.

    Attributes:
        name: of the model.
        model: in float32 on the host.
        seconds: of speech; a bundled recogniser has its window.
        inputs: arguments by name, floats in float32.
    """

    name: str
    model: Any
    seconds: float
    inputs: Mapping[str, Any]

    def modules(self, stage: str) -> list[str]:
        """Return the names of the modules that a stage is made of."""
        pattern = re.compile(rf"(.*\.)?({STAGES[stage]})")
        return [name for name, _ in self.model.named_modules() if pattern.fullmatch(name)]


def make_subject(name: str, seconds: float, layers: int | None) -> Subject:
    """Load or make a model, folded as the toolkit does, and the speech that it is given."""
    import torch

    from speech_toolkit.checkpoint.folding import fold_weights

    model = make_model(name, layers, seconds)
    fold_weights(model, (POSITIONAL,), torch.float32)
    return Subject(name, model, seconds, make_inputs(name, seconds))


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
        for _, module in layers_of(model):
            hooks.callback(module.register_forward_hook(rounded).remove)
        yield


class Measuring:
    """Runs one model on a device with its stages in this dtype or that."""

    def __init__(self, subject: Subject, device: Device, dtype: Any, rounds: int) -> None:
        import torch

        self._subject = subject
        self._device = device
        self._narrow, self._wide = dtype, torch.float32
        self._rounds = rounds
        self._exact = self._logits(self._copy(self._wide), self._wide, subject.inputs)
        self._all_narrow = self._copy(dtype)

    def all_narrow(self) -> float:
        """Return the error of the whole model in the narrow dtype."""
        return self._error(self._all_narrow, self._narrow)

    def alone(self, stage: str) -> float:
        """Return the error where only this stage is in the narrow dtype."""
        import torch

        if stage == FEATURES:
            features = make_features(self._subject.name, self._subject.seconds, self._narrow)
            inputs = {**self._subject.inputs, **features}
            return self._error(self._copy(self._wide), self._wide, inputs)
        if stage == LOG_SOFTMAX:
            logits = torch.from_numpy(self._exact).to(self._device.name)
            log_probs = logits.to(self._narrow).log_softmax(-1).float()
            return relative_error(logits.log_softmax(-1).cpu().numpy(), log_probs.cpu().numpy())
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

    def share(self, stage: str) -> str:
        """Return what a stage outside the model takes in float32, of a pass in the narrow dtype."""
        import torch

        subject, logits = self._subject, torch.from_numpy(self._exact).to(self._device.name)
        calls = {
            FEATURES: partial(make_features, subject.name, subject.seconds, self._wide),
            LOG_SOFTMAX: partial(logits.log_softmax, -1),
        }
        pass_narrow = partial(self._pass, self._all_narrow)
        stage_s, pass_s = zip(
            *in_turn([calls[stage], pass_narrow], self._device, self._rounds), strict=True
        )
        return ratio_text(stage_s, pass_s)

    def kept(self, stage: str) -> tuple[float, str] | None:
        """Return the error where only this stage is in float32, and the ratio of the times."""
        if stage in (INPUT, RESIDUAL):
            return None  # every stage takes its part of them
        model, around = self._all_narrow, nullcontext
        if stage == SOFTMAX:
            around = partial(attention_in, self._wide, self._narrow)
        else:
            model = with_stage(self._subject, stage, self._wide, self._narrow)
            model = model.to(self._device.name)
        with around():
            error = self._error(model, self._wide if stage in (FRONT, FIRST) else self._narrow)
        if not self._rounds:
            return error, ""

        def pass_kept() -> None:
            with around():
                self._pass(model)

        calls = [pass_kept, partial(self._pass, self._all_narrow)]
        kept_s, narrow_s = zip(*in_turn(calls, self._device, self._rounds), strict=True)
        return error, ratio_text(kept_s, narrow_s)

    def _copy(self, dtype: Any) -> Any:
        return copy.deepcopy(self._subject.model).to(dtype).to(self._device.name)

    def _placed(self, inputs: Mapping[str, Any], dtype: Any, given: Any) -> dict[str, Any]:
        """Return arguments on the device, floats rounded to one dtype and given in another."""
        return {
            name: (value.to(dtype).to(given) if value.is_floating_point() else value).to(
                self._device.name
            )
            for name, value in inputs.items()
        }

    def _logits(self, model: Any, input_dtype: Any, inputs: Mapping[str, Any]) -> np.ndarray:
        import torch

        given = torch.promote_types(input_dtype, model.dtype)
        with torch.inference_mode():
            return model(**self._placed(inputs, input_dtype, given)).logits.float().cpu().numpy()

    def _error(
        self, model: Any, input_dtype: Any, inputs: Mapping[str, Any] | None = None
    ) -> float:
        found = self._logits(model, input_dtype, inputs or self._subject.inputs)
        return relative_error(self._exact, found)

    def _pass(self, model: Any) -> None:
        import torch

        with torch.inference_mode():
            model(**self._placed(self._subject.inputs, model.dtype, model.dtype))


def print_table(
    subject: Subject, device: Device, dtype_name: str, rounds: int, stages: Sequence[str]
) -> None:
    """Measure one model in one narrow dtype, stage by stage."""
    import torch

    measuring = Measuring(subject, device, getattr(torch, dtype_name), rounds)
    print(f"\n{subject.name} in {dtype_name}: {measuring.all_narrow():.2e}")
    print(f"{'':<26}{'alone':>10}{'kept':>10}  {'time' if rounds else ''}", flush=True)
    for stage in stages:
        if stage in STAGES and not subject.modules(stage):
            continue
        if stage in AROUND:
            rest = f"{'':>10}  {measuring.share(stage) if rounds else ''}"
        else:
            kept = measuring.kept(stage)
            rest = "" if kept is None else f"{kept[0]:>10.2e}  {kept[1]}"
        print(f"{stage:<26}{measuring.alone(stage):>10.2e}{rest}", flush=True)


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu, cuda or npu (default: cpu)")
    parser.add_argument("--models", default=",".join(MODELS), help="comma-separated (default: all)")
    parser.add_argument(
        "--dtypes", default="float16,bfloat16", help="comma-separated (default: both)"
    )
    parser.add_argument("--stages", nargs="+", choices=ALL_STAGES, default=ALL_STAGES)
    parser.add_argument(
        "--layers", type=number(RUNS), default=4, help="of a random model's encoder (default: 4)"
    )
    parser.add_argument(
        "--seconds", type=number(AUDIO_S), default=5.0, help="of speech (default: 5)"
    )
    parser.add_argument(
        "--runs",
        type=number(WARMUP),
        default=5,
        help="counted rounds, 0 for no times (default: 5)",
    )
    arguments = parser.parse_args()
    prepare_environment(arguments.device)
    device = select_device(arguments.device)
    from transformers.utils import logging

    logging.disable_progress_bar()
    print(f"Relative errors of the logits, times on {device.name}")
    for name in arguments.models.split(","):
        subject = make_subject(name, arguments.seconds, arguments.layers)
        for dtype_name in arguments.dtypes.split(","):
            print_table(subject, device, dtype_name, arguments.runs, arguments.stages)
    return EXIT_DONE


if __name__ == "__main__":
    run_script(main)
