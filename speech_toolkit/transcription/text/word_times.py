"""When the words of a window are spoken, from where the decoder looked as it wrote them.

R rows (the tokens of the text and the end of text), F frames of the encoder.

The method is that of openai/whisper (timing.py): dynamic time warping gives a path through tokens
and frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np

from speech_toolkit.transcription.decoded import TextAttention, WindowWord
from speech_toolkit.transcription.models.checkpoint import WhisperCheckpoint
from speech_toolkit.transcription.text.segments import split_segments
from speech_toolkit.transcription.text.words import (
    SPLIT_BY_CHARACTER,
    fit_to_segments,
    merge_punctuation,
    shorten_at_pauses,
    split_words,
)


def words_of_window(
    tokens: Sequence[int],
    attention: TextAttention,
    num_samples: int,
    checkpoint: WhisperCheckpoint,
    decode: Callable[[Sequence[int]], str],
    language: str | None,
) -> tuple[WindowWord, ...]:
    """Find the words of a window and their times.

    Args:
        tokens: generated for the window, timestamps included.
        attention: where the decoder looked as it wrote them.
        num_samples: samples of audio in the window, padding left out.
        checkpoint: the model's.
        decode: from ids to text, spaces kept.
        language: code, which says whether words are parted by spaces.

    Returns:
        The words in order, with times in the window.
    """
    times_s = frames_of_rows(attention.weights_RF) * checkpoint.timestamp_step_s
    has_spaces = language not in SPLIT_BY_CHARACTER
    words = list(
        _words(tokens, times_s, attention.probabilities, checkpoint.eot_id, decode, has_spaces)
    )
    whole = merge_punctuation(shorten_at_pauses(words))
    window_s = num_samples / checkpoint.sample_rate_hz
    return tuple(fit_to_segments(whole, split_segments(tokens, checkpoint, window_s)))


def _words(
    tokens: Sequence[int],
    times_s: np.ndarray,
    probabilities: np.ndarray,
    eot_id: int,
    decode: Callable[[Sequence[int]], str],
    has_spaces: bool,
) -> Iterator[WindowWord]:
    """Yield the words between one timestamp and the next, with the times of their rows."""
    row = 0
    for is_text, run in groupby(enumerate(tokens), lambda pair: pair[1] < eot_id):
        places = [place for place, _ in run]
        if not is_text:
            continue
        ids = [tokens[place] for place in places]
        for word in split_words(ids, decode, has_spaces=has_spaces):
            begin, end = row + word.first, row + word.last
            yield WindowWord(
                text=word.text,
                first=places[0] + word.first,
                last=places[0] + word.last,
                start_s=float(times_s[begin]),
                end_s=float(times_s[end]),
                probability=float(probabilities[begin:end].mean()),
            )
        row += len(places)


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
