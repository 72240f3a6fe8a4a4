"""Upper and lower case, as each language has it."""

from __future__ import annotations

from collections.abc import Container

# Whose "I" is the capital of "ı", and whose "i" has the capital "İ".
_DOTLESS_I = frozenset({"tur", "aze", "azb", "crh", "tat", "gag", "kaa"})


def has_dotless_i(language: str) -> bool:
    """Whether the lower case of "I" is "ı" in ``language`` (ISO 639-3)."""
    return language in _DOTLESS_I


def lower_character(character: str, language: str) -> str:
    """Return the lower case of one character; a Greek sigma gets the form inside a word."""
    if character == "İ":
        return "i"  # its own lower case carries a stray combining dot
    if character == "I" and has_dotless_i(language):
        return "ı"
    return character.lower()


def to_lower(text: str, letters: Container[str]) -> str:
    """Return lower-case text in the letters of a vocabulary.

    Args:
        text: in any case.
        letters: of the vocabulary; where it has one sigma alone, that is the final one too.
    """
    lower = text.lower()
    return lower if "ς" in letters else lower.replace("ς", "σ")


def to_upper(text: str, language: str, letters: Container[str]) -> str:
    """Return upper-case text in the letters of a vocabulary.

    Args:
        text: in any case.
        language: ISO 639-3; a Turkish "i" becomes "İ".
        letters: of the vocabulary; without "İ" it has one capital for "i" and "ı", and without
            "ẞ" it writes "SS".
    """
    if has_dotless_i(language) and "İ" in letters:
        text = text.replace("i", "İ")
    if "ẞ" in letters:
        text = text.replace("ß", "ẞ")
    return text.upper()
