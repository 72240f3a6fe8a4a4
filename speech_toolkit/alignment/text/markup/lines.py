"""Lines that are markup as a whole: cue times of subtitles, page numbers, lines of signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

from speech_toolkit.alignment.text.markup.ranges import Stretch

_LINE = regex.compile(r"[^\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]+")
_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_CUE_TIMES = regex.compile(rf"\s*{_CLOCK}\s*--?>\s*{_CLOCK}(?:\s[^\n]*)?")
_NUMBER = regex.compile(r"\s*(\d{1,6})\s*")
_DASHED_NUMBER = regex.compile(r"\s*[-–—~]\s*\d{1,5}\s*[-–—~]\s*")
_PAGE = regex.compile(
    r"\s*[\[(]?\s*(?:(?:page|seite|página|pagina|pág\.|стр\.|страница|sayfa|strona|p\.|pg\.|pp\.|S\.)"
    r"\s*\d{1,5}(?:\s*(?:of|/|von|de|di|из)\s*\d{1,5})?|第\s*\d{1,5}\s*[页頁ページ]+(?:\s*[,，/]?\s*共\s*\d+\s*[页頁])?"
    r"|\d{1,5}\s*(?:쪽|페이지))\s*[\])]?\s*\.?\s*",
    regex.IGNORECASE,
)
_RULE = regex.compile(r"\s*([=\-_*~#+])(?:\s*\1){2,}\s*")
_ONLY_TIME = regex.compile(r"\s*[\[(]?\s*(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?\s*[\])]?\s*")
_TIME_FIRST = regex.compile(r"\s*(\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,3})?)(?=\s)")
_WEBVTT = regex.compile(r"\ufeff?WEBVTT(?:[ \t].*)?")
_FINISHED = regex.compile(r"[\p{Sentence_Terminal}…:：\"”’»」』)\]]\s*$")


class Line(NamedTuple):
    """A line of a text that is not blank.

    Attributes:
        text: without its end.
        start: its first character in the whole.
    """

    text: str
    start: int

    @property
    def stretch(self) -> Stretch:
        """Where its visible part stands."""
        body = self.text.strip()
        start = self.start + self.text.index(body)
        return start, start + len(body)


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text that hold something."""
    found = (Line(match[0], match.start()) for match in _LINE.finditer(text))
    return [line for line in found if line.text.strip()]


def find_lines(text: str) -> Iterator[Stretch]:
    """Find lines that are markup, and times that begin a line.

    Headings are none, for they are read aloud in most audiobooks.

    Args:
        text: as typed.

    Yields:
        Stretches in any order.
    """
    lines = lines_of(text)
    if lines and _WEBVTT.fullmatch(lines[0].text):
        yield lines[0].stretch
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        is_cue_number = _NUMBER.fullmatch(line.text) and following is not None
        if (
            _CUE_TIMES.fullmatch(line.text)
            or (is_cue_number and _CUE_TIMES.fullmatch(following.text))
            or _RULE.fullmatch(line.text)
        ):
            yield line.stretch
    if len(lines) > 1:
        yield from _page_numbers(lines)
        yield from _times(lines)


def _page_numbers(lines: Sequence[Line]) -> Iterator[Stretch]:
    """Find page numbers.

    A bare number may be read aloud, as in a countdown or above a chapter. It is that of a page
    where the sentence goes on around it, and so are those of the same run: 11, 12, 13.
    """
    bare: list[tuple[int, Line, bool]] = []
    for place, line in enumerate(lines):
        if _PAGE.fullmatch(line.text) or _DASHED_NUMBER.fullmatch(line.text):
            yield line.stretch
        elif match := _NUMBER.fullmatch(line.text):
            bare.append((int(match[1]), line, _is_amid_sentence(lines, place)))
    run: list[tuple[int, Line, bool]] = []
    for number in [*bare, None]:
        if run and (number is None or number[0] != run[-1][0] + 1):
            if any(is_amid for *_, is_amid in run):
                yield from (line.stretch for _, line, _ in run)
            run = []
        if number is not None:
            run.append(number)


def _is_amid_sentence(lines: Sequence[Line], place: int) -> bool:
    if not 0 < place < len(lines) - 1 or _FINISHED.search(lines[place - 1].text):
        return False
    before, after = lines[place - 1].text.strip(), lines[place + 1].text.strip()
    return before[-1].isalpha() and after[0].islower()


def _times(lines: Sequence[Line]) -> Iterator[Stretch]:
    """Find the times of a transcript that has several: alone on lines, or first in them."""
    alone = [line for line in lines if _ONLY_TIME.fullmatch(line.text)]
    if 1 < len(alone) < len(lines):
        yield from (line.stretch for line in alone)
    first = [(line, match) for line in lines if (match := _TIME_FIRST.match(line.text))]
    if len(first) > 1:
        yield from ((line.start + m.start(1), line.start + m.end(1)) for line, m in first)
