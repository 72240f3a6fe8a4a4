"""One use of an operator, and the numbers that it is tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from zlib import crc32

import torch

ALL_DTYPES = ("float32", "float16", "bfloat16")
FLOAT32 = ("float32",)  # the models turn to it first, whatever their own dtype
WHOLE = ("int64",)  # of whole numbers and booleans: the result has to be the same
_POOL_SIZE = 1_000_003  # a prime: rows of a matrix that repeats them all differ


class Draw:
    """Draws inputs on the CPU, the same ones at each run.

    Args:
        name: of what they are for.
    """

    def __init__(self, name: str) -> None:
        self._generator = torch.Generator().manual_seed(crc32(name.encode()))

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> torch.Tensor:
        """Return float32 numbers of a normal distribution."""
        size = torch.Size(shape).numel()
        start = self.whole(_POOL_SIZE, 1).item()
        pool = _pool()[start : start + _POOL_SIZE]
        return pool.repeat(-(-size // _POOL_SIZE))[:size].view(shape) * scale + mean

    def weight(self, *shape: int) -> torch.Tensor:
        """Return the weights of a layer that keeps the scale of what it is given."""
        return self.normal(*shape, scale=torch.Size(shape[1:]).numel() ** -0.5)

    def shares(self, *shape: int) -> torch.Tensor:
        """Return probabilities along the last dimension."""
        return self.normal(*shape).softmax(-1)

    def whole(self, below: int, *shape: int) -> torch.Tensor:
        """Return int64 numbers from 0."""
        return torch.randint(below, shape, generator=self._generator)

    def places(self, below: int, count: int) -> torch.Tensor:
        """Return int64 numbers from 0, none of them twice."""
        return torch.randperm(below, generator=self._generator)[:count]

    def flags(self, *shape: int) -> torch.Tensor:
        """Return booleans, one in four of them true."""
        return self.whole(4, *shape) == 0


@dataclass(frozen=True)
class Operator:
    """One use of an operator.

    Attributes:
        name: in ``torch.ops.aten``.
        use: what the models do with it.
        make: draws its arguments, floating-point tensors in float32.
        dtypes: in which the models use it.
        options: arguments that go by name.
        is_factory: whether it makes a tensor on the device out of none.
    """

    name: str
    use: str
    make: Callable[[Draw], tuple[Any, ...]]
    dtypes: tuple[str, ...] = ALL_DTYPES
    options: Mapping[str, Any] = field(default_factory=dict)
    is_factory: bool = False

    @property
    def label(self) -> str:
        """What tells it from all others."""
        return f"{self.name}, {self.use}"

    def arguments(self) -> tuple[Any, ...]:
        """Draw the arguments; they are the same ones at each call."""
        return self.make(Draw(self.label))

    def run(self, arguments: tuple[Any, ...], device: str) -> torch.Tensor:
        """Run it, and return its result or the first of its results.

        Args:
            arguments: on the device, which it may change.
            device: as torch calls it.
        """
        made_there = {"device": device} if self.is_factory else {}
        found = getattr(torch.ops.aten, self.name)(*arguments, **self.options, **made_there)
        return found[0] if isinstance(found, tuple) else found


@cache
def _pool() -> torch.Tensor:
    """Return numbers of a normal distribution, twice; to draw all anew would take seconds."""
    return torch.randn(_POOL_SIZE, generator=torch.Generator().manual_seed(0)).repeat(2)
