"""What is written of each result of a corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from speech_toolkit.corpus.item import Item
from speech_toolkit.files.writing import utf8
from speech_toolkit.formats import FORMATS, HTML, render
from speech_toolkit.formats.page.settings import PageSettings
from speech_toolkit.formats.subtitles.options import SubtitleOptions


@dataclass(frozen=True)
class ResultForms:
    """The files of each result, named after its item.

    Attributes:
        format_names: of ``FORMATS``.
        subtitles: the options of those that are subtitles.
        page: how HTML is made; None where none is written.
        directory: where the files will stand, from which a page leads to its recording.
    """

    format_names: tuple[str, ...]
    subtitles: SubtitleOptions = field(default_factory=SubtitleOptions)
    page: PageSettings | None = None
    directory: str = "."

    def settings(self) -> dict[str, Any]:
        """Return what the files depend on, ready for JSON."""
        return {
            "format": list(self.format_names),
            "subtitles": asdict(self.subtitles),
            "page": self.page and {"language": self.page.language, "audio": self.page.audio},
        }

    def names(self, item: Item) -> dict[str, str]:
        """Return the names of an item's files, relative to the directory, by their format."""
        return {name: item.id + FORMATS[name].suffix for name in self.format_names}

    def render(self, item: Item, document: Mapping[str, Any]) -> dict[str, bytes]:
        """Return the content of an item's files, by their names relative to the directory.

        Args:
            item: that was done.
            document: the JSON form of its result.

        Raises:
            UsageError: a format needs times which the result has not.
            AudioError: the sound of a page cannot be read.
        """
        return {
            path: utf8(render(document, name, self.subtitles, self._page(item, name, path)))
            for name, path in self.names(item).items()
        }

    def _page(self, item: Item, format_name: str, path: str) -> PageSettings | None:
        if self.page is None or format_name != HTML:
            return None
        page_path = str(Path(self.directory) / path)
        return replace(self.page, audio_path=item.audio_path, page_path=page_path)
