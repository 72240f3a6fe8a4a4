"""Vocabularies of tests, and what a text becomes in them."""

from speech_toolkit.alignment.text.transcript import tokenize_transcript
from speech_toolkit.alignment.text.vocabulary import Vocabulary

LETTERS = "aienuotsrmkldghybpwcvjzf'qx"


MMS = Vocabulary({letter: index for index, letter in enumerate(LETTERS, 4)}, 0, 31)


RUSSIAN = Vocabulary(
    {letter: index for index, letter in enumerate("абвгдежзийклмнопрстуфхцчшщъыьэюя", 5)}, 0, 37, 4
)


def spelled(text, language="eng", vocabulary=MMS):
    """Return (word, its letters) pairs."""
    words = tokenize_transcript(text, vocabulary, language, words="characters").words
    return [(word.text, "".join(token.text for token in word.tokens)) for word in words]


def spelling(text, language="eng", vocabulary=MMS):
    return " ".join(letters for _, letters in spelled(text, language, vocabulary))
