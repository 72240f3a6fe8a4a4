"""A transcript with what of it is spoken, as the user wants its markup treated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import regex

from speech_toolkit.alignment.text.cued_text import CuedText
from speech_toolkit.alignment.text.markup.finding import find_markup
from speech_toolkit.alignment.text.markup.ranges import Stretch, blanked, merged
from speech_toolkit.alignment.text.markup.stripping import stripped
from speech_toolkit.alignment.text.normalization import is_silent_text
from speech_toolkit.alignment.text.segmentation import pieces

MARKUP_CHOICES = ("auto", "keep", "strip")
_VISIBLE = regex.compile(r"\S+")


@dataclass(frozen=True)
class MarkedText:
    """A transcript of which some is not spoken.

    Attributes:
        text: all of it.
        cue_starts: for each cue its first character; empty where sentences are to be found.
        markup: what is not spoken, in order and apart.
        is_stripped: whether markup was taken out of it.
    """

    text: str
    cue_starts: tuple[int, ...] = ()
    markup: tuple[Stretch, ...] = ()
    is_stripped: bool = False

    @cached_property
    def without_markup(self) -> str:
        """The text with spaces for its markup, so that all else keeps its place."""
        return blanked(self.text, self.markup)

    @cached_property
    def unspoken(self) -> tuple[Stretch, ...]:
        """The markup with the punctuation that would be left alone beside it: "[1]."."""
        touched = {place for stretch in self.markup for place in stretch}
        loose = (
            piece.span()
            for piece in (pieces(self.without_markup) if self.markup else ())
            if not touched.isdisjoint(piece.span()) and is_silent_text(piece[0])
        )
        return merged([*self.markup, *loose])

    @cached_property
    def spoken(self) -> str:
        """The text with spaces for all that is unspoken."""
        return blanked(self.text, self.unspoken)

    def unspoken_words(self) -> Iterator[Stretch]:
        """Yield what stands between white space in the unspoken."""
        for start, end in self.unspoken:
            yield from (match.span() for match in _VISIBLE.finditer(self.text, start, end))


def mark(transcript: str | CuedText, markup: str) -> MarkedText:
    """Find the markup of a transcript, and leave it out where that is wanted.

    Args:
        transcript: as typed.
        markup: one of ``MARKUP_CHOICES``.
    """
    if isinstance(transcript, CuedText):
        text, cue_starts = transcript.text, transcript.cue_starts
    else:
        text, cue_starts = transcript, ()
    found = () if markup == "keep" else find_markup(text, has_cues=bool(cue_starts))
    if markup != "strip":
        return MarkedText(text, cue_starts, found)
    rest, places = stripped(text, found)
    return MarkedText(rest, tuple(places[start] for start in cue_starts), is_stripped=bool(found))
