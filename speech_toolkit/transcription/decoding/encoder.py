"""Features -> the encoder's states, in float32 for the windows that overflow in float16.

In float16 transformers clamps what the layers of Whisper's encoder return: what overflowed there
may come out finite, and wrong. It stays to be seen in the sum that the last normalisation is given;
on a card that saturates, where nothing is ever infinite, every product is looked at.

B windows in a batch, M mel bins, F frames of the encoder, E width of the model.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

from speech_toolkit.checkpoint.overflow import OverflowWatch

if TYPE_CHECKING:
    from transformers.models.whisper.modeling_whisper import WhisperEncoder


class SpeechEncoder:
    """The encoder of one model, and a copy of it in float32 from its first overflow on.

    Args:
        encoder: on its device.
        saturates: whether float16 ends at 65504 there.
    """

    def __init__(self, encoder: WhisperEncoder, saturates: bool) -> None:
        self._encoder = encoder
        self._watch = (
            OverflowWatch.of_all(encoder)
            if saturates
            else OverflowWatch(inputs_of=[encoder.layer_norm])
        )
        self._float32_encoder: WhisperEncoder | None = None

    def encode(self, features_BMF: torch.Tensor) -> tuple[torch.Tensor, tuple[int, ...]]:
        """Take features through the encoder.

        Args:
            features_BMF: float32, on the encoder's device or on the CPU.

        Returns:
            The states (B, F, E) in the encoder's dtype, and the indices of the windows for which
            they were computed in float32.
        """
        device, dtype = self._encoder.device, self._encoder.dtype
        inputs_BMF = features_BMF.to(device, dtype)
        if dtype != torch.float16:
            return self._encoder(inputs_BMF).last_hidden_state, ()
        with self._watch.watching(len(inputs_BMF)):
            states_BFE = self._encoder(inputs_BMF).last_hidden_state
        is_sound = self._watch.is_sound().tolist()
        redone = tuple(index for index, is_right in enumerate(is_sound) if not is_right)
        for index in redone:
            window_1MF = features_BMF[index : index + 1].to(device)
            states_BFE[index] = self._in_float32()(window_1MF).last_hidden_state[0].to(dtype)
        return states_BFE, redone

    def _in_float32(self) -> WhisperEncoder:
        if self._float32_encoder is None:
            self._float32_encoder = copy.deepcopy(self._encoder).float()
        return self._float32_encoder
