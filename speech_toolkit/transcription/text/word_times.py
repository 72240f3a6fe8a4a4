"""When the words of decoded windows are spoken, from where the decoder looks as it writes them.

B windows in a batch, L tokens with their prompt, H alignment heads, R rows (the tokens of the
text and the end of text), F frames of the encoder, D width of a head, E width of the model.

The method is that of openai/whisper (timing.py): the cross-attention of a few heads, normalised
and smoothed, gives a path through tokens and frames by dynamic time warping. The attention is
computed beside the model's own from its queries and keys, whatever attention kernel it runs with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import torch

from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint
from speech_toolkit.transcription.text.file_text import LANGUAGES_WITHOUT_SPACES
from speech_toolkit.transcription.text.segments import split_segments
from speech_toolkit.transcription.text.words import (
    TimedWord,
    fit_to_segments,
    merge_punctuation,
    shorten_at_pauses,
    split_words,
)

if TYPE_CHECKING:
    from speech_toolkit.transcription.decoding.step import DecodeLoop

_SMOOTHED_FRAMES = 7
_SMALLEST_DEVIATION = 1e-8


class WordTimer:
    """Finds word times with the decoder of one model."""

    def __init__(
        self,
        loop: DecodeLoop,
        checkpoint: WhisperCheckpoint,
        decode: Callable[[Sequence[int]], str],
    ) -> None:
        """Take a decoder into use.

        Args:
            loop: the decoder.
            checkpoint: the model's.
            decode: from ids to text, spaces kept.
        """
        self._loop = loop
        self._checkpoint = checkpoint
        self._decode = decode
        self._heads = {
            layer: [head for _, head in group]
            for layer, group in groupby(sorted(checkpoint.alignment_heads), lambda pair: pair[0])
        }

    def word_times(
        self,
        prompts: Sequence[Sequence[int]],
        tokens: Sequence[Sequence[int]],
        num_samples: Sequence[int],
        language: str | None,
    ) -> list[tuple[TimedWord, ...]]:
        """Find the words of a batch, whose speech the decoder has loaded, and their times.

        Args:
            prompts: of each window, as it was decoded.
            tokens: generated for each window, timestamps included.
            num_samples: samples of audio in each window, padding left out.
            language: code, which says whether words are parted by spaces.

        Returns:
            The words of each window in order.
        """
        text_ids = [[t for t in window if t < self._checkpoint.eot_id] for window in tokens]
        starts = [self._start(prompt) for prompt in prompts]
        has_spaces = language not in LANGUAGES_WITHOUT_SPACES
        found = []
        for index, (weights_RF, probabilities) in enumerate(
            self._attend(starts, text_ids, num_samples)
        ):
            times_s = frames_of_rows(weights_RF) * self._checkpoint.timestamp_step_s
            words = list(self._words(tokens[index], times_s, probabilities, has_spaces))
            whole = merge_punctuation(shorten_at_pauses(words))
            window_s = num_samples[index] / self._checkpoint.sample_rate_hz
            segments = split_segments(tokens[index], self._checkpoint, window_s)
            found.append(tuple(fit_to_segments(whole, segments)))
        return found

    def _start(self, prompt: Sequence[int]) -> list[int]:
        """Return the start of the transcript for text without timestamps, nothing before it."""
        start = list(prompt[list(prompt).index(self._checkpoint.sot_id) :])
        plain = self._checkpoint.no_timestamps_id
        return start if start[-1] == plain else [*start, plain]

    def _attend(
        self,
        starts: Sequence[Sequence[int]],
        text_ids: Sequence[Sequence[int]],
        num_samples: Sequence[int],
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield each window's smoothed attention (R, F) and the probability of each text token.

        The decoder reads all windows at once, the shorter ones filled up behind their text.
        """
        rows = [[*start, *ids] for start, ids in zip(starts, text_ids, strict=True)]
        length = max(map(len, rows))
        padded = [row + [self._checkpoint.eot_id] * (length - len(row)) for row in rows]
        tokens_BL = torch.tensor(padded, device=self._loop.device)
        queries, states_BLE = self._read(tokens_BL)
        step_samples = self._checkpoint.timestamp_step_s * self._checkpoint.sample_rate_hz
        for index, (start, row) in enumerate(zip(starts, rows, strict=True)):
            first, last = len(start) - 1, len(row)
            weights_RF = self._weights(
                {layer: query[index, first:last] for layer, query in queries.items()},
                index,
                ceil(num_samples[index] / step_samples),
            )
            logits = self._loop.logits(states_BLE[index, first : last - 1])
            chosen = tokens_BL[index, first + 1 : last, None]
            probabilities = logits[:, : self._checkpoint.eot_id].softmax(-1).gather(1, chosen)
            yield weights_RF.cpu().numpy(), probabilities[:, 0].cpu().numpy()

    def _read(self, tokens_BL: torch.Tensor) -> tuple[dict[int, torch.Tensor], torch.Tensor]:
        """Return the cross-attention's queries (B, L, E) by layer, and the decoder's output."""
        queries: dict[int, torch.Tensor] = {}

        def keep(layer: int) -> Callable[..., None]:
            return lambda module, inputs, output: queries.__setitem__(layer, output)

        hooks = [
            self._loop.cross_attention(layer).q_proj.register_forward_hook(keep(layer))
            for layer in self._heads
        ]
        try:
            return queries, self._loop.prompt_states(tokens_BL)
        finally:
            for hook in hooks:
                hook.remove()

    def _weights(
        self, queries: dict[int, torch.Tensor], window: int, num_frames: int
    ) -> torch.Tensor:
        """Return the mean over the heads of one window's smoothed attention (R, F), float32."""
        found = []
        for layer, heads in self._heads.items():
            keys_HFD = self._loop.speech_keys(layer)[window, heads, :num_frames].float()
            split_RHD = queries[layer].float().unflatten(-1, (-1, keys_HFD.shape[-1]))
            scaled_HRD = split_RHD[:, heads].transpose(0, 1) * keys_HFD.shape[-1] ** -0.5
            found.append((scaled_HRD @ keys_HFD.transpose(1, 2)).softmax(-1))
        return smoothed(torch.cat(found)).mean(0)

    def _words(
        self,
        tokens: Sequence[int],
        times_s: np.ndarray,
        probabilities: np.ndarray,
        has_spaces: bool,
    ) -> Iterator[TimedWord]:
        """Yield the words between one timestamp and the next, with the times of their rows."""
        row = 0
        numbered = list(enumerate(tokens))
        for is_text, run in groupby(numbered, lambda pair: pair[1] < self._checkpoint.eot_id):
            places = [place for place, _ in run]
            if not is_text:
                continue
            ids = [tokens[place] for place in places]
            for word in split_words(ids, self._decode, has_spaces=has_spaces):
                begin, end = row + word.first, row + word.last
                yield TimedWord(
                    text=word.text,
                    first=places[0] + word.first,
                    last=places[0] + word.last,
                    start_s=float(times_s[begin]),
                    end_s=float(times_s[end]),
                    probability=float(probabilities[begin:end].mean()),
                )
            row += len(places)


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


