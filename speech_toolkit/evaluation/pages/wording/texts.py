"""The fixed texts of a page in every language it can be written in.

Beside this file is one for each language: ``page`` by key, ``checks`` what the figure of a
criterion is, ``stages`` the parts of a run, ``names`` the words that reports use.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from speech_toolkit.evaluation.pages.languages import LANGUAGES
from speech_toolkit.evaluation.pages.wording.sentences import translate
from speech_toolkit.page_parts.elements import Content, element

_DIRECTORY = Path(__file__).parent
_TAGS = dict(zip(LANGUAGES, ("en", "zh-CN"), strict=True))


@dataclass(frozen=True)
class Texts:
    """Texts in one language.

    Attributes:
        language: one of ``LANGUAGES``.
    """

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """Return a fixed text, with values put in where it has places for them.

        Raises:
            KeyError: there is no such text.
        """
        return wording(self.language)["page"][key].format_map(values)

    @property
    def tag(self) -> str:
        """The language as HTML names it."""
        return _TAGS[self.language]

    def check(self, name: str) -> str | None:
        """Return what the figure of a criterion is, None for an unknown one."""
        return wording(self.language)["checks"].get(name)

    def stage(self, name: str) -> str:
        """Return the name of a stage of a run."""
        return wording(self.language)["stages"].get(name) or name.replace("_", " ")

    def name(self, word: str) -> str:
        """Return a word of a report, such as a status or a condition, for readers."""
        return wording(self.language)["names"].get(word) or word.replace("_", " ")

    def condition(self, value: str) -> str:
        """Return what a condition was, such as "20 dB white"; names of voices stay as they are."""
        return value if self.language == "en" else translate(value) or value

    def sentence(self, text: str | None) -> Content:
        """Return a sentence of a report; one without a translation stays English, and says so."""
        if text is None or self.language == "en":
            return text
        translated = translate(text)
        return element("span", text, lang="en") if translated is None else translated


@cache
def wording(language: str) -> dict[str, dict[str, str]]:
    """Return all texts of a language."""
    return json.loads((_DIRECTORY / f"{language}.json").read_text(encoding="utf-8"))
