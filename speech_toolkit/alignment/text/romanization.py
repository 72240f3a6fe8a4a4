"""Any script -> Latin letters, by the uroman package, with the range that each letter stands for.

Loading uroman whole takes seconds, nearly all of it spent on rules for characters that a given text
does not hold. A rule can only act where its source occurs in the text, so uroman is given a data
directory that holds the rules of the text's own characters: the same result in a fraction of the
time (tests compare the two, character by character). A thread that loads all rules while the model
loads hides nothing, for both are Python at work (``benchmarks/romanization.py``). Its table of
numbers is left out on purpose: with it, uroman turns 三百 into "300", which no letter of a
vocabulary can stand for.
"""

from __future__ import annotations

import gc
import io
import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from speech_toolkit.errors import ToolkitError
from speech_toolkit.files.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from uroman import Uroman
    from uroman.uroman import Edge

# uroman's work grows with the square of a text's length.
_MAX_CHARACTERS = 64
_LOADS_BEFORE_ALL = 12
_FIRST_IDEOGRAPH = 0x3100
_BLOCK_CHARACTERS = 256
_DATA_FILES = (
    "romanization-auto-table.txt",
    "UnicodeDataOverwrite.txt",
    "romanization-table.txt",
    "Chinese_to_Pinyin.txt",
    "Scripts.txt",
    "UnicodeDataProps.txt",
    "UnicodeDataPropsCJK.txt",
    "UnicodeDataPropsHangul.txt",
)
_RULE_SOURCE = re.compile(r"(?:::cp \S+ )?::s\s+(\S+)")
_CODE_POINT = re.compile(r"::u\s+([0-9A-Fa-f]+)")
_CHARACTER_LIST = re.compile(
    r" ::(char|numeral|vowel-sign|medial-consonant-sign|sign-virama) (\S+)"
)
# A rule for "เ–า" is looked up with a dash in the place of the consonant between; numbers in
# words may need the numerals even where the text has only digits.
_ALWAYS_LOADED = "–零一二三四五六七八九十百千万亿点负分之"


@dataclass(frozen=True)
class Romanized:
    """The Latin text for a range of characters.

    Attributes:
        text: Latin letters, "" for a silent character, or the character itself where uroman
            knows no reading.
        start: first character of the range.
        end: one past its last character.
    """

    text: str
    start: int
    end: int


@lru_cache(maxsize=65536)
def romanize(text: str, language: str) -> tuple[Romanized, ...]:
    """Romanise a word or a run of characters.

    Args:
        text: lower-case text without digits; context counts inside it only.
        language: ISO 639-3; a few languages have rules of their own.

    Returns:
        Ranges in order that cover ``text``.
    """
    return tuple(
        Romanized(part.text, offset + part.start, offset + part.end)
        for offset in range(0, len(text), _MAX_CHARACTERS)
        for part in _romanize_chunk(text[offset : offset + _MAX_CHARACTERS], language)
    )


def _romanize_chunk(chunk: str, language: str) -> Iterator[Romanized]:
    """Romanise up to 64 characters; where uroman itself fails, halve the text and try again.

    uroman 1.3.1.1 raises TypeError for unassigned characters next to a Thai vowel, for example.
    """
    romanizer = _romanizer()
    romanizer.load(set(chunk))
    try:
        edges = romanizer.edges(chunk, language)
    except (AttributeError, LookupError, TypeError, ValueError):
        if len(chunk) == 1:
            yield Romanized(chunk, 0, 1)
            return
        half = len(chunk) // 2
        yield from _romanize_chunk(chunk[:half], language)
        for part in _romanize_chunk(chunk[half:], language):
            yield Romanized(part.text, half + part.start, half + part.end)
    else:
        for edge in edges:
            yield Romanized(edge.txt, edge.start, edge.end)


def prepare(characters: Set[str]) -> None:
    """Load the rules for all characters of a text in one go; its words then load nothing."""
    _romanizer().load(characters)


