"""Where sentences end among words of which some are markup, or whose cues are known."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from speech_toolkit.alignment.text.markup.marking import MarkedText
from speech_toolkit.alignment.text.markup.ranges import Stretch
from speech_toolkit.alignment.text.segmentation import has_line_break, sentence_ends

_ASIDE = "["  # what stands alone and is not spoken begins a sentence after a full stop


def ends_of_sentences(marked: MarkedText, words: Sequence[Stretch], language: str) -> Iterator[int]:
    """Find the ends of sentences.

    A cue is a sentence. Else, markup that touches a word belongs to its sentence: "end.[1] Next",
    "end.</i> Next"; what stands alone after the end of a sentence belongs to the next.

    Args:
        marked: the text.
        words: first character of each word, those of markup too, and one past its last.
        language: ISO 639-3.

    Yields:
        One past the index of each sentence's last word, rising; the last is ``len(words)``.
    """
    if marked.cue_starts:
        cues = [bisect_right(marked.cue_starts, start) for start, _ in words]
        yield from (place for place, (a, b) in enumerate(pairwise(cues), start=1) if a != b)
        yield len(words)
        return
    groups = list(_touching(marked, words))
    texts = [_spoken_text(marked, words[first][0], words[end - 1][1]) for first, end in groups]
    gaps = [(words[end - 1][1], words[end][0]) for _, end in groups[:-1]]
    breaks = [has_line_break(_open_gap(marked, *gap)) for gap in gaps]
    for end in sentence_ends(texts, [*breaks, True], language):
        yield groups[end - 1][1]


def _touching(marked: MarkedText, words: Sequence[Stretch]) -> Iterator[tuple[int, int]]:
    """Yield words with the markup that touches them, as first index and one past the last."""
    if not marked.markup:
        yield from ((place, place + 1) for place in range(len(words)))
        return
    spoken = marked.spoken
    first = 0
    for place, (before, after) in enumerate(pairwise(words), start=1):
        touch = before[1] == after[0]
        if touch and (spoken[before[0]] == " " or spoken[after[0]] == " "):
            continue
        yield first, place
        first = place
    yield first, len(words)


def _spoken_text(marked: MarkedText, start: int, end: int) -> str:
    if not marked.markup:
        return marked.text[start:end]
    rest = "".join(marked.without_markup[start:end].split())
    is_spoken = bool(marked.spoken[start:end].strip())
    return rest if is_spoken else _ASIDE + rest


def _open_gap(marked: MarkedText, start: int, end: int) -> str:
    """Return what parts two words; nothing where one stretch of markup holds both."""
    at = bisect_right(marked.markup, (start, len(marked.text)))
    holds_both = at > 0 and marked.markup[at - 1][1] >= end
    return "" if holds_both else marked.text[start:end]
