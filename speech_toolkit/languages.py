"""Which languages are written without spaces between words."""

# ISO 639-1 code, or the one that Whisper has: ISO 639-3 codes and English names.
_CODES_AND_NAMES = {
    "zh": "zho cmn chinese mandarin",
    "yue": "cantonese",
    "ja": "jpn japanese",
    "th": "tha thai",
    "lo": "lao",
    "my": "mya burmese myanmar",
    "km": "khm khmer",
    "bo": "bod tibetan",
}
UNSPACED_LANGUAGES = frozenset(_CODES_AND_NAMES)
_KNOWN_AS = UNSPACED_LANGUAGES.union(*map(str.split, _CODES_AND_NAMES.values()))


def is_unspaced(language: str | None) -> bool:
    """Tell whether a language puts no spaces between words.

    Args:
        language: ISO 639-1 or 639-3 code, or Whisper's name of it, in any case; None for unknown.
    """
    return language is not None and language.lower() in _KNOWN_AS