@cache
def _romanizer() -> _Romanizer:
    return _Romanizer()


class _Romanizer:
    """A uroman instance that knows at least the characters asked for so far, for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._loads = 0
        self._uroman: Uroman | None = None

    def load(self, characters: Set[str]) -> None:
        """Make sure that every rule that can act on these characters is loaded."""
        with self._lock:
            if self._loads >= _LOADS_BEFORE_ALL or characters <= self._known:
                return
            known = self._known | _closure(characters)
            self._loads += 1
            self._uroman = _load_uroman(None if self._loads == _LOADS_BEFORE_ALL else known)
            self._known = known

    def edges(self, text: str, language: str) -> list[Edge]:
        """Return uroman's best path through ``text``, whose characters have been loaded."""
        from uroman import RomFormat

        with self._lock:
            return self._uroman.romanize_string(text, lcode=language, rom_format=RomFormat.EDGES)


def _closure(characters: Set[str]) -> set[str]:
    """Return the characters, their lower case, blocks and decompositions.

    Whole blocks, so that another text in the same script needs no second load; ideographs and
    Hangul, whose blocks are large, by the character.
    """
    wanted = {*characters, *_ALWAYS_LOADED}
    wanted.update(*(unicodedata.normalize("NFKC", c).lower() for c in characters))
    for character in list(wanted):
        code_point = ord(character)
        if code_point < _FIRST_IDEOGRAPH:
            first = code_point - code_point % _BLOCK_CHARACTERS
            wanted.update(map(chr, range(first, first + _BLOCK_CHARACTERS)))
    wanted.update(*[unicodedata.normalize("NFKD", character) for character in wanted])
    return wanted


def _load_uroman(wanted: set[str] | None) -> Uroman:
    """Start uroman with the rules for ``wanted`` characters, or with all of them."""
    from uroman import Uroman

    collects = gc.isenabled()
    try:
        return _with_rules_for(wanted) if wanted is not None else _without_numbers(Uroman())
    except (OSError, ToolkitError):  # no place for temporary files
        return _without_numbers(Uroman())
    finally:
        if not collects:
            gc.disable()  # uroman turns it on


def _with_rules_for(wanted: set[str]) -> Uroman:
    from uroman import Uroman

    source = Uroman.default_data_dir()
    with scratch_folder() as target:
        (target / "NumProps.jsonl").touch()
        for file_name in _DATA_FILES:
            text = (source / file_name).read_text(encoding="utf-8")
            lines = _relevant_lines(file_name, text, wanted)
            (target / file_name).write_text("".join(lines), encoding="utf-8")
        return Uroman(data_dir=target)


def _without_numbers(uroman: Uroman) -> Uroman:
    uroman.num_props.clear()
    return uroman


def _relevant_lines(file_name: str, text: str, wanted: set[str]) -> Iterator[str]:
    lines = io.StringIO(text)
    if file_name == "Scripts.txt":
        return lines
    if file_name == "Chinese_to_Pinyin.txt":
        return (line for line in lines if line[0] in wanted)
    if file_name.startswith("UnicodeDataProps"):
        return (_relevant_characters(line, wanted) for line in lines)
    return (line for line in lines if _is_relevant(line, wanted))


def _relevant_characters(line: str, wanted: set[str]) -> str:
    def keep(match: re.Match[str]) -> str:
        characters = "".join(c for c in match[2] if c in wanted)
        return f" ::{match[1]} {characters}" if characters else ""

    return _CHARACTER_LIST.sub(keep, line)


def _is_relevant(line: str, wanted: set[str]) -> bool:
    if rule := _RULE_SOURCE.match(line):
        return rule[1][0] in "\"'“" or wanted.issuperset(rule[1])
    code_point = _CODE_POINT.match(line)
    return code_point is not None and chr(int(code_point[1], 16)) in wanted
