"""Language codes in one form, and which languages are written without spaces between words."""

import re
from collections.abc import Set
from functools import lru_cache

# Members of a macrolanguage that are meant, or heard, where the whole is named. Other members, such
# as Swahili of the coast (swh), keep the code they were given.
_WHOLE_LANGUAGES = {
    "cmn": "zho",
    "arb": "ara",
    "pes": "fas",
    "azj": "aze",
    "zlm": "msa",
    "lvs": "lav",
    "ekk": "est",
}

# The three letters that have another form, so that langcodes (30 ms) loads for no others.
_BIBLIOGRAPHIC = frozenset(
    [
        "alb",
        "arm",
        "baq",
        "bur",
        "chi",
        "cze",
        "dut",
        "fre",
        "geo",
        "ger",
        "gre",
        "ice",
        "mac",
        "mao",
        "may",
        "per",
        "rum",
        "slo",
        "tib",
        "wel",
    ]
)

# By the code that Whisper has: the ISO 639-3 code, and English names.
_CODES_AND_NAMES = {
    "zh": "zho chinese mandarin",
    "yue": "yue cantonese",
    "ja": "jpn japanese",
    "th": "tha thai",
    "lo": "lao",
    "my": "mya burmese myanmar",
    "km": "khm khmer",
    "bo": "bod tibetan",
}
UNSPACED_LANGUAGES = frozenset(_CODES_AND_NAMES)
_UNSPACED_CODES_AND_NAMES = frozenset(" ".join(_CODES_AND_NAMES.values()).split())


@lru_cache(maxsize=1024)
def three_letter_code(tag: str) -> str | None:
    """Return the ISO 639-3 code of a language.

    Args:
        tag: ISO 639-1 ("de"), 639-2 ("ger") or 639-3 ("deu"), in any case, or a tag that begins
            with one of them ("de-AT", "zh_Hans"). A member that stands for its macrolanguage
            becomes that ("cmn" is "zho").

    Returns:
        The code; three letters that no list holds are kept. None where `tag` is no code.
    """
    primary = re.split(r"[-_]", tag.strip().lower(), maxsplit=1)[0]
    if not re.fullmatch("[a-z]{2,3}", primary):
        return None
    code = _from_two_letters(primary) if len(primary) == 2 else _terminological(primary)
    return _WHOLE_LANGUAGES.get(code, code)


def _from_two_letters(code: str) -> str | None:
    """Return the three letters for two, or for what replaced those that are out of use ("iw")."""
    from langcodes import Language

    for is_replaced in (False, True):
        try:
            return Language.get(code, normalize=is_replaced).to_alpha3()
        except LookupError:
            pass
    return None


def _terminological(code: str) -> str:
    """Return the ISO 639-3 form of a bibliographic code ("ger"); any other one as it is."""
    if code not in _BIBLIOGRAPHIC:
        return code
    from langcodes import Language

    return Language.get(code).to_alpha3()


def is_unspaced(language: str | None) -> bool:
    """Tell whether a language puts no spaces between words.

    Args:
        language: a code as :func:`three_letter_code` takes it, or Whisper's name of it, in any
            case; None for unknown.
    """
    return _is_one_of(language, _UNSPACED_CODES_AND_NAMES)


def is_english(language: str | None) -> bool:
    """Tell whether a language, given as for :func:`is_unspaced`, is English."""
    return _is_one_of(language, {"eng", "english"})


def _is_one_of(language: str | None, codes_and_names: Set[str]) -> bool:
    if language is None:
        return False
    return language.lower() in codes_and_names or three_letter_code(language) in codes_and_names
