"""Whether an NPU multiplies float32 as float32.

The matrix unit of a 310P or a 910A takes no float32: torch_npu has the factors rounded to float16
there, and where that is forbidden CANN refuses the product.
"""

from __future__ import annotations

import logging

_FINE = 1 + 2**-12  # float32 and 13 bits of mantissa hold it; HF32 and float16 make 1 of it
_SIDE = 16
_is_rounded: bool | None = None

logger = logging.getLogger(__name__)


def note_rounded_products(device: str) -> None:
    """Find out whether products of float32 are rounded though HF32 is off, and warn if so.

    Does nothing when called again in the same process.

    Args:
        device: a card that was opened, such as "npu:0".
    """
    if _is_rounded is None and rounds_products(device):
        logger.warning(
            "%s multiplies float32 as float16, as a 310P and a 910A do, whatever is asked: "
            "results in float32 are up to about 1e-3 away from the CPU's",
            device,
        )


def rounds_products(device: str) -> bool:
    """Tell whether a card rounds the factors; it is tried once in a process, with HF32 off."""
    global _is_rounded
    if _is_rounded is None:
        _is_rounded = _rounds(device)
    return _is_rounded


def products_are_rounded() -> bool:
    """Tell what was found when it was tried; False before that."""
    return bool(_is_rounded)


def _rounds(device: str) -> bool:
    import torch

    factor = torch.full((_SIDE, _SIDE), _FINE)
    try:
        product = (factor.to(device) @ torch.eye(_SIDE).to(device)).cpu()
    except RuntimeError:  # whatever it is, the model will meet it and tell more of it
        return False
    return not torch.equal(product, factor)
