"""Tokens of a transcript -> the sequence of labels that the Viterbi search is given."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.text.transcript import Token, TokenizedTranscript, Word
from speech_toolkit.alignment.text.vocabulary import Vocabulary

STAR_CHOICES = ("none", "edges", "segments")
WILDCARD = -1
SEPARATOR = -2


@dataclass(frozen=True)
class LabelSequence:
    """Labels in the order in which they must be heard. L labels.

    Attributes:
        targets: int32 of shape (L,), columns of the emissions.
        owners: int32 of shape (L,), the index into ``tokens`` that a label stands for, or
            ``WILDCARD`` or ``SEPARATOR``.
        tokens: every token of the transcript, in order.
        words: int32, for each token the index of its word.
        spoken_words: int32, for each token the index of its spoken word, of which a written word
            such as "25" holds several.
    """

    targets: np.ndarray
    owners: np.ndarray
    tokens: tuple[Token, ...]
    words: np.ndarray
    spoken_words: np.ndarray


def label_sequence(
    transcript: TokenizedTranscript,
    vocabulary: Vocabulary,
    star: str = "none",
    wildcards_before: Collection[int] = (),
) -> LabelSequence:
    """Lay out the tokens of a transcript, wildcards and word separators between them.

    Args:
        transcript: of at least one token.
        vocabulary: a word separator is put between spoken words where the model has one.
        star: ``edges`` puts a wildcard before the first and after the last token, ``segments``
            also between sentences. A wildcard takes up audio that the transcript does not hold;
            its column is the one after the vocabulary's last.
        wildcards_before: indices of words before which one is put as well; the number of words
            stands for the end.

    Returns:
        The labels with their owners.
    """
    layout = _Layout(vocabulary)
    places = set(wildcards_before)
    if star == "segments":
        places.update(sentence.first_word for sentence in transcript.sentences)
    wildcard_due = star != "none"
    for index, word in enumerate(transcript.words):
        wildcard_due |= index in places
        if word.tokens:
            layout.put_word(word, index, wildcard_due)
            wildcard_due = False
    if star != "none" or wildcard_due or len(transcript.words) in places:
        layout.put_wildcard()
    return layout.sequence()


class _Layout:
    """The labels laid out so far."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._targets: list[int] = []
        self._owners: list[int] = []
        self._tokens: list[Token] = []
        self._words: list[int] = []
        self._opens: list[bool] = []

    def put_wildcard(self) -> None:
        self._put(self._vocabulary.size, WILDCARD)

    def put_word(self, word: Word, index: int, after_wildcard: bool) -> None:
        """Lay out the tokens of a word behind a wildcard or the separator."""
        if after_wildcard:
            self.put_wildcard()
        elif self._tokens:
            self._put_separator()
        for position, token in enumerate(word.tokens):
            if token.opens_spoken_word:
                self._put_separator()
            self._put(token.id, len(self._tokens))
            self._tokens.append(token)
            self._words.append(index)
            self._opens.append(position == 0 or token.opens_spoken_word)

    def sequence(self) -> LabelSequence:
        return LabelSequence(
            targets=np.array(self._targets, dtype=np.int32),
            owners=np.array(self._owners, dtype=np.int32),
            tokens=tuple(self._tokens),
            words=np.array(self._words, dtype=np.int32),
            spoken_words=np.cumsum(self._opens, dtype=np.int32) - 1,
        )

    def _put_separator(self) -> None:
        if self._vocabulary.word_separator_id is not None:
            self._put(self._vocabulary.word_separator_id, SEPARATOR)

    def _put(self, target: int, owner: int) -> None:
        self._targets.append(target)
        self._owners.append(owner)
