"""Tokens of a window -> its words, each with the tokens it is made of.

Splitting and punctuation follow openai/whisper (tokenizer.py: split_to_word_tokens; timing.py:
merge_punctuations, the shortening of words beside a pause, and what timestamps correct).
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from speech_toolkit.languages import UNSPACED_LANGUAGES
from speech_toolkit.transcription.decoded import TokenSegment, WindowWord

# Those of openai/whisper (tokenizer.py: split_to_word_tokens), and Khmer, written as Thai and Lao
# are. Tibetan has a space after each clause, where words are parted and segments joined.
SPLIT_BY_CHARACTER = UNSPACED_LANGUAGES - {"bo"}
OPENING_PUNCTUATION = "\"'“¿([{-"
CLOSING_PUNCTUATION = "\"'.。,，!！?？:：”)]}、"
_SENTENCE_ENDS = frozenset(".。!！?？")
_LONGEST_TYPICAL_WORD_S = 0.7
_TRUSTED_DISTANCE_S = 0.5  # nearer to a timestamp, the word's own time is the better one
_UNFINISHED = "\ufffd"  # what bytes decode to that are no whole character


@dataclass(frozen=True)
class WordTokens:
    """A word and its tokens.

    Attributes:
        text: with the spaces around it.
        first: index of its first token.
        last: index after its last token.
    """

    text: str
    first: int
    last: int


def split_words(
    tokens: Sequence[int], decode: Callable[[Sequence[int]], str], *, has_spaces: bool
) -> list[WordTokens]:
    """Split the tokens of a text into words, punctuation apart.

    Args:
        tokens: of text alone.
        decode: from ids to text, spaces kept.
        has_spaces: whether words are parted by spaces; else every character is a word.
    """
    pieces = _characters(tokens, decode)
    if not has_spaces:
        return list(pieces)
    words: list[WordTokens] = []
    for piece in pieces:
        begins = piece.text.startswith(" ") or piece.text.strip() in string.punctuation
        if begins or not words:
            words.append(piece)
        else:
            words[-1] = WordTokens(words[-1].text + piece.text, words[-1].first, piece.last)
    return words


def shorten_at_pauses(words: Sequence[WindowWord]) -> list[WindowWord]:
    """Cut words beside the end of a sentence that take in the pause there.

    A word is too long when it lasts more than twice the typical word.

    Args:
        words: of one window in order, punctuation apart.
    """
    longest_s = 2 * _typical_s(words)
    shortened: list[WindowWord] = []
    for index, word in enumerate(words):
        if word.end_s - word.start_s > longest_s:
            if word.text.strip() in _SENTENCE_ENDS:
                word = replace(word, end_s=word.start_s + longest_s)
            elif index and words[index - 1].text.strip() in _SENTENCE_ENDS:
                word = replace(word, start_s=word.end_s - longest_s)
        shortened.append(word)
    return shortened


def merge_punctuation(words: Sequence[WindowWord]) -> list[WindowWord]:
    """Join opening punctuation to the word after it, and closing to the word before it."""
    merged: list[WindowWord] = []
    opening: WindowWord | None = None
    for word in words:
        mark = word.text.strip()
        closes = bool(mark) and mark in CLOSING_PUNCTUATION and not word.text.startswith(" ")
        if word.text.startswith(" ") and mark and mark in OPENING_PUNCTUATION:
            opening = word if opening is None else _joined(opening, word)
        elif closes and merged and opening is None:
            merged[-1] = _joined(merged[-1], word)
        else:
            merged.append(word if opening is None else _joined(opening, word))
            opening = None
    return merged if opening is None else [*merged, opening]


def fit_to_segments(
    words: Sequence[WindowWord], segments: Sequence[TokenSegment]
) -> list[WindowWord]:
    """Correct words at the edge of a segment that reach far beyond the model's timestamps.

    The window's first word begins with its segment: the path that gives the times begins with the
    window, whatever is said there.

    Args:
        words: of one window in order.
        segments: of the window in order.
    """
    typical_s = _typical_s(words)
    fitted = list(words)
    for segment in segments:
        own = [i for i, word in enumerate(words) if segment.first <= word.first < segment.last]
        if not own:
            continue
        first = fitted[own[0]]
        if own[0] == 0 and first.start_s < segment.start_s < first.end_s:
            fitted[0] = replace(first, start_s=segment.start_s)
        elif first.start_s + _TRUSTED_DISTANCE_S < segment.start_s < first.end_s:
            start_s = max(first.start_s, min(first.end_s - typical_s, segment.start_s))
            fitted[own[0]] = replace(first, start_s=start_s)
        last = fitted[own[-1]]
        if last.start_s < segment.end_s < last.end_s - _TRUSTED_DISTANCE_S:
            end_s = min(last.end_s, max(last.start_s + typical_s, segment.end_s))
            fitted[own[-1]] = replace(last, end_s=end_s)
    return fitted


def _typical_s(words: Sequence[WindowWord]) -> float:
    """Return how long a word lasts, 0 where none lasts at all."""
    durations = [word.end_s - word.start_s for word in words if word.end_s > word.start_s]
    return min(_LONGEST_TYPICAL_WORD_S, median(durations)) if durations else 0.0


def _characters(
    tokens: Sequence[int], decode: Callable[[Sequence[int]], str]
) -> Iterator[WordTokens]:
    """Yield the smallest runs of tokens that make whole characters."""
    whole = decode(tokens)
    first = offset = 0
    for last in range(1, len(tokens) + 1):
        text = decode(tokens[first:last])
        place = text.find(_UNFINISHED)
        is_in_text = whole[offset + place : offset + place + 1] == _UNFINISHED
        if place < 0 or is_in_text or last == len(tokens):
            yield WordTokens(text, first, last)
            first, offset = last, offset + len(text)


def _joined(first: WindowWord, second: WindowWord) -> WindowWord:
    """Return two words as one; the score is that of the longer text, the word itself."""
    word = max(first, second, key=lambda part: len(part.text.strip()))
    return WindowWord(
        text=first.text + second.text,
        first=first.first,
        last=second.last,
        start_s=first.start_s,
        end_s=second.end_s,
        probability=word.probability,
    )
