"""Subtitles in SubRip and WebVTT -> the text of their cues, to the letter."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from speech_toolkit.errors import ToolkitError
from speech_toolkit.files.encoded_text import shown_name

SUFFIXES = (".srt", ".vtt")
_LINE_END = re.compile(r"\r\n?|\n")
_CLOCK = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[,.]\d{1,3})?"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?")
_MEANT_AS_TIMES = re.compile(r"-->|^\s*\d+:\d+.*[-–—=]>")
_NUMBER = re.compile(r"\s*\d+\s*")
_NO_CUES = ("NOTE", "STYLE", "REGION")
# What WebVTT writes for characters that it reads as its own; other texts keep theirs.
_ENTITIES = re.compile(r"&(?:amp|lt|gt|nbsp|lrm|rlm);")


def cue_texts(text: str, name: str, *, error: type[ToolkitError]) -> tuple[str, ...]:
    """Return the text of each cue that has one, lines parted by newlines, tags kept.

    Args:
        text: of a file in SubRip, or in WebVTT where it begins with that.
        name: of the file, for messages.
        error: the class of what is raised.

    Raises:
        ToolkitError: of class ``error``; the file holds no cues or is damaged. The message names
            the line.
    """
    lines = _LINE_END.split(text)
    is_vtt = lines[0].split(" ")[0].split("\t")[0] == "WEBVTT"
    if not is_vtt and name.lower().endswith(".vtt"):
        raise error(
            f"{shown_name(name)}:1: a WebVTT file begins with the line WEBVTT; write it there, or "
            "name the file .srt if it holds SubRip"
        )
    found = _vtt_cues(lines) if is_vtt else lines
    heads = [place for place, line in enumerate(found) if _MEANT_AS_TIMES.search(line)]
    _check(lines, found, heads, is_vtt, name, error)
    ends = [*heads[1:], len(found)]
    cues = (
        _cue(found[head + 1 : end], is_vtt, is_last=end == len(found))
        for head, end in zip(heads, ends, strict=True)
    )
    return tuple(cue for cue in cues if cue)


def _vtt_cues(lines: Sequence[str]) -> list[str]:
    """Return as many lines, those of the header and of blocks that are no cues left empty."""
    found = list(lines)
    is_skipped = True
    for place, line in enumerate(lines):
        if not line.strip():
            is_skipped = False
        elif place and not lines[place - 1].strip():
            is_skipped = line.split(" ")[0].strip() in _NO_CUES
        if is_skipped:
            found[place] = ""
    return found


def _cue(lines: Sequence[str], is_vtt: bool, *, is_last: bool) -> str:
    """Return the text that stands between two lines of times."""
    if not is_last and lines:
        if is_vtt and len(lines) > 1 and lines[-1].strip() and not lines[-2].strip():
            lines = lines[:-1]  # the next cue's name
        elif not is_vtt and _NUMBER.fullmatch(lines[-1]):
            lines = lines[:-1]
    cue = "\n".join(line.rstrip() for line in lines).strip("\n")
    return _ENTITIES.sub(lambda match: html.unescape(match[0]), cue) if is_vtt else cue


def _check(
    lines: Sequence[str],
    found: Sequence[str],
    heads: Sequence[int],
    is_vtt: bool,
    name: str,
    error: type[ToolkitError],
) -> None:
    example = "00:01.000 --> 00:02.500" if is_vtt else "00:00:01,000 --> 00:00:02,500"
    for place in heads:
        if not _TIMES.fullmatch(found[place]):
            raise error(
                f"{shown_name(name)}:{place + 1}: {lines[place].strip()[:40]!r} is no line of "
                f"times; write them as {example}"
            )
    first = heads[0] if heads else len(found)
    for place, line in enumerate(found[:first]):
        is_name = place == first - 1 and (is_vtt or _NUMBER.fullmatch(line))
        if line.strip() and not is_name:
            raise error(
                f"{shown_name(name)}:{place + 1}: {line.strip()[:40]!r} stands before the first "
                f"line of times, such as {example}; remove it, or name the file .txt if it holds "
                "no subtitles"
            )
    if not heads:
        raise error(f"{shown_name(name)}: holds no subtitles, whose times look like {example}")
