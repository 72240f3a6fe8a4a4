"""How many recordings have which mean probability."""

from __future__ import annotations

from collections.abc import Sequence

from speech_toolkit.corpus.page.texts import Texts
from speech_toolkit.page_parts.chart import (
    box,
    canvas,
    figure,
    label,
    left_axis,
    line,
)
from speech_toolkit.page_parts.elements import Markup
from speech_toolkit.page_parts.scales import amounts

_LEFT, _TOP, _HEIGHT, _BELOW, _RIGHT = 64, 16, 180, 46, 16
_WIDEST_BAR_PX = 56.0
_FEWEST_ITEMS = 5  # on the axis, so that it has no halves of an item


def probability_histogram(counts: Sequence[int], texts: Texts) -> Markup:
    """Draw how the mean probability of recordings is spread.

    Args:
        counts: recordings in each of equally wide bins, from 0 to 1.
        texts: of the page's language.
    """
    names = [
        texts("share_bar", low=_edge(n, counts), high=_edge(n + 1, counts), count=f"{count:,}")
        for n, count in enumerate(counts)
    ]

    def draw(width: int) -> Markup:
        bar = min(_WIDEST_BAR_PX, (width - _LEFT - _RIGHT) / len(counts))
        right, bottom = _LEFT + bar * len(counts), _TOP + _HEIGHT
        scale = amounts([max(*counts, _FEWEST_ITEMS)], bottom, _TOP)
        bars = [
            box(
                _LEFT + bar * n + 1, scale(count), bar - 2, bottom - scale(count),
                "mark series-0", name,
            )
            for n, (count, name) in enumerate(zip(counts, names, strict=True))
        ]  # fmt: skip
        edges = [
            label(_LEFT + bar * n, bottom + 18, _edge(n, counts), "middle")
            for n in range(len(counts) + 1)
        ]
        return canvas(
            right + _RIGHT,
            bottom + _BELOW,
            f"{texts('score_axis')}. {'; '.join(names)}",
            left_axis(scale, _LEFT, right, texts("items_axis"), lambda value: f"{value:,.0f}"),
            *bars,
            line(_LEFT, bottom, right, bottom, "axis"),
            *edges,
            label((_LEFT + right) / 2, bottom + 38, texts("score_axis"), "middle", class_="title"),
        )

    return figure(texts("spread"), draw)


def _edge(number: int, counts: Sequence[int]) -> str:
    """Return where a bin begins, such as ``0.3``."""
    return f"{number / len(counts):.2g}"
