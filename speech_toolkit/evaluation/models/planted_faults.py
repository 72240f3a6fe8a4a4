"""Which faults would have been noticed? Noise is planted in a model until its checks see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_ENCODER_LAYER = re.compile(r"encoder\.layers\.\d+$")
SIZES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def smallest_noticed(
    noticed_by: Callable[[float], Sequence[str]], sizes: Sequence[float] = SIZES
) -> dict[str, Any]:
    """Find the smallest fault that is noticed by bisection: a larger one is no harder to see.

    Args:
        noticed_by: plants a fault of a size and returns the names of the checks that fail.
        sizes: rising.

    Returns:
        "smallest_noticed", None where not even the largest is; "noticed_by", the checks that see
        it; "largest_missed", None where the smallest is seen.
    """
    found: dict[float, Sequence[str]] = {}
    low, high = 0, len(sizes)
    while low < high:
        middle = (low + high) // 2
        found[sizes[middle]] = noticed_by(sizes[middle])
        low, high = (low, middle) if found[sizes[middle]] else (middle + 1, high)
    smallest = sizes[low] if low < len(sizes) else None
    return {
        "smallest_noticed": smallest,
        "noticed_by": list(found.get(smallest, ())),
        "largest_missed": sizes[low - 1] if low else None,
    }


@contextmanager
def planted_noise(model: torch.nn.Module, name: str, size: float) -> Iterator[None]:
    """Add noise to a module's output within the ``with`` block.

    Args:
        model: any.
        name: of the module.
        size: standard deviation of the noise over the mean magnitude of the output.
    """
    import torch

    generator = torch.Generator().manual_seed(0)

    def add(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        first, *rest = output if isinstance(output, tuple) else (output,)
        noise = torch.randn(first.shape, generator=generator).to(first.device, first.dtype)
        disturbed = first + noise * first.abs().mean() * size
        return (disturbed, *rest) if isinstance(output, tuple) else disturbed

    handle = model.get_submodule(name).register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()


def middle_layer(model: torch.nn.Module) -> str:
    """Return the name of the layer in the middle of a model's encoder."""
    layers = [name for name, _ in model.named_modules() if _ENCODER_LAYER.search(name)]
    return layers[len(layers) // 2]
