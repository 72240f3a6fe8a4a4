"""The fixed texts of the page, in every language that it has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from speech_toolkit.formats.page.languages import LANGUAGES

TAGS = dict(zip(LANGUAGES, ("en", "zh-CN"), strict=True))
_DIRECTORY = Path(__file__).with_name("wording")


@dataclass(frozen=True)
class Texts:
    """Texts in one language.

    Attributes:
        language: one of ``LANGUAGES``.
    """

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """Return a text, with values put in where it has places for them."""
        return wording(self.language)["page"][key].format_map(values)

    def kind(self, name: str) -> str:
        """Return the kind of a failure for readers."""
        return wording(self.language)["kinds"].get(name) or name

    def verdict(self, name: str) -> str:
        """Return a verdict for readers, or what stands for none."""
        return wording(self.language)["verdicts"][name]

    def reason(self, kind: str) -> str:
        """Return the kind of a reason for readers."""
        return wording(self.language)["reasons"].get(kind) or kind


@cache
def wording(language: str) -> dict[str, dict[str, str]]:
    """Return all texts of a language."""
    return json.loads((_DIRECTORY / f"{language}.json").read_text(encoding="utf-8"))
