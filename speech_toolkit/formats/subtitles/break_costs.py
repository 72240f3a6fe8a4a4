"""How ill a break between two stretches of text reads, from 0 at the end of a sentence.

After the line treatment of the style guides named in ``style.py``: break after punctuation, before
conjunctions and prepositions; keep together articles and nouns, first and last names, numbers and
what they count. Words are told by their form and by short lists, so that this is a wish, not a
promise: a break that costs much is taken where no other fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import regex

SENTENCE = 0.0
CLAUSE = 0.5
PHRASE = 2.5
WORD = 4.0
INSIDE = 8.0
TOGETHER = 24.0
_AFTER_FUNCTION_WORD = 3.0  # added
_COUNTED = 7.0  # a number and the noun after it

# Conjunctions, prepositions and pronouns that begin a phrase: a line may begin with them.
_LEADING_OF = {
    "English": "and but or nor so because although though while when where which who whom whose "
    "that if unless until since than as of in on at by for with from to into onto over under "
    "between through during before after about against without within along across behind beyond",
    "German": "und oder aber denn sondern weil dass wenn als ob obwohl während bevor nachdem mit "
    "von zu aus bei nach für gegen ohne durch auf unter über vor hinter zwischen",
    "French": "et ou mais donc car que qui dont où quand si comme dans pour avec sur sans sous "
    "entre vers chez par depuis pendant",
    "Spanish": "y e o pero porque que cuando donde si como en con de para por sobre sin entre "
    "desde hasta",
    "Italian": "ma perché quando dove come con per tra fra su da di",
    "Portuguese": "mas quando onde com em sem até",
    "Dutch": "en of maar omdat dat als met van naar voor door uit",
    "Russian": "и а но или что чтобы если когда где который в на с к по из от до для без при",
}
# Articles, auxiliaries and the like, after which no line should end.
_TRAILING_OF = {
    "English": "the a an this these those my your his her its our their no not is are was were be "
    "been has have had will would can could shall should may might must do does did i you he she "
    "we they it",
    "German": "der die das den dem des ein eine einen einem einer eines ist sind war hat haben "
    "nicht",
    "French": "le la les un une des du ce cette ces mon ma mes son sa ses est sont a ont ne pas je "
    "tu il",
    "Spanish": "el los las una unos unas es son no se",
    "Italian": "lo gli uno è",
    "Portuguese": "os as um uma é não",
    "Dutch": "het een is zijn",
    "Russian": "не",
}
# What is numbered.
_NUMBERED_OF = {
    "English": "article chapter page section part number figure table room version step level "
    "line item volume grade channel episode season",
    "German": "artikel kapitel seite abschnitt nummer zimmer absatz",
    "French": "chapitre numéro",
    "Spanish": "capítulo artículo página número",
    "Italian": "capitolo articolo pagina numero",
    "Russian": "глава статья страница номер",
}
_LEADING, _TRAILING, _NUMBERED = (
    frozenset(word for words in of.values() for word in words.split())
    for of in (_LEADING_OF, _TRAILING_OF, _NUMBERED_OF)
)
_CLOSERS = regex.compile(r"[\p{Pe}\p{Pf}\"'\u200f\u202c]+$")
_OPENERS = regex.compile(r"^[\p{Ps}\p{Pi}\"'¿¡]+")
_QUOTE_END = r"[[\p{Pe}\p{Pf}\"]--[’]]"
_CLAUSE_END = regex.compile(
    rf"(?:[,;:،؛፣、，；：–—…‥·]|--|\.\.|{_QUOTE_END}[,;:،؛、，；：]?)$", regex.V1
)
_NUMBER = regex.compile(r"[\p{Sc}+−~≈-]?\p{Nd}[\p{Nd}.,:/’'٫٬-]*+(?:st|nd|rd|th|\.)?")
_UNIT = regex.compile(r"(?:\p{L}|[%‰°℃€$£¥₽²³/]){1,3}\.?")
_HAN = regex.compile(r"\p{Han}")
_HIRAGANA = regex.compile(r"\p{Hiragana}")
_KATAKANA = regex.compile(r"[\p{Katakana}ー]")
# Chinese particles, which lean on the word before them.
_PARTICLES = frozenset("的了着过们吗呢吧啊呀嘛啦地得")


@dataclass(frozen=True)
class Boundary:
    """Where a line may end.

    Attributes:
        before: the text up to it, punctuation included.
        after: the text from there on.
        has_space: whether a space stands between.
        ends_sentence: whether a sentence is over.
        ends_segment: whether a segment is: a line of the transcript, or what a recogniser ended.
        is_inside: whether it may be inside of a word of a script without spaces.
    """

    before: str
    after: str
    has_space: bool
    ends_sentence: bool
    ends_segment: bool
    is_inside: bool


def break_cost(boundary: Boundary) -> float:
    """Return what a break costs: 0 after a sentence, more the more belongs together."""
    if boundary.ends_sentence:
        return SENTENCE
    if _is_name_or_number(boundary.before, boundary.after):
        return TOGETHER
    if boundary.ends_segment or _CLAUSE_END.search(boundary.before):
        return CLAUSE
    if not boundary.has_space:
        return _unspaced_cost(boundary)
    return _spaced_cost(boundary.before, boundary.after)


def _is_name_or_number(before: str, after: str) -> bool:
    """Tell whether two words are "New York", "Dr. Smith", "Article 5", "3 000", "10 km"."""
    first, second = _OPENERS.sub("", before), _bare(after)
    if first != _CLOSERS.sub("", first) or _OPENERS.match(after):
        return False
    if _NUMBER.fullmatch(first) and not first.endswith((",", ":")):
        is_month = second[:1].isupper() and second[1:].islower()
        return bool(_NUMBER.fullmatch(second) or _UNIT.fullmatch(second)) or is_month
    if _NUMBER.fullmatch(second):
        is_word = first[:1].isupper() and first[-1:].isalpha()
        return is_word or first.casefold() in _NUMBERED or first.endswith((".", "№", "第"))
    if first.endswith(".") and not first.endswith(".."):  # yet no sentence is over
        return True
    return _is_capitalized(first) and _is_capitalized(second)


def _spaced_cost(before: str, after: str) -> float:
    if _NUMBER.fullmatch(_bare(before)):
        return _COUNTED
    if _OPENERS.match(after) or after[:1] in "-–—":
        return PHRASE
    cost = PHRASE if _bare(after).casefold() in _LEADING else WORD
    word = _OPENERS.sub("", before).casefold()
    return cost + (_AFTER_FUNCTION_WORD if word in _LEADING or word in _TRAILING else 0.0)


def _unspaced_cost(boundary: Boundary) -> float:
    """Judge a place between characters by their scripts, as no dictionary of words is at hand."""
    last, first = boundary.before[-1], boundary.after[0]
    if _NUMBER.fullmatch(boundary.before) or last == "第":
        return TOGETHER
    if all(map(_KATAKANA.match, (last, first))):
        return TOGETHER
    if first in _PARTICLES:
        return INSIDE
    if _HIRAGANA.match(last):
        return INSIDE if _HIRAGANA.match(first) else PHRASE
    if _HIRAGANA.match(first):
        return INSIDE  # what a Chinese character is inflected with
    if boundary.is_inside:
        return TOGETHER
    if last in _PARTICLES:
        return PHRASE
    return WORD


@lru_cache(maxsize=65536)
def _bare(word: str) -> str:
    """Return a word without the punctuation around it."""
    return regex.sub(r"[\p{P}--[%@#&№/-]]+$", "", _OPENERS.sub("", word), flags=regex.V1)


@lru_cache(maxsize=65536)
def _is_capitalized(word: str) -> bool:
    return len(word) > 1 and word[0].isupper() and not word[1:].isupper() and word[-1].isalnum()
