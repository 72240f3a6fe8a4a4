"""How much a model computes, and how fast a device multiplies matrices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from transformers import PretrainedConfig

    from speech_toolkit.device import Device

SIDE = {True: 8192, False: 1024}  # of the matrices, on a card and on a CPU
LEAST_S = 1.0


def whisper_window_flop(config: PretrainedConfig, tokens: int) -> int:
    """Return what one window takes: the encoder, and the decoder for so many tokens."""
    from transformers import WhisperForConditionalGeneration

    with torch.device("meta"):
        model = WhisperForConditionalGeneration._from_config(config, attn_implementation="eager")
        features_BMF = torch.empty(1, config.num_mel_bins, 2 * config.max_source_positions)
        tokens_BL = torch.zeros(1, tokens, dtype=torch.long)
        return _flop(model, input_features=features_BMF, decoder_input_ids=tokens_BL)


def aligner_window_flop(config: PretrainedConfig, num_samples: int) -> int:
    """Return what a window of so many samples takes."""
    from transformers import Wav2Vec2ForCTC

    with torch.device("meta"):
        model = Wav2Vec2ForCTC._from_config(config, attn_implementation="eager")
        return _flop(model, input_values=torch.empty(1, num_samples))


def _flop(model: torch.nn.Module, **inputs: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(**inputs)
    return counter.get_total_flops()


def matrix_flop_per_s(device: Device, dtype: torch.dtype) -> float:
    """Return how fast a device multiplies large square matrices, the best of a second or more."""
    side = SIDE[device.is_card]
    left, right = (torch.randn(side, side, device=device.name).to(dtype) for _ in range(2))
    left @ right
    best_s, ends = float("inf"), time.perf_counter() + LEAST_S
    while time.perf_counter() < ends:
        device.synchronize()
        started = time.perf_counter()
        left @ right
        device.synchronize()
        best_s = min(best_s, time.perf_counter() - started)
    return 2 * side**3 / best_s