def frames_of_rows(weights_RF: np.ndarray) -> np.ndarray:
    """Return the frame at which each row begins on the path of the greatest total weight.

    Dynamic time warping: the path goes from the first row and frame to the last, each step to the
    next frame, the next row, or both. Within a row the best way to frame f is to have entered the
    row at the frame that minimises the cost of entering less the row's cost before it; a running
    minimum gives that for all f at once.

    Args:
        weights_RF: how well each row fits each frame.

    Returns:
        int64 of shape (R,), never decreasing.
    """
    num_rows, num_frames = weights_RF.shape
    frames = np.arange(num_frames)
    entered = np.empty((num_rows, num_frames), dtype=np.int64)
    came_straight = np.zeros((num_rows, num_frames), dtype=bool)  # from the row above, same frame
    best = np.full(num_frames, np.inf)
    best[0] = 0.0
    for row, costs in enumerate(-weights_RF.astype(np.float64)):
        if row:
            diagonal = np.concatenate(([np.inf], best[:-1]))
            came_straight[row] = best < diagonal
            best = np.minimum(best, diagonal)
        within = np.cumsum(costs)
        cost_of_entering = best - (within - costs)
        least = np.minimum.accumulate(cost_of_entering)
        entered[row] = np.maximum.accumulate(np.where(cost_of_entering == least, frames, 0))
        best = within + least
    starts = np.empty(num_rows, dtype=np.int64)
    frame = num_frames - 1
    for row in range(num_rows - 1, -1, -1):
        starts[row] = entered[row, frame]
        frame = starts[row] - (not came_straight[row, starts[row]])
    return starts
