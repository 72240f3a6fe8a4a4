"""Weights that a model would compute anew at each call, computed once when it is loaded.

A convolution with weight normalisation stores a direction and a length, and makes its weight of
them in every forward pass: by a formula of the device's own, and in a narrow dtype from values that
were rounded before. Folded on the host in float32, the weight is the same for every device, and is
rounded once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def fold_weights(model: torch.nn.Module, names: Collection[str], dtype: torch.dtype) -> None:
    """Replace the parametrized weights in some modules by their values, then round those.

    Args:
        model: on the host; all its modules keep their names.
        names: of the modules, without those around them; they are in float32 or wider.
        dtype: that they are brought to.
    """
    import torch
    from torch.nn.utils import parametrize

    named = [module for name, module in model.named_modules() if name.split(".")[-1] in names]
    with torch.no_grad():
        for module in named:
            for part in list(module.modules()):
                for weight in list(getattr(part, "parametrizations", ())):
                    parametrize.remove_parametrizations(part, weight, leave_parametrized=True)
            module.to(dtype)
