"""The parts that a model is compared in where not every module is wanted."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized


def blocks_of(model: torch.nn.Module, name: str = "") -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield what a model computes in few parts: the layers of its stacks and what stands beside.

    Of what is inside a layer attention and feed-forward are named, whose shares in the layer's
    result are small: a fault in either would be lost in the sum.
    """
    for child_name, child in model.named_children():
        path = f"{name}.{child_name}" if name else child_name
        if _is_stack(model):
            yield from attentions_of(child, path)
            yield from _feed_forward_of(child, path)
            yield path, child
        elif is_parametrized(child) or (child._parameters and not _holds_a_stack(child)):
            yield path, child
        else:
            yield from blocks_of(child, path)


def _feed_forward_of(layer: torch.nn.Module, name: str) -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield what ends a layer: the last part that holds a product and is no attention."""
    parts = [
        (f"{name}.{part_name}", part)
        for part_name, part in layer.named_children()
        if any(isinstance(inner, torch.nn.Linear) for inner in part.modules())
    ]
    if parts and not any(True for _ in attentions_of(parts[-1][1])):
        yield parts[-1]


def _is_stack(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.ModuleList) and not isinstance(module, ParametrizationList)


def _holds_a_stack(module: torch.nn.Module) -> bool:
    """Tell whether a module is more than one block, whatever parameters of its own it has."""
    return any(_is_stack(inner) for inner in module.modules())


def attentions_of(model: torch.nn.Module, name: str = "") -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield the attention modules of a model, told by the names of their classes."""
    for path, module in model.named_modules(prefix=name):
        if type(module).__name__.endswith("Attention"):
            yield path, module
