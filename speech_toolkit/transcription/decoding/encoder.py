"""Features -> the encoder's states, in float32 for the windows that overflow in float16.

In float16 transformers clamps what the layers of Whisper's encoder return: what overflowed there
may come out finite, and wrong. It stays to be seen in the sum that the last normalisation is given.

B windows in a batch, M mel bins, F frames of the encoder, E width of the model.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

_OVERFLOWED = 60_000.0  # transformers clamps at 64504, and what follows may take a little off


class SpeechEncoder:
    """The encoder of one model, and a copy of it in float32 from its first overflow on."""

    def __init__(self, encoder: WhisperEncoder) -> None:
        self._encoder = encoder
        self._float32_encoder: WhisperEncoder | None = None

    def encode(self, features_BMF: torch.Tensor) -> tuple[torch.Tensor, tuple[int, ...]]:
        """Take features through the encoder.

        Args:
            features_BMF: float32, on the CPU.

        Returns:
            The states (B, F, E) in the encoder's dtype, and the indices of the windows for which
            they were computed in float32.
        """
        device, dtype = self._encoder.device, self._encoder.dtype
        inputs_BMF = features_BMF.to(device, dtype)
        if dtype != torch.float16:
            return self._encoder(inputs_BMF).last_hidden_state, ()
        states_BFE, is_sound_B = self._watched(inputs_BMF)
        redone = tuple(i for i, is_sound in enumerate(is_sound_B.tolist()) if not is_sound)
        for index in redone:
            window_1MF = features_BMF[index : index + 1].to(device)
            states_BFE[index] = self._in_float32()(window_1MF).last_hidden_state[0].to(dtype)
        return states_BFE, redone

    def _watched(self, inputs_BMF: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the states, and whether each window stayed within float16, bool (B,)."""
        seen: list[torch.Tensor] = []

        def watch(module: torch.nn.Module, args: tuple[Any, ...]) -> None:
            seen.append((args[0].abs() < _OVERFLOWED).all(2).all(1))  # NaN is below nothing

        hook = self._encoder.layer_norm.register_forward_pre_hook(watch)
        try:
            return self._encoder(inputs_BMF).last_hidden_state, seen[0]
        finally:
            hook.remove()

    def _in_float32(self) -> WhisperEncoder:
        if self._float32_encoder is None:
            self._float32_encoder = copy.deepcopy(self._encoder).float()
        return self._float32_encoder
