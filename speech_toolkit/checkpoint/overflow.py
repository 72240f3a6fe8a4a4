"""Where float16 overflowed as a model ran, window by window, though its output may not show it.

Mostly what overflows is infinite, what is made of that is NaN, and it reaches the output. A chip
that saturates ends at 65504 instead and makes 0 of NaN; its own flag of overflows tells neither of
which window nor, on all chips, at all. So the numbers themselves are looked at.

B windows in a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import reduce
from operator import and_
from typing import Any

import torch

_OVERFLOWED = 60_000.0  # float16 ends at 65504, and what follows may take a little off
_PRODUCTS = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d)
_FEW = 1 << 13  # numbers of a window that are kept until the end: one look at all is cheaper


class OverflowWatch:
    """Looks at what goes through modules of a model while it is asked to.

    Args:
        outputs_of: modules whose output is looked at.
        inputs_of: modules whose input is looked at.

    Attributes:
        batch_size: B, the first dimension of what is looked at; what has another counts for every
            window.
    """

    def __init__(
        self,
        outputs_of: Iterable[torch.nn.Module] = (),
        inputs_of: Iterable[torch.nn.Module] = (),
    ) -> None:
        self._outputs_of = tuple(outputs_of)
        self._inputs_of = tuple(inputs_of)
        self._kept: list[torch.Tensor] = []
        self._is_sound: list[torch.Tensor] = []
        self.batch_size = 0

    @classmethod
    def of_all(cls, model: torch.nn.Module) -> OverflowWatch:
        """Look at the result of every layer that multiplies, and at all that is normalised."""
        modules = list(model.modules())
        return cls(
            (each for each in modules if isinstance(each, _PRODUCTS)),
            (each for each in modules if "Norm" in type(each).__name__),
        )

    @contextmanager
    def watching(self, batch_size: int) -> Iterator[None]:
        """Look at all that the modules do inside.

        Args:
            batch_size: see there; it may be set to another meanwhile.
        """
        self.batch_size = batch_size
        self._kept.clear()
        self._is_sound.clear()
        hooks = [each.register_forward_hook(self._after) for each in self._outputs_of]
        hooks += [each.register_forward_pre_hook(self._before) for each in self._inputs_of]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def is_sound(self) -> torch.Tensor:
        """Return whether each window stayed within float16 since this was last asked, bool (B,)."""
        if self._kept:
            self._is_sound.append(_is_within(torch.cat(self._kept, dim=1)))
        is_sound_B = reduce(and_, self._is_sound)[:, 0]
        self._kept.clear()
        self._is_sound.clear()
        return is_sound_B

    def _after(self, module: torch.nn.Module, args: tuple[Any, ...], output: torch.Tensor) -> None:
        self._look(output)

    def _before(self, module: torch.nn.Module, args: tuple[Any, ...]) -> None:
        self._look(args[0])

    def _look(self, values: torch.Tensor) -> None:
        if len(values) == self.batch_size:
            rows = values.reshape(self.batch_size, -1)
        else:
            rows = values.reshape(1, -1).expand(self.batch_size, -1)
        if rows.shape[1] <= _FEW:
            self._kept.append(rows)
        else:
            self._is_sound.append(_is_within(rows))


def _is_within(rows: torch.Tensor) -> torch.Tensor:
    """Return whether all numbers of each row are, bool (B, 1)."""
    return (rows.abs() < _OVERFLOWED).all(1, keepdim=True)  # NaN is below nothing
