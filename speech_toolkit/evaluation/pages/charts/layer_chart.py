"""The error of every module, in the order in which they ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.chart import (
    PAGE_PX,
    PHONE_PX,
    WIDEST_PX,
    box,
    canvas,
    dot,
    figure,
    label,
    left_axis,
    line,
    triangle,
)
from speech_toolkit.page_parts.elements import Markup, element, join
from speech_toolkit.page_parts.figures import error_size
from speech_toolkit.page_parts.scales import Scale, decades, power_of_ten

_LEFT, _TOP, _PLOT_HEIGHT, _RIGHT = 72, 28, 260, 24
_BELOW_PX = 130  # for the names of the layers, which are turned
_WIDEST_STEP_PX = 16.0
_CHARACTERS = 24
_ROOM_FOR_ZERO = 2.0  # so that no error at all, on the lower edge, is told from the smallest
_LABEL_PX = 20  # between two turned names
_TURNED_CHARACTER_PX = 5.0  # how far a character of a turned name reaches to the left and down
Row = Mapping[str, Any]


def layer_chart(rows: Sequence[Row], culprits: Sequence[Row], texts: Texts) -> Markup:
    """Draw local and propagated errors on a logarithmic axis and mark the culprits.

    Args:
        rows: modules in execution order. A propagated error of None is NaN or infinite; a local one
            too where the module is a culprit, else the module was not run alone.
        culprits: of the report, the first of them first.
        texts: of the page's language.
    """
    bottom = _TOP + _PLOT_HEIGHT
    errors = [row[key] or 0.0 for row in rows for key in ("local_error", "propagated_error")]
    least = min((error for error in errors if error > 0), default=1.0)
    scale = decades([*errors, least / _ROOM_FOR_ZERO], bottom, _TOP)
    accused = {culprit["module"] for culprit in culprits}
    title = texts("layer_chart")

    def draw(width: int) -> Markup:
        step = min((width - _LEFT - _RIGHT) / len(rows), _WIDEST_STEP_PX)
        right = _LEFT + step * len(rows)
        return canvas(
            right + _RIGHT,
            bottom + _BELOW_PX,
            f"{title}. {_description(rows, culprits, texts)}",
            _layers(rows, step, bottom),
            left_axis(scale, _LEFT, right, texts("relative_error_axis"), power_of_ten),
            line(_LEFT, bottom, right, bottom, "axis"),
            _propagated(rows, step, scale),
            *(
                _local(row, _place(index, step), scale, accused, texts)
                for index, row in enumerate(rows)
            ),
        )

    legend = [
        (dot(8, 8, "mark series-0"), texts("local_error")),
        (line(0, 8, 16, 8, "curve series-1"), texts("propagated_error")),
    ]
    if culprits:
        legend.append((triangle(8, 8, "mark series-3"), texts("culprit")))
    widths_px = (PHONE_PX, PAGE_PX, WIDEST_PX)
    return figure(title, draw, legend, texts("layer_chart_note"), widths_px)


def _description(rows: Sequence[Row], culprits: Sequence[Row], texts: Texts) -> str:
    if not culprits:
        return texts("no_culprit", count=len(rows))
    return texts("first_culprit", module=culprits[0]["module"])


def _place(index: int, step: float) -> float:
    return _LEFT + step * (index + 0.5)


def _layers(rows: Sequence[Row], step: float, bottom: float) -> Markup:
    """Shade every second layer, and name each that has room for it."""
    parts = []
    free_from = 0.0
    for number, (name, first, count) in enumerate(_groups(rows)):
        x = _LEFT + step * first
        if number % 2:
            parts.append(box(x, _TOP, step * count, bottom - _TOP, "shade"))
        middle = x + step * count / 2
        if middle >= free_from:
            free_from = middle + _LABEL_PX
            turned = f"rotate(-45 {middle:.5g} {bottom + 14:.5g})"
            shown = _ending(name, int(min(middle, _BELOW_PX - 14) / _TURNED_CHARACTER_PX))
            parts.append(label(middle, bottom + 14, shown, "end", transform=turned))
    return join(*parts)


def _ending(name: str, characters: int) -> str:
    """Return a name, or as much of its end as fits."""
    return name if len(name) <= characters else f"…{name[len(name) - characters + 1 :]}"


def _groups(rows: Sequence[Row]) -> Iterator[tuple[str, int, int]]:
    """Yield name, first row and number of rows of each run of modules of one layer."""
    first = 0
    for name, members in groupby(rows, key=lambda row: _layer(row["module"])):
        count = len(list(members))
        yield name, first, count
        first += count


def _layer(module: str) -> str:
    """Return the part of a module's name that says its layer: ``encoder.layers.2``."""
    parts = module.partition("#")[0].split(".")
    numbered = next((index for index, part in enumerate(parts) if part.isdigit()), None)
    kept = parts[: numbered + 1] if numbered is not None else parts[:-1] or parts
    name = ".".join(kept[-3:])
    return name if len(name) <= _CHARACTERS else ".".join(kept[-2:])


def _propagated(rows: Sequence[Row], step: float, scale: Scale) -> Markup:
    """Draw the error of the device's own run as a curve, broken where it is NaN or infinite."""
    curves = []
    for known, members in groupby(
        enumerate(rows), key=lambda item: item[1]["propagated_error"] is not None
    ):
        if known:
            points = [
                f"{_place(index, step):.5g},{_height(row['propagated_error'], scale):.5g}"
                for index, row in members
            ]
            curves.append(element("polyline", points=" ".join(points), class_="curve series-1"))
        else:
            curves += [dot(_place(index, step), _TOP, "mark series-1") for index, _ in members]
    return join(*curves)


def _local(row: Row, x: float, scale: Scale, accused: set[str], texts: Texts) -> Markup | None:
    is_culprit = row["module"] in accused
    error = row["local_error"]
    if error is None and not is_culprit:
        return None
    y = _TOP if error is None else _height(error, scale)
    hint = (
        f"{row['module']} ({row['class']})\n"
        f"{texts('local_error')}: {error_size(error, 'NaN/Inf')}\n"
        f"{texts('propagated_error')}: {error_size(row['propagated_error'], 'NaN/Inf')}"
    )
    if is_culprit:
        return triangle(x, y, "mark series-3", hint)
    return dot(x, y, "mark series-0", hint)


def _height(error: float, scale: Scale) -> float:
    return scale(max(error, scale.low))
