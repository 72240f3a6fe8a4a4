"""Tokens of a transcript -> the sequence of labels that the Viterbi search is given."""

from dataclasses import dataclass

import numpy as np

from speech_toolkit.alignment.text.transcript import Token, TokenizedTranscript
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
    transcript: TokenizedTranscript, vocabulary: Vocabulary, star: str = "none"
) -> LabelSequence:
    """Lay out the tokens of a transcript, wildcards and word separators between them.

    Args:
        transcript: of at least one token.
        vocabulary: a word separator is put between spoken words where the model has one.
        star: ``edges`` puts a wildcard before the first and after the last token, ``segments``
            also between sentences. A wildcard takes up audio that the transcript does not hold;
            its column is the one after the vocabulary's last.

    Returns:
        The labels with their owners.
    """
    starts_sentence = {sentence.first_word for sentence in transcript.sentences}
    targets: list[int] = []
    owners: list[int] = []
    tokens: list[Token] = []
    words: list[int] = []
    opens: list[bool] = []

    def put(target: int | None, owner: int) -> None:
        if target is not None:
            targets.append(target)
            owners.append(owner)

    if star != "none":
        put(vocabulary.size, WILDCARD)
    wildcard_due = False
    for index, word in enumerate(transcript.words):
        wildcard_due |= star == "segments" and index in starts_sentence
        if not word.tokens:
            continue
        if tokens:
            if wildcard_due:
                put(vocabulary.size, WILDCARD)
            else:
                put(vocabulary.word_separator_id, SEPARATOR)
        wildcard_due = False
        for position, token in enumerate(word.tokens):
            if token.opens_spoken_word:
                put(vocabulary.word_separator_id, SEPARATOR)
            put(token.id, len(tokens))
            tokens.append(token)
            words.append(index)
            opens.append(position == 0 or token.opens_spoken_word)
    if star != "none":
        put(vocabulary.size, WILDCARD)
    return LabelSequence(
        targets=np.array(targets, dtype=np.int32),
        owners=np.array(owners, dtype=np.int32),
        tokens=tuple(tokens),
        words=np.array(words, dtype=np.int32),
        spoken_words=np.cumsum(opens, dtype=np.int32) - 1,
    )
