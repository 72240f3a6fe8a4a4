"""GELU as torch defines it, on NPUs whose `aten::gelu` is the tanh form whatever is asked for.

torch_npu has the exact form under a name of its own, `npu_gelu`. Registered as the kernel of
`aten::gelu`, it reaches F.gelu and every activation module, and no model has to change.
`docs/devices.md` tells how far apart the two forms are.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from speech_toolkit.errors import first_line

if TYPE_CHECKING:
    import torch

EXACT, TANH = "exact", "tanh"
_PROBED = (-3.0, -2.7, -2.4, -0.5, 0.5, 2.4, 2.7, 3.0)  # the forms are up to 4.7e-4 apart here
_TOLERANCE = 1e-4
_form: str | None = None
_registration: torch.library.Library | None = None  # lasts as long as this object

logger = logging.getLogger(__name__)


def make_gelu_exact(device: str) -> None:
    """Let GELU on NPUs be the form that is asked for; warn where the card cannot compute it.

    Does nothing when called again in the same process.

    Args:
        device: a card that was opened, such as "npu:0".
    """
    global _form
    if _form is not None:
        return
    import torch
    from torch.nn.functional import gelu

    kernel = getattr(torch.ops.npu, "npu_gelu", None)
    why_not = _why_not_exact(kernel, device) if kernel else "torch_npu has no npu_gelu"
    if why_not is None:
        _register(kernel.default)
    elif _why_not_exact(gelu, device) is not None:
        _form = TANH
        logger.warning(
            "%s computes GELU in its tanh form only (%s): results in float32 are up to about 1e-3 "
            "away from the CPU's",
            device,
            why_not,
        )
        return
    _form = EXACT


def gelu_form() -> str | None:
    """Return "exact" or "tanh", what GELU is on NPUs; None before a card was opened."""
    return _form


def _why_not_exact(gelu: Callable[[torch.Tensor], torch.Tensor], device: str) -> str | None:
    """Say what keeps a kernel from being the exact form on a card; None where it is."""
    import torch

    values = torch.tensor(_PROBED)
    expected = 0.5 * values * (1 + torch.erf(values / 2**0.5))
    try:
        found = gelu(values.to(device)).cpu()
    except RuntimeError as error:
        return first_line(error)
    is_exact = torch.allclose(found, expected, rtol=0, atol=_TOLERANCE)
    return None if is_exact else "its values are those of the tanh form"


def _register(kernel: Callable[..., torch.Tensor]) -> None:
    """Make a kernel that of `aten::gelu` on NPUs."""
    global _registration
    import torch

    def gelu(x: torch.Tensor, *, approximate: str = "none") -> torch.Tensor:
        return kernel(x, approximate=approximate)

    _registration = torch.library.Library("aten", "IMPL")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"[\s\S]*[Oo]verrid")  # which is the purpose
        _registration.impl("gelu", gelu, "PrivateUse1")
