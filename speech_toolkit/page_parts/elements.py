"""HTML and SVG elements as text, everything escaped that is not markup already."""

from __future__ import annotations

import html

_VOID = frozenset(("br", "col", "hr", "img", "input", "link", "meta", "source"))


class Markup(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


Content = str | Markup | None


def element(name: str, /, *children: Content, **attributes: str | float | bool | None) -> Markup:
    """Return an element.

    Args:
        name: of the tag.
        children: text, which is escaped, and markup, which is not; None is left out.
        attributes: by name, with ``_`` for ``-`` and a trailing ``_`` where Python has the word;
            None and False are left out, True stands without a value.
    """
    opening = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if name in _VOID:
        return Markup(opening)
    return Markup(f"{opening}{join(*children)}</{name}>")


def join(*children: Content) -> Markup:
    """Return children one after the other as one piece of markup."""
    return Markup("".join(_escape(child) for child in children if child is not None))


def code(text: object) -> Markup:
    """Return an identifier or a raw value in the type of code."""
    return element("code", str(text))


def paragraph(text: Content, kind: str | None = None) -> Markup:
    """Return a paragraph, of a class of its own where one is named."""
    return element("p", text, class_=kind)


def bullets(items: list[Content], kind: str | None = None) -> Markup | None:
    """Return a list with a point for each item; None where there is none."""
    return element("ul", *(element("li", item) for item in items), class_=kind) if items else None


def folded(summary: Content, *children: Content) -> Markup:
    """Return content that is shown when its summary is clicked."""
    return element("details", element("summary", summary), *children)


def scrolling(content: Markup, label: str) -> Markup:
    """Return wide content in a box that scrolls by itself, by the keyboard too."""
    return element("div", content, class_="scroll", role="region", aria_label=label, tabindex=0)


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f' {name}="{html.escape(shown)}"'


def _escape(child: str) -> str:
    return child if isinstance(child, Markup) else html.escape(child, quote=False)
