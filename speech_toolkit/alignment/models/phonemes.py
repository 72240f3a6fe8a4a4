"""Tells labels that are sounds, or pieces of words, from letters that a transcript is written in.

A phoneme model shares its architecture and its files with one of letters. Letters aligned to its
labels find places all the same, and all of them are wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import regex

_TOKENIZER_CLASS = "Wav2Vec2PhonemeCTCTokenizer"
_PHONEMIZER_KEYS = ("do_phonemize", "phonemizer_backend", "phonemizer_lang")
_MOST_LONG_LABELS = 0.5  # "sh" or "ny" may be letters of an alphabet; most of it they are not
_FEWEST_SOUND_SIGNS = 2  # one can be a stray of the texts that a vocabulary was counted from
_LEAST_SHARE_OF_SOUND_SIGNS = 0.03
_SHOWN_LABELS = 4
_VOWELS = frozenset("aeiou")  # of every orthography that has letters of the phonetic alphabet
_GLOTTAL_LETTERS = "ʔʕ"  # of the phonetic alphabet, and of orthographies that have no capitals
_LENGTH_AND_STRESS = "ːˈˌ"


def sign_of_sounds(
    labels: Collection[str], tokenizer: Mapping[str, Any], config: Mapping[str, Any]
) -> str | None:
    """Return what shows that labels are no letters; None where nothing does.

    Letters of the phonetic alphabet that an orthography uses (ɛ, ɔ, ŋ, ə in many of Africa) have
    capitals, and stand beside the five vowels, by which they are told from those of phoneticians.

    Args:
        labels: of the vocabulary, special tokens left out.
        tokenizer: content of tokenizer_config.json; empty where there is none.
        config: content of config.json.
    """
    if _TOKENIZER_CLASS in (tokenizer.get("tokenizer_class"), config.get("tokenizer_class")):
        return f"its tokenizer is a {_TOKENIZER_CLASS}"
    for key in _PHONEMIZER_KEYS:
        if tokenizer.get(key):
            return f"its tokenizer_config.json has {key}"
    long = [label for label in labels if len(regex.findall(r"\X", label)) > 1]
    if len(long) > _MOST_LONG_LABELS * len(labels):
        return f"{len(long)} of its {len(labels)} labels are longer than a letter: {_some(long)}"
    has_vowels = {label.lower() for label in labels} >= _VOWELS
    for is_sign in (_is_sound_sign,) if has_vowels else (_is_sound_sign, _is_phonetic):
        signs = [label for label in labels if any(map(is_sign, label))]
        if len(signs) >= max(_FEWEST_SOUND_SIGNS, _LEAST_SHARE_OF_SOUND_SIGNS * len(labels)):
            return f"{len(signs)} of its {len(labels)} labels are phonetic signs: {_some(signs)}"
    return None


def _is_sound_sign(character: str) -> bool:
    if character in _LENGTH_AND_STRESS:
        return True
    return _is_phonetic(character) and character.upper() == character


def _is_phonetic(character: str) -> bool:
    in_block = "\u0250" <= character <= "\u02af"  # "IPA Extensions"
    return in_block and character not in _GLOTTAL_LETTERS


def _some(labels: list[str]) -> str:
    return ", ".join(map(repr, labels[:_SHOWN_LABELS]))
