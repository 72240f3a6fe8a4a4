"""A transcript -> words, sentences and CTC tokens, each with its range in the text as typed.

The text is cut at white space, and inside scripts without spaces into characters
(``segmentation``); each piece is normalised (``normalization``), its numbers are put into words
(``verbalization``), and what the vocabulary lacks is romanised (``romanization``); ``spelling``
joins these into letters with ranges, and the vocabulary writes the letters in its labels.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, NamedTuple
from unicodedata import category

import regex

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.alignment.text.language import resolve_language
from speech_toolkit.alignment.text.markup.marking import MarkedText, mark
from speech_toolkit.alignment.text.money import scaled_sums, without_signs
from speech_toolkit.alignment.text.normalization import is_silent_text, is_spoken_text
from speech_toolkit.alignment.text.scripts import foreign_script, language_in
from speech_toolkit.alignment.text.segmentation import pieces
from speech_toolkit.alignment.text.segmenters import Segmenter, segmenter_of
from speech_toolkit.alignment.text.sentences import ends_of_sentences
from speech_toolkit.alignment.text.spelling import SpelledWord, Speller
from speech_toolkit.alignment.text.transcript_file import read_transcript
from speech_toolkit.alignment.text.verbalization import can_say_numbers, telephone_numbers
from speech_toolkit.alignment.text.vocabulary import Vocabulary
from speech_toolkit.errors import TranscriptError
from speech_toolkit.system.garbage_collection import garbage_collection_paused

__all__ = [
    "AnyTranscript",
    "Sentence",
    "Token",
    "TokenizedTranscript",
    "Word",
    "read_transcript",
    "tokenize_transcript",
]

_NAMED_IN_WARNINGS = 5
_SHOWN_CHARACTERS = 30
_IDEOGRAPH = regex.compile(r"\p{Han}")


class Token(NamedTuple):  # quicker to make than a dataclass, and there are many
    """One CTC target.

    Attributes:
        text: the vocabulary's entry.
        id: its column of the logits.
        start_char: first character of the transcript that it stands for.
        end_char: one past the last; tokens of one number or ligature share their range.
        opens_spoken_word: whether a spoken word begins with it inside a written one: "25" is
            said as two words, "555-0123" as more.
    """

    text: str
    id: int
    start_char: int
    end_char: int
    opens_spoken_word: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word as typed, punctuation and case kept; a character in scripts without spaces.

    Attributes:
        text: ``transcript[start_char:end_char]``.
        start_char: first character.
        end_char: one past the last.
        tokens: in order; empty where nothing can be aligned, as for a dash that stands alone.
        spoken: what the tokens stand for, in the language's own letters: "twenty five" for "25";
            empty where it cannot be read, False where it is not meant to be,
            as "[laughter]" and a dash.
    """

    text: str
    start_char: int
    end_char: int
    tokens: tuple[Token, ...]
    spoken: str | Literal[False] = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as typed.

    Attributes:
        text: ``transcript[start_char:end_char]``.
        start_char: first character.
        end_char: one past the last.
        first_word: index of its first word.
        end_word: one past the index of its last word.
    """

    text: str
    start_char: int
    end_char: int
    first_word: int
    end_word: int


@dataclass(frozen=True)
class TokenizedTranscript:
    """A transcript taken apart.

    Words and sentences are in order and do not overlap; every character that is not white space
    is in exactly one word, every word in exactly one sentence.

    Attributes:
        text: the transcript as given, or without its markup where that was asked for.
        language: ISO 639-3.
        words: at least one of them has tokens.
        sentences: at least one.
        warnings: what could not be read, one line each.
        segmenter: the library, with its version, that split text without spaces into words; None
            where that was split into characters, or the language has spaces.
    """

    text: str
    language: str
    words: tuple[Word, ...]
    sentences: tuple[Sentence, ...]
    warnings: tuple[str, ...]
    segmenter: str | None = None


AnyTranscript = str | CuedText | TokenizedTranscript


def tokenize_transcript(
    text: str | CuedText,
    vocabulary: Vocabulary,
    language: str = "eng",
    markup: str = "auto",
    words: str = "auto",
) -> TokenizedTranscript:
    """Take a transcript apart into sentences, words and the tokens of a vocabulary.

    Args:
        text: any text; of one with cues, each cue is a sentence.
        vocabulary: the labels of the checkpoint.
        language: ISO 639-3; two-letter codes and tags such as "de-AT" are understood.
        markup: ``auto``: what is not meant to be spoken stays in the text and gets no tokens;
            ``keep``: all is spoken; ``strip``: it is left out of the text.
        words: of text without spaces: ``auto`` by a segmenter where one is installed, or
            ``characters``.

    Raises:
        TranscriptError: no character of the text can be aligned.
        UsageError: the language is not a language code.
    """
    with garbage_collection_paused():
        return _tokenize(mark(text, markup), vocabulary, resolve_language(language), words)


def _tokenize(
    marked: MarkedText, vocabulary: Vocabulary, language: str, splits: str
) -> TokenizedTranscript:
    text = marked.text
    segmenter = segmenter_of(language, splits)
    speller = Speller(vocabulary, language, marked.spoken, segmenter)
    words: list[Word] = []
    losses: list[tuple[Word, str]] = []
    telephones = list(telephone_numbers(marked.spoken, language))
    sums = list(scaled_sums(marked.spoken, language)) if speller.says_numbers else []
    units = {each.scale: each.unit for each in sums}
    for piece in pieces(without_signs(marked.spoken, sums) if sums else marked.spoken):
        piece_start = piece.start()
        for offset, spelled in speller.spell(piece[0], _meets(piece.span(), telephones)):
            if unit := units.get(piece_start):
                spelled = speller.followed_by(spelled, unit)
            word = _place(spelled, text, piece_start + offset)
            words.append(word)
            if spelled.lost or not spelled.labels:
                losses.append((word, spelled.lost))
    if not any(word.tokens for word in words):
        raise TranscriptError(_nothing_to_align(marked, words))
    if marked.markup:
        words += (
            Word(text[start:end], start, end, (), spoken=False)
            for start, end in marked.unspoken_words()
        )
        words.sort(key=attrgetter("start_char"))
    return TokenizedTranscript(
        text=text,
        language=language,
        words=tuple(words),
        sentences=tuple(_sentences(marked, words, language)),
        warnings=tuple(_warnings(marked, losses, vocabulary, language, segmenter)),
        segmenter=segmenter.name if segmenter else None,
    )


def _meets(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    """Whether a range overlaps one of others, which are in order and apart."""
    index = bisect_left(others, (span[1],)) - 1
    return index >= 0 and others[index][1] > span[0]


def _place(spelled: SpelledWord, text: str, offset: int) -> Word:
    """Return a spelled word with its ranges counted from the start of the transcript."""
    start, end = offset + spelled.start, offset + spelled.end
    tokens = [
        Token(label, column, offset + first, offset + last, opens)
        for label, column, first, last, opens in spelled.labels
    ]
    written = text[start:end]
    is_read = spelled.labels or is_spoken_text(written)
    return Word(written, start, end, tuple(tokens), spelled.said if is_read else False)


def _sentences(marked: MarkedText, words: list[Word], language: str) -> Iterable[Sentence]:
    spans = [(word.start_char, word.end_char) for word in words]
    first = 0
    for end in ends_of_sentences(marked, spans, language):
        start_char, end_char = words[first].start_char, words[end - 1].end_char
        yield Sentence(marked.text[start_char:end_char], start_char, end_char, first, end)
        first = end


def _warnings(
    marked: MarkedText,
    losses: list[tuple[Word, str]],
    vocabulary: Vocabulary,
    language: str,
    segmenter: Segmenter | None,
) -> Iterable[str]:
    text = marked.spoken
    if marked.markup:
        named = [(marked.text[start:end], start) for start, end in marked.markup]
        yield (
            f"not spoken: {_count(len(named), 'passage')} of markup: {_list_places(named)}; "
            "--markup keep aligns what is said all the same"
        )
    unread = [(w, lost) for w, lost in losses if not w.tokens and not is_silent_text(w.text)]
    partly = [(w, lost) for w, lost in losses if w.tokens and lost]
    if unread:
        yield (
            f"{_count(len(unread), 'word')} cannot be aligned: "
            f"{_list_words([word for word, _ in unread])}"
        )
    if partly:
        characters = Counter("".join(lost for _, lost in partly))
        shown = ", ".join(repr(c) for c, _ in characters.most_common(_NAMED_IN_WARNINGS))
        yield (
            f"{_count(sum(characters.values()), 'character')} without a letter in the model's "
            f"vocabulary left out ({shown}), in {_list_words([word for word, _ in partly])}"
        )
    has_digits = any(category(character)[0] == "N" for _, lost in losses for character in lost)
    if has_digits and not can_say_numbers(language):
        yield f"numbers in language {language!r} are not read out; write them in words"
    if script := foreign_script(text, language):
        yield (
            f"the transcript is written in {script} letters, but read as language {language!r}, "
            f"numbers and signs above all; name its own language, such as {language_in(script)!r}"
        )
    is_japanese = language == "jpn" and vocabulary.is_latin
    if is_japanese and segmenter is None and _lacks_ideograph(text, vocabulary):
        yield (
            "kanji are read as Mandarin, so their times are approximate; write kana to be exact, "
            "or install what reads them: pip install -r requirements-languages.txt"
        )


def _lacks_ideograph(text: str, vocabulary: Vocabulary) -> bool:
    return any(match[0] not in vocabulary.letters for match in _IDEOGRAPH.finditer(text))


def _nothing_to_align(marked: MarkedText, words: list[Word]) -> str:
    if marked.markup or marked.is_stripped:
        return (
            "the transcript holds nothing but markup that is not meant to be spoken; give the "
            "words that are spoken, or align all of it with --markup keep"
        )
    if not words:
        return "the transcript is empty; give the words that are spoken"
    return (
        f"the transcript {_shown(marked.text.strip())} holds nothing that the model's vocabulary "
        "can spell; check the language and the model"
    )


def _list_words(words: list[Word]) -> str:
    return _list_places([(word.text, word.start_char) for word in words])


def _list_places(passages: Sequence[tuple[str, int]]) -> str:
    named = ", ".join(
        f"{_shown(text)} (character {start})" for text, start in passages[:_NAMED_IN_WARNINGS]
    )
    more = len(passages) - _NAMED_IN_WARNINGS
    return f"{named} and {more} more" if more > 0 else named


def _shown(text: str) -> str:
    """Quote text for a message: short, on one line, and printable on any terminal's encoding."""
    short = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return repr(short)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
