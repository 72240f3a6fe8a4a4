"""Faults to plant in a model, and the function that runs a candidate with each of them in turn.

`run_planted` runs in a process with emulated cards, in place of a candidate's own process; one
process serves all faults, since importing torch takes longer than a run.
"""

import traceback
from types import MethodType

import torch

from speech_toolkit.evaluation.models.emulations import CONVOLUTION, Emulation
from speech_toolkit.evaluation.models.rounding import RoundedProducts, TanhGelu
from speech_toolkit.evaluation.parity import on_device as parity_run

CLEAN = "clean"
FALLBACK = "softplus"  # no model uses it


def noise(model, name, size):
    """Noise of a relative size on a module's output."""

    def add(module, inputs, output):
        first, *rest = output if isinstance(output, tuple) else (output,)
        random = torch.randn(first.shape, generator=torch.Generator().manual_seed(0))
        wrong = first + random.to(first.device, first.dtype) * first.abs().mean() * size
        return (wrong, *rest) if isinstance(output, tuple) else wrong

    model.get_submodule(name).register_forward_hook(add)


def epsilon(model, name, value):
    """Another epsilon in a layer normalisation."""
    model.get_submodule(name).eps = value


def not_a_number(model, name):
    """One NaN in a module's output."""

    def spoil(module, inputs, output):
        wrong = output.clone()
        wrong.view(-1)[5] = float("nan")
        return wrong

    model.get_submodule(name).register_forward_hook(spoil)


def half_precision(model, name):
    """A module that computes in float16 and gives float32."""

    def forward(self, hidden):
        halves = [None if t is None else t.half() for t in (hidden, self.weight, self.bias)]
        if isinstance(self, torch.nn.Linear):
            return torch.nn.functional.linear(*halves).float()
        return self._conv_forward(*halves).float()

    module = model.get_submodule(name)
    module.forward = MethodType(forward, module)


def swapped_channels(model, name, first, second):
    """Two output channels that changed places."""
    module = model.get_submodule(name)
    order = list(range(len(module.weight)))
    order[first], order[second] = second, first
    with torch.no_grad():
        module.weight.copy_(module.weight[order])
        if module.bias is not None:
            module.bias.copy_(module.bias[order])


def left_on_cpu(model, name):
    """A module whose weights stay on the CPU, with copies to it and back."""
    module = model.get_submodule(name).to("cpu")
    original = module.forward
    module.forward = lambda hidden: original(hidden.cpu()).to(hidden.device)


def operator_on_the_cpu(model, name):
    """A module that calls an operator which the card leaves to the CPU, to no effect."""

    def detour(module, inputs, output):
        return output + 0 * getattr(torch.nn.functional, FALLBACK)(output)

    model.get_submodule(name).register_forward_hook(detour)


def rounded_product(model, name, number_format):
    """A product that rounds its factors, of which the device says nothing."""
    _compute_in(model.get_submodule(name), RoundedProducts(Emulation(number_format)))


def rounded_convolutions(model, first, number_format):
    """The same in all convolutions, of which the first should be named."""
    _compute_in(model, RoundedProducts(Emulation(number_format, (CONVOLUTION,))))


def tanh_gelu(model, name):
    """GELU in its tanh form in one module."""
    _compute_in(model.get_submodule(name), TanhGelu())


def _compute_in(module, mode):
    original = module.forward

    def forward(*args, **kwargs):
        with mode:
            return original(*args, **kwargs)

    module.forward = forward


def overflow(model, name, channel):
    """One channel that outgrows float16, which is infinite or, where a chip saturates, 65504."""

    def grow(module, inputs, output):
        wrong = output.clone()
        wrong[..., channel] = torch.full_like(wrong[..., channel], 6e4) * 2
        return wrong

    model.get_submodule(name).register_forward_hook(grow)


def run_planted(payload):
    """Run a candidate once per fault of the payload, each on freshly loaded weights.

    Returns:
        Per fault the result, or the error's text; and all arrays as "fault/output".
    """
    load = parity_run.load_model
    results, arrays = {}, {}
    for label, (fault, *arguments) in {CLEAN: (CLEAN,), **payload["faults"]}.items():

        def load_with_fault(*how, fault=fault, arguments=arguments):
            loaded = load(*how)
            if fault != CLEAN:
                globals()[fault](loaded.model, *arguments)
            return loaded

        parity_run.load_model = load_with_fault
        try:
            results[label], outputs = parity_run.run_candidate(payload)
        except Exception:  # noqa: BLE001 - the other faults are still to be run
            results[label], outputs = {"error": traceback.format_exc()}, {}
        arrays |= {f"{label}/{name}": array for name, array in outputs.items()}
    return results, arrays
