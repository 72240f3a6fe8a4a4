"""Where the decoder looks in the speech as it writes the text of a window.

B windows in a batch, L tokens with their prompt, H alignment heads, R rows (the tokens of the
text and the end of text), F frames of the encoder, D width of a head, E width of the model.

As in openai/whisper (timing.py), the cross-attention of a few heads is normalised and smoothed. It
is computed beside the model's own from its queries and keys, whatever attention kernel it runs
with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from math import ceil

import torch

from speech_toolkit.transcription.decoded import TextAttention
from speech_toolkit.transcription.decoding.step import DecodeLoop, Speech
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint

_SMOOTHED_FRAMES = 7
_SMALLEST_DEVIATION = 1e-8


class AttentionReader:
    """Has the decoder of one model read given text, and watches where it looks."""

    def __init__(self, loop: DecodeLoop, checkpoint: WhisperCheckpoint) -> None:
        self._loop = loop
        self._checkpoint = checkpoint
        self._heads = {
            layer: [head for _, head in group]
            for layer, group in groupby(sorted(checkpoint.alignment_heads), lambda pair: pair[0])
        }

    def read(
        self,
        speech: Speech,
        prompts: Sequence[Sequence[int]],
        tokens: Sequence[Sequence[int]],
        num_samples: Sequence[int],
    ) -> tuple[list[TextAttention], list[bool]]:
        """Return the attention of each window of a batch.

        The decoder reads all windows at once, the shorter ones filled up behind their text.

        Args:
            speech: B windows.
            prompts: of each window, as it was decoded.
            tokens: generated for each window, timestamps included.
            num_samples: samples of audio in each window, padding left out.

        Returns:
            The attention in each window, and whether nothing overflowed meanwhile.
        """
        starts = [self._start(prompt) for prompt in prompts]
        text_ids = [[t for t in window if t < self._checkpoint.eot_id] for window in tokens]
        rows = [[*start, *ids] for start, ids in zip(starts, text_ids, strict=True)]
        length = max(map(len, rows))
        padded = [row + [self._checkpoint.eot_id] * (length - len(row)) for row in rows]
        tokens_BL = torch.tensor(padded, device=self._loop.device)
        queries, states_BLE, is_sound_B = self._queries(tokens_BL, speech)
        found = []
        step_samples = self._checkpoint.timestamp_step_s * self._checkpoint.sample_rate_hz
        for index, (start, row) in enumerate(zip(starts, rows, strict=True)):
            first, last = len(start) - 1, len(row)
            weights_RF = self._weights(
                {layer: query[index, first:last] for layer, query in queries.items()},
                {layer: speech.layers[layer].keys[index] for layer in queries},
                ceil(num_samples[index] / step_samples),
            )
            logits = self._loop.logits(states_BLE[index, first : last - 1])
            chosen = tokens_BL[index, first + 1 : last, None]
            probabilities = logits[:, : self._checkpoint.eot_id].softmax(-1).gather(1, chosen)
            found.append(TextAttention(weights_RF.cpu().numpy(), probabilities[:, 0].cpu().numpy()))
        return found, is_sound_B.tolist()

    def _start(self, prompt: Sequence[int]) -> list[int]:
        """Return the start of the transcript for text without timestamps, nothing before it."""
        start = list(prompt[list(prompt).index(self._checkpoint.sot_id) :])
        plain = self._checkpoint.no_timestamps_id
        return start if start[-1] == plain else [*start, plain]

    def _queries(
        self, tokens_BL: torch.Tensor, speech: Speech
    ) -> tuple[dict[int, torch.Tensor], torch.Tensor, torch.Tensor]:
        """Return the cross-attention's queries (B, L, E) by layer, and what reading returns."""
        queries: dict[int, torch.Tensor] = {}

        def keep(layer: int) -> Callable[..., None]:
            return lambda module, inputs, output: queries.__setitem__(layer, output)

        hooks = [
            self._loop.cross_attention(layer).q_proj.register_forward_hook(keep(layer))
            for layer in self._heads
        ]
        try:
            return queries, *self._loop.read(tokens_BL, speech)
        finally:
            for hook in hooks:
                hook.remove()

    def _weights(
        self, queries: dict[int, torch.Tensor], keys: dict[int, torch.Tensor], num_frames: int
    ) -> torch.Tensor:
        """Return the mean over the heads of one window's smoothed attention (R, F), float32."""
        found = []
        for layer, heads in self._heads.items():
            keys_HFD = keys[layer][heads, :num_frames].float()
            split_RHD = queries[layer].float().unflatten(-1, (-1, keys_HFD.shape[-1]))
            scaled_HRD = split_RHD[:, heads].transpose(0, 1) * keys_HFD.shape[-1] ** -0.5
            found.append((scaled_HRD @ keys_HFD.transpose(1, 2)).softmax(-1))
        return smoothed(torch.cat(found)).mean(0)


def smoothed(weights_HRF: torch.Tensor) -> torch.Tensor:
    """Bring each frame's weights to zero mean and unit variance over the rows; smooth in time.

    Args:
        weights_HRF: attention of each head, row by row; at least one row.

    Returns:
        The same shape: medians over ``_SMOOTHED_FRAMES`` frames, mirrored at the edges.
    """
    deviation, mean = torch.std_mean(weights_HRF, dim=-2, keepdim=True, correction=0)
    normal = (weights_HRF - mean) / deviation.clamp_min(_SMALLEST_DEVIATION)
    margin = _SMOOTHED_FRAMES // 2
    if normal.shape[-1] <= margin:
        return normal
    mirrored = torch.nn.functional.pad(normal, (margin, margin), mode="reflect")
    return mirrored.unfold(-1, _SMOOTHED_FRAMES, 1).median(-1).values
