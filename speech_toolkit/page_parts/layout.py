"""How pages are laid out: the figures that count most, a list of contents, sections, a download."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speech_toolkit.files.writing import json_text
from speech_toolkit.page_parts.elements import Markup, bullets, element
from speech_toolkit.page_parts.figures import size


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


def figure_list(figures: Sequence[tuple[str, str]]) -> Markup | None:
    """Return the few figures that count most, each with its name; None where there is none."""
    parts = [
        element("div", element("dt", f"{name[:1].upper()}{name[1:]}"), element("dd", value))
        for name, value in figures
    ]
    return element("dl", *parts, class_="figures") if parts else None


def contents(sections: Sequence[Section], label: str) -> Markup:
    """Return links to sections; the label is for a screen reader."""
    links = [element("a", each.title, href=f"#{each.anchor}") for each in sections]
    return element("nav", bullets(links), aria_label=label)


def section_part(section: Section) -> Markup:
    """Return a section with its heading."""
    return element("section", element("h2", section.title), section.content, id=section.anchor)


def download(document: Mapping[str, Any], name: str, label: Callable[[str], str]) -> Markup:
    """Return a link that holds a document itself.

    Args:
        document: ready for JSON.
        name: of the file that it becomes.
        label: from its size to the text of the link.
    """
    content = json_text(document).encode("utf-8", "backslashreplace")
    link = element(
        "a",
        label(size(len(content))),
        href=f"data:application/json;base64,{base64.b64encode(content).decode()}",
        download=name,
    )
    return element("footer", element("p", link, class_="download"))
