"""Names of what a card is known to compute in another way, and the CPU can imitate.

Imports no torch.
"""

from dataclasses import dataclass

from speech_toolkit.errors import UsageError
from speech_toolkit.lists import entries

CONVOLUTION, MATMUL = "convolution", "matmul"
ALL_PRODUCTS = (CONVOLUTION, MATMUL)
FORMATS = ("hf32", "tf32", "float16", "bfloat16")
GELU_TANH = "gelu_tanh"
# What `hf32` alone stands for: torch_npu lets convolutions round and matrix products not.
_DEFAULT_PRODUCTS = {"hf32": (CONVOLUTION,)}
_SCOPES = {"all": ALL_PRODUCTS, "conv": (CONVOLUTION,), "matmul": (MATMUL,)}


@dataclass(frozen=True)
class Emulation:
    """A rounding of the factors of some products, or GELU in its tanh form.

    Attributes:
        format: one of `FORMATS`, or `GELU_TANH`.
        products: which of `ALL_PRODUCTS` are rounded; of no meaning to `GELU_TANH`.
    """

    format: str
    products: tuple[str, ...] = ALL_PRODUCTS

    @property
    def label(self) -> str:
        """The emulation as reports name it."""
        if self.format == GELU_TANH:
            return "GELU in its tanh form"
        return f"{self.format} in {' and '.join(self.products)}"


def parse_emulations(text: str | None) -> tuple[Emulation, ...]:
    """Read a list such as "hf32,float16:conv,gelu_tanh".

    Raises:
        UsageError: an entry is no format with or without a scope.
    """
    return tuple(map(_parse, entries(text))) if text else ()


def _parse(entry: str) -> Emulation:
    name, _, scope = entry.partition(":")
    if entry == GELU_TANH:
        return Emulation(GELU_TANH)
    if name not in FORMATS or (scope and scope not in _SCOPES):
        raise UsageError(
            f"--emulate {entry!r}: use {GELU_TANH}, {', '.join(FORMATS)}, all but the first with "
            "or without :conv, :matmul or :all"
        )
    return Emulation(name, _SCOPES[scope] if scope else _DEFAULT_PRODUCTS.get(name, ALL_PRODUCTS))
