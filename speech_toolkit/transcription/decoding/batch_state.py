"""What is fixed while windows are written, what changes from step to step, and what comes out.

B windows in a batch, L tokens of a prompt, P positions of the decoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from speech_toolkit.transcription.decoding.rules import TimestampState


@dataclass(frozen=True)
class StepMode:
    """What is fixed while a step is taken.

    Attributes:
        timestamps: whether the rules for timestamps apply.
        sampled: whether tokens are drawn in some of the windows.
        margins: whether each token's lead over the second best is kept.
    """

    timestamps: bool
    sampled: bool
    margins: bool


@dataclass(frozen=True)
class Start:
    """How a window begins.

    Attributes:
        prompt: tokens before its text.
        temperature: 0 takes the likeliest token; above 0, tokens are drawn.
        draws_P: float32 in [0, 1) for each position, where tokens are drawn; else None.
    """

    prompt: Sequence[int]
    temperature: float = 0.0
    draws_P: torch.Tensor | None = None


@dataclass(frozen=True)
class Generated:
    """What windows have generated, on the CPU, by position.

    Attributes:
        tokens_BP: int64, the prompt first.
        log_probs_BP: float32, of each token that was generated.
        margins_BP: float32, likewise; meaningless where they were not asked for.
        no_speech_probs_B: float32; None where the model has no token for it.
        is_sound_B: bool, whether no number overflowed, as far as anybody looked.
    """

    tokens_BP: torch.Tensor
    log_probs_BP: torch.Tensor
    margins_BP: torch.Tensor
    no_speech_probs_B: torch.Tensor | None
    is_sound_B: torch.Tensor


class BatchState:
    """Tensors of a batch that the steps share, a row for each window.

    Args:
        batch_size: B, the most windows.
        positions: P, of the decoder.
        unseen: what a mask holds for a position that is not attended to; it lies on the device.

    Attributes:
        position_B1: of the last token of each window.
        mask_BP: which positions a window attends to, as the attention kernel wants it.
    """

    def __init__(self, batch_size: int, positions: int, unseen: torch.Tensor) -> None:
        device = unseen.device
        self.tokens_BP = torch.zeros((batch_size, positions), dtype=torch.int64, device=device)
        self.log_probs_BP = torch.zeros((batch_size, positions), device=device)
        self.margins_BP = torch.zeros((batch_size, positions), device=device)
        self.draws_BP = torch.zeros((batch_size, positions), device=device)
        self.mask_BP = unseen.expand(batch_size, positions).clone()
        self.no_speech_B1 = torch.zeros((batch_size, 1), device=device)
        self.finished_B1 = torch.zeros((batch_size, 1), dtype=torch.bool, device=device)
        self.is_sound_B1 = torch.ones((batch_size, 1), dtype=torch.bool, device=device)
        self.temperature_B1 = torch.zeros((batch_size, 1), device=device)
        self.position_B1 = torch.zeros((batch_size, 1), dtype=torch.int64, device=device)
        self.timestamps = TimestampState.allocate(batch_size, device)

    def part(self, batch_size: int) -> BatchState:
        """Return views of the first windows of the batch."""
        return self._each(lambda tensor: tensor[:batch_size])

    def copy(self) -> BatchState:
        """Return all tensors as they are now."""
        return self._each(torch.Tensor.clone)

    def put(self, rows_B: torch.Tensor, other: BatchState) -> None:
        """Overwrite some windows with those of another batch."""
        for mine, theirs in zip(self._tensors(), other._tensors(), strict=True):
            mine.index_copy_(0, rows_B, theirs)

    def restore(self, other: BatchState) -> None:
        """Overwrite all windows with those of a batch of the same size."""
        for mine, theirs in zip(self._tensors(), other._tensors(), strict=True):
            mine.copy_(theirs)

    def move(self, source: int, target: int) -> None:
        """Copy one window over another."""
        for each in self._tensors():
            each[target] = each[source]

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> BatchState:
        changed = object.__new__(BatchState)
        for name, value in vars(self).items():
            is_group = isinstance(value, TimestampState)
            setattr(changed, name, value.each(change) if is_group else change(value))
        return changed

    def _tensors(self) -> list[torch.Tensor]:
        own = [value for name, value in vars(self).items() if name != "timestamps"]
        return [*own, *vars(self.timestamps).values()]
