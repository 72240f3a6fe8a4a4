"""What the decoder of Whisper should write for a window, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from whisper_domain import WORDS, random_sentence, words_of
from whisper_tokens import SECONDS_PER_TIMESTAMP, TokenIds

IGNORED = -100
_WORD_IDS = {word: i + 1 for i, word in enumerate(WORDS)}
_LONGEST = 446
_MISLED_SHARE = 0.6
_WRONG_TOKEN_SHARE = 0.08


class TimedText(Protocol):
    """A written word with its time in the window."""

    text: str
    start_s: float
    end_s: float


class WordEncoder:
    """Tokens of written words, each with the space before it."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import ByteLevelBPETokenizer

        self._tokenizer = ByteLevelBPETokenizer(
            str(folder / "vocab.json"), str(folder / "merges.txt")
        )
        self.ids = TokenIds()
        self.tokens = cache(self._tokens)

    def _tokens(self, word: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(" " + word).ids)

    def word_grid(
        self, sentences: Sequence[Sequence[TimedText]], frames: int, is_known: bool
    ) -> np.ndarray:
        """The word heard in every frame, int64 (frames,): 0 for none, or what cannot be told."""
        grid = np.full(frames, 0 if is_known else IGNORED)
        for sentence in sentences:
            for word in sentence:
                start, end = _frame(word.start_s), _frame(word.end_s)
                names = words_of(word.text)
                grid[start:end] = _WORD_IDS[names[0]] if len(names) == 1 else IGNORED
        return grid


def _frame(seconds: float) -> int:
    return round(seconds / SECONDS_PER_TIMESTAMP)


class _Script:
    """Tokens so far, with the frames in which each is heard and whether it is to be learnt."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.spans: list[tuple[int, int]] = []
        self.learnt: list[bool] = []

    def add(self, token: int, span: tuple[int, int] = (0, 0), learn: bool = True) -> None:
        self.tokens.append(token)
        self.spans.append(span)
        self.learnt.append(learn)


def write_script(
    sentences: Sequence[Sequence[TimedText]],
    is_cut: bool,
    encoder: WordEncoder,
    first_frame: int,
    frames: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Write the tokens of a window as Whisper does.

    With timestamps, a sentence that goes on after the window has its start alone, unless it is the
    only one; without, the words that are whole stand there. A window without speech is answered
    by "no speech" in place of the language, and by the end of the text. In some windows a few of
    the words read back are wrong, so that the model learns to trust what it hears.

    Args:
        sentences: Times count from `first_frame`.
        is_cut: The last sentence goes on after the window.
        encoder: Tokens of words.
        first_frame: Where the features begin in the window of 30 s.
        frames: Frames of features.
        rng: Chooses timestamps or not, and the text before the window.

    Returns:
        `tokens` and `labels` int64 (L,); `next_spans` and `last_spans` int64 (L, 2), the frames of
        the label and of the token.
    """
    ids = encoder.ids
    script = _Script()
    with_times = rng.random() < 0.65
    if rng.random() < 0.15:
        _add_previous(script, encoder, rng)
    script.add(ids.start, learn=False)
    script.add(ids.english)
    script.add(ids.transcribe, learn=bool(sentences))
    if not with_times:
        script.add(ids.no_timestamps, learn=False)
    shift_s = first_frame * SECONDS_PER_TIMESTAMP
    for i, sentence in enumerate(sentences):
        unfinished = is_cut and i + 1 == len(sentences)
        start_s = sentence[0].start_s
        if with_times:
            false_start = i == 0 and rng.random() < 0.05
            stamp = (
                rng.uniform(0, min(start_s + shift_s, 1.0)) if false_start else start_s + shift_s
            )
            script.add(ids.timestamp(stamp), _around(start_s, frames), learn=not false_start)
            if unfinished and i > 0:
                break
        for word in sentence:
            span = (_frame(word.start_s), min(_frame(word.end_s) + 1, frames))
            if word.end_s > frames * SECONDS_PER_TIMESTAMP:
                break
            for token in encoder.tokens(word.text):
                script.add(token, span)
        if with_times and not unfinished:
            end_s = sentence[-1].end_s
            script.add(ids.timestamp(end_s + shift_s), _around(end_s, frames))
    if not sentences and with_times:
        script.add(ids.timestamp(0.0))
    script.add(ids.end)
    arrays = _as_arrays(script, ids, bool(sentences))
    if rng.random() < _MISLED_SHARE:
        _mislead(arrays, ids, rng)
    return arrays


def _around(seconds: float, frames: int) -> tuple[int, int]:
    frame = min(_frame(seconds), frames - 1)
    return max(frame - 2, 0), min(frame + 2, frames)


def _add_previous(script: _Script, encoder: WordEncoder, rng: np.random.Generator) -> None:
    """Text before the window, with or without times."""
    ids = encoder.ids
    script.add(ids.previous, learn=False)
    with_times = rng.random() < 0.4
    seconds = rng.uniform(0, 10)
    for _ in range(int(rng.choice([1, 2, 4, 8]))):
        if with_times:
            script.add(ids.timestamp(seconds), learn=False)
        for word in random_sentence(rng).split():
            for token in encoder.tokens(word):
                script.add(token, learn=False)
        seconds = min(seconds + rng.uniform(1, 5), 30.0)
        if with_times:
            script.add(ids.timestamp(seconds), learn=False)


def _as_arrays(script: _Script, ids: TokenIds, has_speech: bool) -> dict[str, np.ndarray]:
    tokens = np.array(script.tokens)
    spans = np.array(script.spans)
    labels = np.where(script.learnt, tokens, IGNORED)
    labels = labels[1:]
    if not has_speech:
        labels[script.tokens.index(ids.start)] = ids.no_speech
    return {
        "tokens": tokens[:-1][:_LONGEST],
        "labels": labels[:_LONGEST],
        "next_spans": spans[1:][:_LONGEST],
        "last_spans": spans[:-1][:_LONGEST],
    }


def _mislead(arrays: dict[str, np.ndarray], ids: TokenIds, rng: np.random.Generator) -> None:
    """Replace some text tokens that the model reads back; what it should write stays."""
    tokens = arrays["tokens"]
    wrong = (tokens < ids.end) & (rng.random(len(tokens)) < _WRONG_TOKEN_SHARE)
    tokens[wrong] = rng.integers(0, ids.end, int(wrong.sum()))
