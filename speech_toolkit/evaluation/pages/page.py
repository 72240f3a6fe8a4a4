"""What the pages of reports have in common: verdict on top, sections, the report itself at the end.

Charts and audio are in the page, as all else is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speech_toolkit.evaluation.pages.parts.shared import badge
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.document import SORTED_TABLES, page_text, part_text
from speech_toolkit.page_parts.elements import Content, Markup, bullets, element
from speech_toolkit.page_parts.layout import Section, contents, download, figure_list, section_part


@dataclass(frozen=True)
class Page:
    """A report, taken apart for reading.

    Attributes:
        title: what was measured.
        verdict: "PASS", "FAIL" or "NOT VALID"; None where nothing is judged.
        lead: what ran on what.
        reasons: what speaks against a PASS.
        figures: the few that count most, each with its name.
        sections: all else, in order.
    """

    title: str
    verdict: str | None
    lead: Content
    reasons: Sequence[Content]
    figures: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def render(page: Page, report: Mapping[str, Any], texts: Texts) -> str:
    """Return a page as the text of its file.

    Args:
        page: what to say.
        report: the whole of it, to be taken out of the page again.
        texts: of the page's language.
    """
    return page_text(
        f"{page.verdict or ''} {page.title}".strip(),
        [
            _header(page, texts),
            element("main", *map(section_part, page.sections)),
            download(report, f"{report['kind']}.json", lambda size: texts("download", size=size)),
        ],
        language_tag=texts.tag,
        scripts=[part_text(SORTED_TABLES)],
    )


def _header(page: Page, texts: Texts) -> Markup:
    return element(
        "header",
        element("h1", badge(page.verdict, texts) if page.verdict else None, " ", page.title),
        element("div", page.lead, class_="lead"),
        bullets(list(page.reasons)),
        figure_list(page.figures),
        contents(page.sections, texts("contents")),
    )
