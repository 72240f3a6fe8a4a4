"""Where words and sentences begin and end in the text as typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import regex

from speech_toolkit.alignment.text.normalization import CLUSTER

# Pieces end at white space, save for the no-break spaces inside a number ("12 000") and between a
# word and its punctuation ("« Bonjour ! »").
_PIECE = re.compile(
    r"\S+(?:(?:(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))"
    r"|[\u00a0\u202f](?=[!?:;»›”%])|(?<=[«‹“])[\u00a0\u202f])\S+)*"
)
# Chinese characters, and the letters of the other scripts that put no space between words. Their
# digits and punctuation, which take part in words as everywhere, are left out.
_IDEOGRAPH = r"[\p{Han}--[\p{P}\p{S}]]"
_UNSPACED = (
    r"[[\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Yi}]"
    r"--[\p{Han}\p{P}\p{S}\p{Nd}\p{No}\p{Z}]]"
)
_PUNCTUATION = r"[\p{P}\p{Z}\p{C}]"
# Between two words without a space: dashes, ellipses, and the word marks of Tibetan and Ethiopic.
_BREAK = r"(?:[‒–—―…་༌༎།፡።]|--|\.\.)"
_LETTERS = rf"(?:(?!{_IDEOGRAPH}|{_UNSPACED}|{_PUNCTUATION}){CLUSTER})++"
_CORE = regex.compile(
    rf"(?P<ideograph>(?={_IDEOGRAPH}){CLUSTER}々*+)"
    rf"|(?P<unspaced>(?:(?={_UNSPACED}){CLUSTER})++)"
    rf"|{_LETTERS}(?:(?:(?!{_BREAK}){_PUNCTUATION})++{_LETTERS})*+",
    regex.V1,
)
_OPENING = regex.compile(r"[\p{Ps}\p{Pi}¿¡]")
_LINE_BREAK = re.compile(r"[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_CLOSERS = regex.compile(r"[\p{Pe}\p{Pf}\p{Cf}\p{Z}\"']+$")
# An older regex knows Unicode 16, whose Extended_Pictographic holds notes and stars as well.
_EMOJI = regex.compile(
    r"(?!\p{ASCII})[[\p{Extended_Pictographic}--[\p{S}--\p{Emoji}]]"
    r"\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f]++",
    regex.V1,
)
_TERMINATOR = regex.compile(r"[\p{Sentence_Terminal}…།༎\u037e]$")
# U+037E, which normalisation turns into a semicolon, as do most keyboards.
_GREEK_QUESTION_MARK = regex.compile(r"\p{Greek}\p{M}*+;$")
# An aside such as "[laughter]"; "„" is an opening quote.
_BRACKET = regex.compile(r"[\p{Ps}--[„‚]]", regex.V1)
_DOTTED_ABBREVIATION = regex.compile(r"(?:\p{L}\.)+")
_ORDINAL = re.compile(r"[0-9]{1,2}\.")
_ABBREVIATIONS = {
    "eng": "mr mrs ms dr prof st jr sr vs vol fig gen col sgt capt lt rev hon gov sen rep inc ltd "
    "co corp dept approx jan feb apr aug sept oct nov dec mt",
    "deu": "dr prof hr fr bzw ca nr str evtl ggf inkl vgl mio mrd jan feb aug sept okt nov dez",
    "fra": "mm mme mlle dr pr me st ste av apr env art janv févr juil sept oct nov déc",
    "spa": "sr sra srta dr dra prof lic ing av pág núm ud uds ee uu",
    "ita": "sig dott prof ing avv on pag ecc art",
    "por": "sr sra dr dra prof eng av pág núm",
    "nld": "dhr mevr dr prof ir mr drs bijv nr blz ca",
    "rus": "г гг им ул д стр см тыс млн млрд руб проф акад",
}
_GREEK = ("ell", "grc")
_ORDINAL_DOT_LANGUAGES = (
    "deu dan nob nno nor isl fin est lav ces slk slv hrv srp bos pol hun tur eus"
)


@dataclass(frozen=True)
class Run:
    """A stretch of a piece of text.

    Attributes:
        start: first character, counted from the start of the piece.
        end: one past its last character.
        is_unspaced: whether it holds letters of a script without spaces, to be split once
            their readings are known; else it is one word.
    """

    start: int
    end: int
    is_unspaced: bool


def pieces(text: str) -> Iterator[re.Match[str]]:
    """Find the stretches of text between white space."""
    return _PIECE.finditer(text)


def split_piece(piece: str, joins_ideographs: bool = False) -> list[Run]:
    """Split a piece without spaces where the script or a dash does; the runs cover the piece.

    Punctuation goes with what it follows, opening brackets and quotes with what they precede.

    Args:
        piece: of a text.
        joins_ideographs: whether ideographs, each a run of its own otherwise, go into one run
            with what they touch of scripts without spaces.
    """
    cores = [
        Run(
            match.start(),
            match.end(),
            match["unspaced"] is not None or (joins_ideographs and match["ideograph"] is not None),
        )
        for match in _CORE.finditer(piece)
    ]
    if joins_ideographs:
        cores = _joined(cores)
    if not cores:
        return [Run(0, len(piece), is_unspaced=False)]
    starts = [0]
    for before, after in pairwise(cores):
        opening = _OPENING.search(piece, before.end, after.start)
        starts.append(opening.start() if opening else after.start)
    ends = [*starts[1:], len(piece)]
    return [
        Run(start, end, core.is_unspaced)
        for start, end, core in zip(starts, ends, cores, strict=True)
    ]


def _joined(cores: Sequence[Run]) -> list[Run]:
    """Join unspaced runs that touch."""
    joined: list[Run] = []
    for core in cores:
        last = joined[-1] if joined else None
        if last and last.is_unspaced and core.is_unspaced and last.end == core.start:
            joined[-1] = Run(last.start, core.end, is_unspaced=True)
        else:
            joined.append(core)
    return joined


def has_line_break(gap: str) -> bool:
    """Whether the space between two words holds any kind of newline."""
    return gap != " " and _LINE_BREAK.search(gap) is not None


def sentence_ends(
    words: Sequence[str], breaks_after: Sequence[bool], language: str
) -> Iterator[int]:
    """Find the ends of sentences.

    A sentence ends at a newline, and after sentence-final punctuation of any script, unless the
    word is an abbreviation, an initial or an ordinal, or the next word goes on in lower case and
    opens no bracket.

    Args:
        words: the words with their punctuation.
        breaks_after: for each word, whether a newline follows it.
        language: ISO 639-3, for abbreviations.

    Yields:
        One past the index of each sentence's last word, rising; the last is ``len(words)``.
    """
    case_tells = any(_first_letter(word).isupper() for word in words)
    first = 0
    finished = False
    for index, word in enumerate(words):
        closes = index > first and _is_closing(word)
        finished = _is_final(word, language) or (closes and finished)
        following = words[index + 1] if index + 1 < len(words) else None
        if following is None or breaks_after[index]:
            ends = True
        elif _is_closing(following):
            ends = False
        else:
            starts_list = index == first and _ORDINAL.fullmatch(word) is not None
            goes_on = (
                case_tells and _first_letter(following).islower() and not _BRACKET.match(following)
            )
            ends = finished and not goes_on and not starts_list
        if ends:
            first = index + 1
            yield first


@lru_cache(maxsize=65536)
def _is_final(word: str, language: str) -> bool:
    """Whether a word closes a sentence as far as can be told from the word itself."""
    body = _CLOSERS.sub("", word)
    if not (_TERMINATOR.search(body) or _is_greek_question(body, language)):
        return False
    if not body.endswith("."):
        return True
    letters = body.lstrip("\"'([{«“‘„¿¡").casefold()
    if _DOTTED_ABBREVIATION.fullmatch(letters):
        return False
    if letters[:-1] in _abbreviations(language):
        return False
    return not (language in _ORDINAL_DOT_LANGUAGES and _ORDINAL.fullmatch(letters))


def _is_greek_question(body: str, language: str) -> bool:
    return body.endswith(";") and (
        language in _GREEK or _GREEK_QUESTION_MARK.search(body) is not None
    )


@lru_cache(maxsize=64)
def _abbreviations(language: str) -> frozenset[str]:
    return frozenset(_ABBREVIATIONS.get(language, "").split())


def _is_closing(word: str) -> bool:
    """Whether a word is nothing but closing brackets, quotes or emoji, set off by a space."""
    if _EMOJI.fullmatch(word):
        return True
    return unicodedata.category(word[0]) in ("Pe", "Pf") and _CLOSERS.fullmatch(word) is not None


@lru_cache(maxsize=65536)
def _first_letter(word: str) -> str:
    return next((character for character in word if character.isalnum()), "")
