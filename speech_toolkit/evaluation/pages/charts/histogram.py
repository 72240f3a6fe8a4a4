"""How many elements of an output have an error of which size."""

from __future__ import annotations

from collections.abc import Sequence

from speech_toolkit.evaluation.pages.charts.chart import (
    box,
    canvas,
    figure,
    label,
    left_axis,
    line,
)
from speech_toolkit.evaluation.pages.charts.scales import amounts, power_of_ten
from speech_toolkit.evaluation.pages.elements import Markup, join
from speech_toolkit.evaluation.pages.wording.figures import error_size, share
from speech_toolkit.evaluation.pages.wording.texts import Texts

_LEFT, _TOP, _HEIGHT, _BAR, _BELOW = 64, 24, 180, 24, 46
_GUIDES = ((1e-3, "0.1 %"), (1e-2, "1 %"))


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
    total = sum(counts) or 1
    shares = [100 * count / total for count in counts]
    right, bottom = _LEFT + _BAR * len(counts), _TOP + _HEIGHT
    scale = amounts([max(shares)], bottom, _TOP)
    drawing = canvas(
        right + 16,
        bottom + _BELOW,
        f"{title}. {_description(edges, counts, texts)}",
        left_axis(scale, _LEFT, right, texts("elements_axis"), lambda value: f"{value:g}"),
        *(
            box(
                _LEFT + _BAR * index + 1,
                scale(percent),
                _BAR - 2,
                bottom - scale(percent),
                "mark series-0",
                f"{_bin_name(index, edges)}: {counts[index]} ({share(percent / 100)})",
            )
            for index, percent in enumerate(shares)
        ),
        line(_LEFT, bottom, right, bottom, "axis"),
        _names(edges, bottom),
        _guides(edges, bottom),
        label(
            (_LEFT + right) / 2, bottom + 38, texts("element_error_axis"), "middle", class_="title"
        ),
    )
    return figure(title, drawing, note=texts("histogram_note"))


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


def _edge_place(index: int) -> float:
    """Return where an edge stands: the bins without an error and below the first come before."""
    return _LEFT + _BAR * (index + 2)


def _names(edges: Sequence[float], bottom: float) -> Markup:
    """Name the bin without an error, and every second of the edges, the decades."""
    decades = [
        label(_edge_place(index), bottom + 18, power_of_ten(edge), "middle")
        for index, edge in enumerate(edges)
        if index % 2 == 0
    ]
    return join(label(_LEFT + _BAR / 2, bottom + 18, "0", "middle"), *decades)


def _guides(edges: Sequence[float], bottom: float) -> Markup:
    """Mark the limits that the shares within 0.1 % and 1 % go by."""
    parts = []
    for value, name in _GUIDES:
        near = [index for index, edge in enumerate(edges) if abs(edge / value - 1) < 1e-6]
        for index in near:
            x = _edge_place(index)
            parts += [line(x, _TOP, x, bottom, "tail"), label(x, _TOP - 8, name, "middle")]
    return join(*parts)
