"""A piece of text -> words in the vocabulary's labels, each with the range it stands for."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

import regex

from speech_toolkit.alignment.text.kana import in_kana
from speech_toolkit.alignment.text.letter_case import has_dotless_i
from speech_toolkit.alignment.text.normalization import (
    SPOKEN_PUNCTUATION,
    Symbol,
    is_silent,
    normalize,
    without_marks,
)
from speech_toolkit.alignment.text.readings import (
    Reading,
    character_spans,
    letters_of,
    said_of,
    shared,
    word_spans,
)
from speech_toolkit.alignment.text.romanization import prepare, romanize
from speech_toolkit.alignment.text.scripts import script_of
from speech_toolkit.alignment.text.segmentation import split_piece
from speech_toolkit.alignment.text.segmenters import (
    SegmentedWord,
    Segmenter,
    by_word,
    words_within,
)
from speech_toolkit.alignment.text.verbalization import YEAR_SIGN, spoken_parts
from speech_toolkit.alignment.text.vocabulary import Label, Letter, Vocabulary

_DIGITS = "0123456789"
_SILENT_ASCII = "".join(c for c in string.punctuation if is_silent(c))
_IDEOGRAPH = regex.compile(r"\p{Han}")


@dataclass(frozen=True, slots=True)
class SpelledWord:
    """One word of a run of text.

    Attributes:
        start: first character, counted from the start of the run.
        end: one past the last character.
        labels: in order, each within the word; empty where nothing can be aligned.
        lost: characters that are read aloud but have no letter.
        said: what the labels spell, in the language's own letters, a space between two spoken
            words; without ``lost``.
    """

    start: int
    end: int
    labels: tuple[Label, ...]
    lost: str
    said: str


class Speller:
    """Spells the words of a text in the letters of one vocabulary; equal runs are spelled once.

    Attributes:
        says_numbers: whether numbers are put into words, for the vocabulary has no digits.
    """

    def __init__(
        self, vocabulary: Vocabulary, language: str, text: str, segmenter: Segmenter | None = None
    ) -> None:
        self._vocabulary = vocabulary
        self._segmenter = segmenter
        self._language = language
        self.says_numbers = not all(digit in vocabulary.letters for digit in _DIGITS)
        self._characters = set(text)
        self._is_prepared = False
        self._words: dict[tuple[str, str, bool, tuple[SegmentedWord, ...]], list[SpelledWord]] = {}
        self._plain_words: dict[str, SpelledWord | None] = {}
        self._needless: dict[str, bool] = {}

    def spell(self, piece: str, by_digit: bool = False) -> Iterator[tuple[int, SpelledWord]]:
        """Split a piece (text without white space) into words and spell each.

        Args:
            piece: of the text.
            by_digit: read its numbers digit by digit.

        Yields:
            The offset of a word's run in the piece, and the word. The words cover the piece, in
            order and without overlap.
        """
        if piece not in self._plain_words:
            self._plain_words[piece] = self._spell_plain(piece)
        if plain := self._plain_words[piece]:
            yield 0, plain
            return
        runs = split_piece(piece, joins_ideographs=self._segmenter is not None)
        found = []
        if self._segmenter and any(run.is_unspaced for run in runs):
            found = self._segmenter.words(piece)
        for run in runs:
            following = piece[run.end : run.end + 1]
            written = piece[run.start : run.end]
            own = words_within(found, run.start, run.end) if run.is_unspaced else ()
            key = written, following if following == YEAR_SIGN else "", by_digit, own
            if key not in self._words:
                self._words[key] = list(self._spell_run(*key, run.is_unspaced))
            for word in self._words[key]:
                yield run.start, word

    def followed_by(self, word: SpelledWord, unit: str) -> SpelledWord:
        """Return a word after which another is said that is written elsewhere: "$5 million"."""
        letters = [
            Letter(letter, word.start, word.end, opens=index == 0)
            for index, letter in enumerate(self._known_letters(unit))
        ]
        labels = word.labels + self._vocabulary.labels(letters)
        return replace(word, labels=labels, said=f"{word.said} {unit}")

    def _spell_plain(self, piece: str) -> SpelledWord | None:
        """Spell the common case, ASCII letters with silent punctuation around, without the rest."""
        core = piece.lstrip(_SILENT_ASCII)
        start = len(piece) - len(core)
        core = core.rstrip(_SILENT_ASCII)
        if "I" in core and has_dotless_i(self._language):
            return None
        known = self._vocabulary.letters
        folded = self._vocabulary.fold(core, self._language)
        if not (core.isascii() and core.isalpha() and all(letter in known for letter in folded)):
            return None
        letters = [Letter(c, index, index + 1) for index, c in enumerate(folded, start)]
        said = core if self._vocabulary.keeps_case else core.lower()
        return SpelledWord(0, len(piece), self._vocabulary.labels(letters), "", said)

    def _spell_run(
        self,
        text: str,
        following: str,
        by_digit: bool,
        found: tuple[SegmentedWord, ...],
        is_unspaced: bool,
    ) -> Iterator[SpelledWord]:
        symbols = normalize(text, self._language, keep_case=self._vocabulary.keeps_case)
        if found:
            hiragana = self._vocabulary.is_latin or "あ" in self._vocabulary.letters
            symbols = list(in_kana(symbols, found, self._needs_nothing, in_hiragana=hiragana))
        parts = [symbols]
        if found and self._language != "jpn":  # where "っ" doubles what the next word begins with
            parts = [own for _, own in by_word(symbols, found)]
        readings = [r for part in parts for r in self._read(part, following, by_digit)]
        spans = [(0, len(text))]
        if found and self._segmenter.splits:
            spans = word_spans(text, readings, [word.start for word in found])
        elif is_unspaced:
            spans = character_spans(text, readings)
        for (start, end), own in shared(spans, readings):
            lost = dict.fromkeys((r.start, r.end) for r in own if r.is_lost)
            labels = self._vocabulary.labels(list(letters_of(own)))
            missing = "".join(text[a:b] for a, b in lost)
            yield SpelledWord(start, end, labels, missing, said_of(own))

    def _read(self, symbols: Sequence[Symbol], following: str, by_digit: bool) -> Iterator[Reading]:
        """Read symbols: numbers and signs as words, the rest letter by letter."""
        position = 0
        if self.says_numbers and not all(map(self._needs_nothing, symbols)):
            text = "".join(symbol.text for symbol in symbols)
            for part in spoken_parts(text, self._language, following, by_digit):
                yield from self._read_letters(symbols[position : part.start])
                yield from self._read_aloud(part.spoken, symbols[part.start : part.end])
                position = part.end
        yield from self._read_letters(symbols[position:])

    def _read_aloud(self, spoken: str | None, symbols: Sequence[Symbol]) -> Iterator[Reading]:
        """Read the words that are said for symbols; all of them stand for the whole range."""
        start, end = symbols[0].start, symbols[-1].end
        if spoken is None:
            yield Reading(start, end, "", is_lost=True)
            return
        for word in spoken.split():
            said = normalize(word, self._language, keep_case=self._vocabulary.keeps_case)
            for reading in self._read_letters(said):
                yield reading._replace(start=start, end=end)

    def _read_letters(self, symbols: Sequence[Symbol]) -> Iterator[Reading]:
        """Read symbols that stand between numbers; a spoken word begins with each group."""
        for group in _spoken_groups(symbols):
            opens = group[0].text != "'"  # "the 70's"
            for reading in self._read_group(group):
                yield reading._replace(opens=opens or reading.opens)
                opens = False

    def _read_group(self, symbols: Sequence[Symbol]) -> Iterator[Reading]:
        for is_foreign, run in self._foreign_runs(symbols):
            if is_foreign:
                if voiced := _without_outer_punctuation(run):
                    yield from self._read_romanized(voiced)
            else:
                for symbol in run:
                    yield self._read_as_written(symbol.start, symbol.end, symbol.text)

    def _foreign_runs(self, symbols: Sequence[Symbol]) -> Iterator[tuple[bool, Sequence[Symbol]]]:
        """Part what is to be romanised from what the vocabulary can write as it is.

        Letters from a to z stand for whole words of any script. A vocabulary of more keeps what
        it can write, and what it lacks of the scripts that are its own is lost, not romanised.
        """
        if not self._vocabulary.is_latin or all(map(self._needs_nothing, symbols)):
            yield False, symbols
        elif self._vocabulary.is_bare_latin:
            yield True, symbols
        else:
            told = zip(self._foreign(symbols), symbols, strict=True)
            for is_foreign, run in groupby(told, key=itemgetter(0)):
                yield is_foreign, [symbol for _, symbol in run]

    def _foreign(self, symbols: Sequence[Symbol]) -> Iterator[bool]:
        """Tell of each symbol whether it has to be romanised; marks go with what they follow."""
        is_foreign = False
        for symbol in symbols:
            if unicodedata.category(symbol.text)[0] != "M":
                is_native = script_of(symbol.text) in self._vocabulary.scripts
                is_foreign = not is_native and not self._needs_nothing(symbol)
            yield is_foreign

    def _read_romanized(self, symbols: Sequence[Symbol]) -> Iterator[Reading]:
        if not self._is_prepared:
            prepare(self._characters)
            self._is_prepared = True
        text = "".join(symbol.text for symbol in symbols)
        for part in romanize(text, self._language):
            source = symbols[part.start : part.end]
            start, end = source[0].start, source[-1].end
            written = text[part.start : part.end]
            letters = self._known_letters(part.text)
            if (part.text and not letters) or all(map(_is_punctuation, written)):
                yield self._read_as_written(start, end, written)
            else:
                said = "".join(c for c in written if not _is_punctuation(c) or c == "'")
                yield Reading(start, end, letters, said)

    def _read_as_written(self, start: int, end: int, written: str) -> Reading:
        """Read characters by the vocabulary itself, without their accents where it lacks those."""
        letters = self._known_letters(written)
        if not letters:
            letters = self._known_letters("".join(map(without_marks, written)))
        is_lost = not letters and not all(map(is_silent, written))
        parts_words = not letters and all(map(_parts_words, written))
        said = "" if is_lost or parts_words else written
        return Reading(start, end, letters, said, is_lost, opens=parts_words)

    def _known_letters(self, text: str) -> str:
        folded = self._vocabulary.fold(text, self._language)
        return "".join(letter for letter in folded if letter in self._vocabulary.letters)

    def _needs_nothing(self, symbol: Symbol) -> bool:
        """Whether the vocabulary holds a symbol as it is, or the symbol is not read at all."""
        if symbol.text not in self._needless:
            folded = self._vocabulary.fold(symbol.text, self._language)
            self._needless[symbol.text] = is_silent(symbol.text) or all(
                letter in self._vocabulary.letters for letter in folded
            )
        return self._needless[symbol.text]


def _spoken_groups(symbols: Sequence[Symbol]) -> Iterator[Sequence[Symbol]]:
    """Part ideographs from one another and from the rest."""
    for is_ideograph, group in groupby(symbols, key=_is_ideograph):
        members = list(group)
        yield from [[member] for member in members] if is_ideograph else [members]


def _is_ideograph(symbol: Symbol) -> bool:
    return _IDEOGRAPH.match(symbol.text) is not None


def _without_outer_punctuation(symbols: Sequence[Symbol]) -> Sequence[Symbol]:
    """Return what lies between the outer punctuation, so that "word," is looked up as "word"."""
    voiced = [i for i, symbol in enumerate(symbols) if not _is_punctuation(symbol.text)]
    return symbols[voiced[0] : voiced[-1] + 1] if voiced else []


@lru_cache(maxsize=65536)
def _is_punctuation(character: str) -> bool:
    """Whether a character is punctuation or space that is not read aloud."""
    if character in SPOKEN_PUNCTUATION:
        return False
    return unicodedata.category(character)[0] in "PZ"


def _parts_words(character: str) -> bool:
    """Whether what stands on either side of a character is said as two words."""
    return character != "'" and _is_punctuation(character)
