"""Parts of which every chart is made: the frame, axes, legends and the marks of a series.

Charts are plain SVG, coloured by the page's style. Each is drawn once for a phone and again for
wider pages, so that its text has the same size on both; the style shows the widest that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from speech_toolkit.page_parts.elements import Content, Markup, element, join
from speech_toolkit.page_parts.scales import Scale

PHONE_PX, PAGE_PX, WIDEST_PX = 320, 720, 1000  # as in the style: .drawn-320 and so on
SERIES = 8  # colours that the style knows: .series-0 and so on
_TICK_PX = 4


def figure(
    title: str,
    draw: Callable[[int], Markup],
    legend: Sequence[tuple[Markup, str]] = (),
    note: Content = None,
    widths_px: Sequence[int] = (PHONE_PX, PAGE_PX),
) -> Markup:
    """Return a chart with its title, its legend and what to know about it.

    Args:
        title: of the chart.
        draw: from a width in pixels to the drawing.
        legend: marks and what they stand for.
        note: what to know about it.
        widths_px: the widths that it is drawn in, the narrowest first.
    """
    drawings = [element("div", draw(width), class_=f"drawn drawn-{width}") for width in widths_px]
    keys = [element("li", _key(mark), text) for mark, text in legend]
    return element(
        "figure",
        element("figcaption", title),
        element("ul", *keys, class_="legend") if keys else None,
        element("div", *drawings, class_=f"drawings up-to-{widths_px[-1]}"),
        element("p", note, class_="note") if note else None,
    )


def canvas(width: float, height: float, description: str, *parts: Content) -> Markup:
    """Return a drawing of the given size in pixels, which a screen reader describes."""
    return element(
        "svg",
        *parts,
        class_="chart",
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=description,
    )


def label(x: float, y: float, text: str, kind: str = "start", **attributes: str) -> Markup:
    """Return text that starts, ends or has its middle at a place."""
    return element("text", text, x=x, y=y, text_anchor=kind, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Return a straight line of a class of the style."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def dot(x: float, y: float, kind: str, hint: str | None = None) -> Markup:
    """Return a point; its hint is shown under a pointer."""
    return element("circle", _hint(hint), cx=x, cy=y, r=3, class_=kind)


def triangle(x: float, y: float, kind: str, hint: str | None = None) -> Markup:
    """Return a mark that is told from a point without its colour."""
    corners = f"{x - 6:.5g},{y + 5:.5g} {x + 6:.5g},{y + 5:.5g} {x:.5g},{y - 6:.5g}"
    return element("polygon", _hint(hint), points=corners, class_=kind)


def box(
    x: float, y: float, width: float, height: float, kind: str, hint: str | None = None
) -> Markup:
    """Return a filled rectangle; one without a width or height is left to its hint."""
    size = {"width": max(width, 0.0), "height": max(height, 0.0)}
    return element("rect", _hint(hint), x=x, y=y, class_=kind, **size)


def bottom_axis(
    scale: Scale, y: float, top: float, title: str, show: Callable[[float], str]
) -> Markup:
    """Return a horizontal axis with grid lines up to ``top`` and its title below."""
    middle = (scale.start + scale.end) / 2
    ticks = [
        join(
            line(scale(value), top, scale(value), y + _TICK_PX, "grid"),
            label(scale(value), y + 18, show(value), "middle"),
        )
        for value in scale.ticks()
    ]
    base = line(scale.start, y, scale.end, y, "axis")
    return join(*ticks, base, label(middle, y + 38, title, "middle", class_="title"))


def left_axis(
    scale: Scale, x: float, right: float, title: str, show: Callable[[float], str]
) -> Markup:
    """Return a vertical axis with grid lines to ``right`` and its title turned beside it."""
    ticks = [
        join(
            line(x - _TICK_PX, scale(value), right, scale(value), "grid"),
            label(x - 8, scale(value) + 4, show(value), "end"),
        )
        for value in scale.ticks()
    ]
    middle = (scale.start + scale.end) / 2
    turned = label(
        14, middle, title, "middle", class_="title", transform=f"rotate(-90 14 {middle:.5g})"
    )
    return join(*ticks, line(x, scale.start, x, scale.end, "axis"), turned)


def series(index: int) -> str:
    """Return the class of a series' colour."""
    return f"series-{index % SERIES}"


def _hint(text: str | None) -> Markup | None:
    return None if text is None else element("title", text)


def _key(mark: Markup) -> Markup:
    """Return a mark drawn around (8, 8) as a small picture for a legend."""
    return element("svg", mark, width=16, height=16, aria_hidden="true")
