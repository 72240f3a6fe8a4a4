"""What all pages have in common: verdict on top, sections, the report itself at the end.

A page needs nothing but itself: style, script, charts and audio are in it, and its content security
policy forbids it to load anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from speech_toolkit.evaluation.pages.elements import Content, Markup, bullets, element
from speech_toolkit.evaluation.pages.parts.shared import badge
from speech_toolkit.evaluation.pages.wording.figures import size
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.files.writing import json_text


@dataclass(frozen=True)
class Section:
    """One part of a page.

    Attributes:
        anchor: its name in links.
        title: its heading.
        content: what it says.
    """

    anchor: str
    title: str
    content: Markup


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
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _meta_policy(),
        element("title", f"{page.verdict or ''} {page.title}".strip()),
        element("style", Markup(_data("style.css"))),
    )
    body = element(
        "body",
        _header(page, texts),
        element("main", *(_section(section) for section in page.sections)),
        _download(report, texts),
        element("script", Markup(_data("script.js"))),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang=texts.tag)}\n"


def _header(page: Page, texts: Texts) -> Markup:
    links = [element("a", each.title, href=f"#{each.anchor}") for each in page.sections]
    figures = [
        element("div", element("dt", f"{name[:1].upper()}{name[1:]}"), element("dd", value))
        for name, value in page.figures
    ]
    return element(
        "header",
        element("h1", badge(page.verdict, texts) if page.verdict else None, " ", page.title),
        element("div", page.lead, class_="lead"),
        bullets(list(page.reasons)),
        element("dl", *figures, class_="figures") if figures else None,
        element("nav", bullets(links), aria_label=texts("contents")),
    )


def _section(section: Section) -> Markup:
    return element("section", element("h2", section.title), section.content, id=section.anchor)


def _download(report: Mapping[str, Any], texts: Texts) -> Markup:
    """Return a link that holds the report itself."""
    content = json_text(report).encode("utf-8", "backslashreplace")
    link = element(
        "a",
        texts("download", size=size(len(content))),
        href=f"data:application/json;base64,{base64.b64encode(content).decode()}",
        download=f"{report['kind']}.json",
    )
    return element("footer", element("p", link, class_="download"))


def _meta_policy() -> Markup:
    digest = base64.b64encode(hashlib.sha256(_data("script.js").encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; media-src data:; img-src data:; "
        f"script-src 'sha256-{digest}'"
    )
    return element("meta", http_equiv="Content-Security-Policy", content=policy)


@cache
def _data(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
