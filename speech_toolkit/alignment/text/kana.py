"""Japanese words with kanji -> the kana that are read for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import regex

from speech_toolkit.alignment.text.normalization import Symbol
from speech_toolkit.alignment.text.segmenters import SegmentedWord, by_word

_KANJI = regex.compile(r"\p{Han}")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}ー]+")
_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_TO_HIRAGANA = {katakana: hiragana for hiragana, katakana in _TO_KATAKANA.items()}


def in_kana(
    symbols: Sequence[Symbol],
    words: Sequence[SegmentedWord],
    is_known: Callable[[Symbol], bool],
    *,
    in_hiragana: bool,
) -> Iterator[Symbol]:
    """Put the reading of each word in the place of its kanji.

    The kana that a word is written with keep their own ranges; those that are read for its kanji
    stand for all of these.

    Args:
        symbols: of a run of text, in order.
        words: of the run, in order; together they cover it.
        is_known: whether a symbol needs no reading.
        in_hiragana: or else in katakana.
    """
    for word, own in by_word(symbols, words):
        unknown = [symbol for symbol in own if _KANJI.match(symbol.text) and not is_known(symbol)]
        if unknown and _KANA.fullmatch(word.reading):
            yield from _read(own, word.reading, in_hiragana)
        else:
            yield from own


def _read(symbols: Sequence[Symbol], reading: str, in_hiragana: bool) -> Iterator[Symbol]:
    """Read the kanji of one word, between the kana that it begins and ends with."""
    written = [symbol.text.translate(_TO_KATAKANA) for symbol in symbols]
    head = tail = 0
    while head < len(written) and reading[head : head + 1] == written[head]:
        head += 1
    while tail < len(written) - head and reading[head:].endswith("".join(written[-tail - 1 :])):
        tail += 1
    core = symbols[head : len(symbols) - tail]
    yield from symbols[:head]
    read = reading[head : len(reading) - tail]
    for kana in read.translate(_TO_HIRAGANA) if in_hiragana else read:
        yield Symbol(kana, core[0].start, core[-1].end)
    yield from symbols[len(symbols) - tail :]
