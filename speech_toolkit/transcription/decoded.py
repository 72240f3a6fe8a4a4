"""What the stages of a transcription hand to each other, from the encoder to the words.

B windows in a batch, F frames of the encoder, E width of the model, R rows (the tokens
of a window's text and the end of text).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

    from speech_toolkit.transcription.windows.window import Window


@dataclass(frozen=True)
class DecodingOptions:
    """How tokens are generated.

    Attributes:
        timestamps: whether the prompts ask for timestamps, so that their rules apply.
        max_new_tokens: most tokens for a window; None for all there is room for.
        temperature: 0 takes the likeliest token; above 0, tokens are drawn.
        record_margins: whether each token's lead over the second best is kept.
        seed: of the draws, together with the window's own samples: the same window draws the
            same numbers in whatever batch, file or order, on every device.
    """

    timestamps: bool = True
    max_new_tokens: int | None = None
    temperature: float = 0.0
    record_margins: bool = False
    seed: int = 0


@dataclass(frozen=True)
class EncodedWindows:
    """What the encoder made of a batch; an index or a slice gives some of its windows.

    Attributes:
        states_BFE: on the device, in the model's dtype.
        fingerprints: a number for each window, made of its samples.
        redone: indices of the windows that were encoded in float32, because the model's own dtype
            overflowed.
    """

    states_BFE: torch.Tensor
    fingerprints: tuple[int, ...]
    redone: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.states_BFE)

    def __getitem__(self, which: slice | Sequence[int]) -> EncodedWindows:
        rows = list(range(len(self))[which] if isinstance(which, slice) else which)
        index = which if isinstance(which, slice) else rows  # a slice is a view
        return EncodedWindows(self.states_BFE[index], tuple(self.fingerprints[r] for r in rows))


def gathered(rows: Sequence[tuple[EncodedWindows, int]]) -> EncodedWindows:
    """Return windows of several batches as one; a whole batch as it is."""
    first = rows[0][0]
    if [row for _, row in rows] == list(range(len(first))) and all(e is first for e, _ in rows):
        return first
    import torch

    return EncodedWindows(
        torch.stack([encoded.states_BFE[row] for encoded, row in rows]),
        tuple(encoded.fingerprints[row] for encoded, row in rows),
    )


@dataclass(frozen=True)
class DecodedWindow:
    """What was generated for one window.

    Attributes:
        tokens: ids, timestamps included, without the prompt and the end of text.
        log_probs: log-probability of each of them.
        avg_logprob: sum of the log-probabilities, that of the end of text included where it was
            reached, over one more than the tokens, as openai/whisper has it.
        no_speech_prob: probability that nobody speaks; None where the model has no token for it.
        compression_ratio: UTF-8 bytes of the text over their zlib size; 0 for no text.
        temperature: at which the tokens were generated.
        finished: whether the end of text was reached.
        margins: each token's lead in log-probability over the second best, if asked for.
        in_float32: whether they were generated in float32, because the model's own dtype
            overflowed.
    """

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]
    avg_logprob: float
    no_speech_prob: float | None
    compression_ratio: float
    temperature: float
    finished: bool
    margins: tuple[float, ...] | None = None
    in_float32: bool = False


@dataclass(frozen=True)
class DecodedBatch:
    """Windows that went through the model together.

    Attributes:
        windows: which audio.
        encoded: what the encoder made of them, on the device.
        prompts: with which they were decoded.
        decoded: what was generated.
    """

    windows: tuple[Window, ...]
    encoded: EncodedWindows
    prompts: tuple[tuple[int, ...], ...]
    decoded: tuple[DecodedWindow, ...]


@dataclass(frozen=True)
class Reading:
    """What a decoder, of whatever device, was given and generated for a window.

    Attributes:
        window: which audio.
        prompt: tokens before those that were generated.
        tokens: generated, the end of text included where it was reached.
    """

    window: Window
    prompt: tuple[int, ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class TextAttention:
    """Where the decoder looked as it wrote the text of a window; on the CPU.

    Attributes:
        weights_RF: float32, smoothed attention to the frames of the window's audio.
        probabilities: float32 (R - 1,), of each token of the text.
    """

    weights_RF: np.ndarray
    probabilities: np.ndarray

    @property
    def is_finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return all(bool((abs(each) < inf).all()) for each in (self.weights_RF, self.probabilities))


@dataclass(frozen=True)
class TokenSegment:
    """A stretch of a window and the tokens spoken in it.

    Attributes:
        start_s: seconds from the start of the window.
        end_s: seconds, never before ``start_s``.
        first: index of its first text token among the window's tokens.
        last: index after its last text token.
        closed: whether the model gave its end; else it reaches to the end of the window.
    """

    start_s: float
    end_s: float
    first: int
    last: int
    closed: bool


@dataclass(frozen=True)
class WindowWord:
    """A word of a window and when it is spoken.

    Attributes:
        text: with the spaces around it.
        first: index of its first token among the window's tokens, timestamps counted.
        last: index after its last token.
        start_s: seconds from the start of the window.
        end_s: seconds, never before ``start_s``.
        probability: mean probability of its tokens.
    """

    text: str
    first: int
    last: int
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True)
class TranscribedWindow:
    """One window and what was found in it.

    Attributes:
        window: which audio.
        decoded: everything the model generated for it.
        segments: the stretches of it that hold text, in time of the window; empty where it holds
            no speech.
        words: with times in the window, where those were asked for.
        used_s: seconds of the window that the segments answer for; the rest is in another one.
        silent: whether the model found no speech in it.
        cut_off_s: second of the window from which on text is missing, since the limit of tokens
            was reached; None where none is.
        stops_short_s: second of the window from which on there is speech, but no text and no other
            window; None where there is none.
    """

    window: Window
    decoded: DecodedWindow
    segments: tuple[TokenSegment, ...]
    words: tuple[WindowWord, ...]
    used_s: float
    silent: bool
    cut_off_s: float | None = None
    stops_short_s: float | None = None

    @property
    def window_s(self) -> float:
        """Seconds of audio in the window."""
        return self.window.num_samples / self.window.sample_rate_hz
