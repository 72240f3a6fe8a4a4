"""What kind of sound the letters at a word's edge usually stand for, in Latin script."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

_CLASSES = ("aeiou", "ptkcq", "bdg", "fshx", "vzj", "mn", "lrwy")
CLASSES = len(_CLASSES)
_CLASS_OF = {letter: index for index, letters in enumerate(_CLASSES) for letter in letters}


def letter_classes(texts: Sequence[str], *, last: bool) -> np.ndarray:
    """Return the class of the first or the last letter of each label, -1 for what is no letter.

    Args:
        texts: labels of a vocabulary, single letters or pieces of words.
        last: whether the last letter counts, else the first.
    """
    known = {text: _class_of(text, last) for text in set(texts)}
    return np.array([known[text] for text in texts], dtype=np.int64)


def _class_of(text: str, last: bool) -> int:
    letters = [each for each in unicodedata.normalize("NFKD", text).lower() if each in _CLASS_OF]
    return _CLASS_OF[letters[-1 if last else 0]] if letters else -1
