"""One result in the forms that other programs read: a file for each, and the table of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.formats import (
    ass,
    audacity,
    csv_table,
    ctm,
    lrc,
    plain_text,
    rttm,
    srt,
    textgrid,
    tsv,
    vtt,
)
from speech_toolkit.formats.page.settings import PageSettings
from speech_toolkit.formats.subtitles.options import SubtitleOptions
from speech_toolkit.formats.timed_text import TimedText, timed_text
from speech_toolkit.transcription.settings import TIMESTAMPS

JSON, HTML = "json", "html"


@dataclass(frozen=True)
class Format:
    """A form in which timed text can be written.

    Attributes:
        name: as ``--format`` takes it.
        suffix: of its files, the dot included.
        needs: which times it cannot be without: "none", "segment" or "word".
        render: from timed text to the text of a file, newline at its end included; None for JSON,
            which is the result itself, and for the page, which holds it.
        wants: which times are found for it where nobody says; None for those it needs.
    """

    name: str
    suffix: str
    needs: str
    render: Callable[[TimedText], str] | None
    wants: str | None = None

    def needed(self, options: SubtitleOptions) -> str:
        """Return which times it cannot be without: "none", "segment" or "word"."""
        return self.needs

    def wanted(self, options: SubtitleOptions) -> str:
        """Return which times are found for it where nobody says."""
        return self.wants or self.needs

    def text(self, timed: TimedText, options: SubtitleOptions) -> str:
        """Return the text of a file."""
        assert self.render is not None, "JSON is written from the result itself"
        return self.render(timed)


@dataclass(frozen=True)
class SubtitleFormat(Format):
    """A form that is written as the options of subtitles say.

    Attributes:
        render: from timed text and these options to the text of a file.
    """

    render: Callable[[TimedText, SubtitleOptions], str]

    def needed(self, options: SubtitleOptions) -> str:
        """Return "word" where words are to be highlighted."""
        return "word" if options.highlight_words else self.needs

    def wanted(self, options: SubtitleOptions) -> str:
        """Return "word" where text is laid out: where it breaks, a time is looked for."""
        return self.needed(options) if options.is_plain else "word"

    def text(self, timed: TimedText, options: SubtitleOptions) -> str:
        """Return the text of a file."""
        return self.render(timed, options)


_TABLE = (
    Format("txt", ".txt", "none", plain_text.render),
    Format(JSON, ".json", "none", None),
    Format("textgrid", ".TextGrid", "segment", textgrid.render, wants="word"),
    Format("ctm", ".ctm", "word", ctm.render),
    Format("rttm", ".rttm", "segment", rttm.render, wants="word"),
    SubtitleFormat("srt", ".srt", "segment", srt.render),
    SubtitleFormat("vtt", ".vtt", "segment", vtt.render),
    SubtitleFormat("ass", ".ass", "segment", ass.render),
    Format("lrc", ".lrc", "segment", lrc.render),
    Format("audacity", ".audacity.txt", "segment", audacity.render, wants="word"),
    Format("tsv", ".tsv", "segment", tsv.render),
    Format("csv", ".csv", "segment", csv_table.render, wants="word"),
    Format(HTML, ".html", "segment", None, wants="word"),
)
FORMATS = {entry.name: entry for entry in _TABLE}


_DEFAULTS = SubtitleOptions()


def render(
    document: Mapping[str, Any],
    format_name: str,
    options: SubtitleOptions = _DEFAULTS,
    page: PageSettings | None = None,
) -> str:
    """Return a result as the text of a file, newline at its end included.

    Args:
        document: the JSON form of a transcription or an alignment.
        format_name: one of ``FORMATS``.
        options: of subtitles; other formats have none.
        page: how HTML is made; None for a page in English without sound.

    Raises:
        UsageError: the format needs times which the result has not.
        AudioError: the sound of a page cannot be read.
    """
    if format_name == JSON:
        from speech_toolkit.files.writing import json_text

        return json_text(document)
    entry = FORMATS[format_name]
    timed = timed_text(document)
    needed, found = entry.needed(options), _times_in(document, timed)
    if timed.segments and TIMESTAMPS.index(found) < TIMESTAMPS.index(needed):
        how = "needs" if entry.needs == needed else "needs with --highlight_words"
        missing = "times of words" if needed == "word" else "times"
        raise UsageError(
            f"the result of {shown_path(timed.source)} has no {missing}, which the format "
            f"{format_name} {how}; recognise it again with --timestamps {needed}"
        )
    if format_name == HTML:
        from speech_toolkit.formats.page.rendering import render_page

        return render_page(document, page or PageSettings())
    return entry.text(timed, options)


def _times_in(document: Mapping[str, Any], timed: TimedText) -> str:
    """Return the finest times of a result; those of a recogniser may have been left out."""
    if document.get("settings", {}).get("timestamps") == "none":
        return "none"
    return "word" if timed.words else "segment"
