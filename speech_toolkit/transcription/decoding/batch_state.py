"""What is fixed while a batch is decoded, what changes from step to step, and what comes out.

B windows in a batch, L tokens of a prompt, P positions of the decoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from speech_toolkit.transcription.decoding.rules import TimestampState


@dataclass(frozen=True)
class StepMode:
    """What is fixed while a batch is decoded.

    Attributes:
        timestamps: whether the rules for timestamps apply.
        sampled: whether tokens are drawn, or the likeliest one taken.
        margins: whether each token's lead over the second best is kept.
    """

    timestamps: bool
    sampled: bool
    margins: bool


@dataclass(frozen=True)
class Generated:
    """What a batch has generated, on the CPU.

    Attributes:
        tokens: int64 of shape (B, generated tokens), EOT and what follows it included.
        log_probs: float32, likewise.
        margins: float32, likewise; zeros where they were not asked for.
        no_speech_probs: float32 of shape (B,); None where the model has no token for it.
    """

    tokens: torch.Tensor
    log_probs: torch.Tensor
    margins: torch.Tensor
    no_speech_probs: torch.Tensor | None


@dataclass(frozen=True)
class Draws:
    """What tokens are drawn with.

    Attributes:
        temperature: above 0; divides the logits.
        numbers_BP: float32 in [0, 1) for each window and position.
    """

    temperature: float
    numbers_BP: torch.Tensor


class BatchState:
    """Tensors of a batch that the steps share.

    Args:
        batch_size: B, the most windows.
        positions: P, of the decoder.
        device: where they are.
    """

    def __init__(self, batch_size: int, positions: int, device: torch.device) -> None:
        self.tokens_BP = torch.zeros((batch_size, positions), dtype=torch.int64, device=device)
        self.log_probs_BP = torch.zeros((batch_size, positions), device=device)
        self.margins_BP = torch.zeros((batch_size, positions), device=device)
        self.draws_BP = torch.zeros((batch_size, positions), device=device)
        self.finished_B1 = torch.zeros((batch_size, 1), dtype=torch.bool, device=device)
        self.is_sound_B1 = torch.zeros((batch_size, 1), dtype=torch.bool, device=device)
        self.temperature_1 = torch.ones(1, device=device)
        self.position_1 = torch.zeros(1, dtype=torch.int64, device=device)
        self.timestamps = TimestampState.allocate(batch_size, device)

    def reset(self, prompts_BL: torch.Tensor, draws: Draws | None, timestamp_begin_id: int) -> None:
        """Begin with the prompts."""
        length = prompts_BL.shape[1]
        self.tokens_BP[:, :length] = prompts_BL
        self.finished_B1.zero_()
        self.position_1.fill_(length - 1)
        self.timestamps.reset(timestamp_begin_id)
        if draws:
            self.temperature_1.fill_(draws.temperature)
            self.draws_BP.copy_(draws.numbers_BP)

    def part(self, batch_size: int) -> BatchState:
        """Return views of the first windows of the batch."""
        view = object.__new__(BatchState)
        for name, value in vars(self).items():
            if name.endswith("_1"):
                setattr(view, name, value)
            elif isinstance(value, TimestampState):
                setattr(view, name, value.part(batch_size))
            else:
                setattr(view, name, value[:batch_size])
        return view
