"""The file of a page, which needs nothing but itself.

Style and scripts are in it, and its content security policy forbids it to load anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from speech_toolkit.page_parts.elements import Content, Markup, element

SORTED_TABLES = "tables.js"


def page_text(
    title: str, body: Sequence[Content], *, language_tag: str, scripts: Sequence[str] = ()
) -> str:
    """Return a page as the text of its file.

    Args:
        title: of its tab.
        body: what is on it.
        language_tag: its language as HTML names it.
        scripts: their text; each is run when the page is there.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(scripts)),
        element("title", title),
        element("style", Markup(part_text("style.css"))),
    )
    parts = (*body, *(element("script", Markup(script)) for script in scripts))
    whole = element("html", head, element("body", *parts), lang=language_tag)
    return f"<!DOCTYPE html>\n{whole}\n"


def hash_source(text: str) -> str:
    """Return how a content security policy names an inline script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def part_text(name: str) -> str:
    """Return the text of a file of this folder, such as ``SORTED_TABLES``."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    hashes = " ".join(map(hash_source, scripts)) or "'none'"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; media-src data:; img-src data:; "
        f"script-src {hashes}"
    )
