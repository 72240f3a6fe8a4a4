"""How many elements of an output have an error of which size."""

from __future__ import annotations

import math
from collections.abc import Sequence

from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.chart import (
    box,
    canvas,
    figure,
    label,
    left_axis,
    line,
)
from speech_toolkit.page_parts.elements import Markup, join
from speech_toolkit.page_parts.figures import error_size, share
from speech_toolkit.page_parts.scales import amounts, power_of_ten

_LEFT, _TOP, _HEIGHT, _BELOW, _RIGHT = 64, 24, 180, 46, 16
_WIDEST_BAR_PX, _LABEL_PX = 24.0, 34.0
_GUIDES = ((1e-3, "0.1 %", "end"), (1e-2, "1 %", "start"))


def error_histogram(
    title: str, edges: Sequence[float], counts: Sequence[int], texts: Texts
) -> Markup:
    """Draw the distribution of the relative errors of an output's elements.

    Args:
        title: of the chart.
        edges: sizes between the bins, in rising order.
        counts: elements without an error, below the first edge, between each two, above the last.
        texts: of the page's language.
    """
    description = f"{title}. {_description(edges, counts, texts)}"

    def draw(width: int) -> Markup:
        bar = min(_WIDEST_BAR_PX, (width - _LEFT - _RIGHT) / len(counts))
        right, bottom = _LEFT + bar * len(counts), _TOP + _HEIGHT
        title_x = (_LEFT + right) / 2
        return canvas(
            right + _RIGHT,
            bottom + _BELOW,
            description,
            _bars(edges, counts, bar, texts),
            line(_LEFT, bottom, right, bottom, "axis"),
            _names(edges, bar, bottom),
            _guides(edges, bar, bottom),
            label(title_x, bottom + 38, texts("element_error_axis"), "middle", class_="title"),
        )

    return figure(title, draw, note=texts("histogram_note"))


def _bars(edges: Sequence[float], counts: Sequence[int], bar: float, texts: Texts) -> Markup:
    """Draw the axis of shares and a bar for each bin."""
    total = sum(counts) or 1
    shares = [100 * count / total for count in counts]
    right, bottom = _LEFT + bar * len(counts), _TOP + _HEIGHT
    scale = amounts([max(shares)], bottom, _TOP)
    bars = [
        box(
            _LEFT + bar * index + 1,
            scale(percent),
            bar - 2,
            bottom - scale(percent),
            "mark series-0",
            f"{_bin_name(index, edges)}: {counts[index]} ({share(percent / 100)})",
        )
        for index, percent in enumerate(shares)
    ]
    axis = left_axis(scale, _LEFT, right, texts("elements_axis"), lambda value: f"{value:g}")
    return join(axis, *bars)


def _description(edges: Sequence[float], counts: Sequence[int], texts: Texts) -> str:
    return texts("histogram_peak", bin=_bin_name(counts.index(max(counts)), edges))


def _bin_name(index: int, edges: Sequence[float]) -> str:
    """Return the range of a bin."""
    if index == 0:
        return "0"
    if index == 1:
        return f"< {error_size(edges[0])}"
    if index == len(edges) + 1:
        return f"> {error_size(edges[-1])}"
    return f"{error_size(edges[index - 2])} … {error_size(edges[index - 1])}"


def _edge_place(index: int, bar: float) -> float:
    """Return where an edge stands: the bins without an error and below the first come before."""
    return _LEFT + bar * (index + 2)


def _names(edges: Sequence[float], bar: float, bottom: float) -> Markup:
    """Name the bin without an error, and of the decades, every second edge, those with room."""
    stride = 2 * math.ceil(_LABEL_PX / (2 * bar))
    decades = [
        label(_edge_place(index, bar), bottom + 18, power_of_ten(edge), "middle")
        for index, edge in enumerate(edges)
        if index % stride == 0 and bar * (index + 1.5) > _LABEL_PX * 0.8
    ]
    return join(label(_LEFT + bar / 2, bottom + 18, "0", "middle"), *decades)


def _guides(edges: Sequence[float], bar: float, bottom: float) -> Markup:
    """Mark the limits that the shares within 0.1 % and 1 % go by."""
    parts = []
    for value, name, kind in _GUIDES:
        near = [index for index, edge in enumerate(edges) if abs(edge / value - 1) < 1e-6]
        for index in near:
            x = _edge_place(index, bar)
            parts += [line(x, _TOP, x, bottom, "tail"), label(x, _TOP - 8, name, kind)]
    return join(*parts)
