"""Tables with a heading for each column.

Where a page is too narrow for a table's columns, the style sets each row as a block of its own,
each cell beside its heading; what is too wide even so scrolls by itself.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from speech_toolkit.page_parts.elements import Content, Markup, element, scrolling
from speech_toolkit.page_parts.figures import MISSING


@dataclass(frozen=True)
class Cell:
    """A cell that holds more than text.

    Attributes:
        content: what is shown.
        kind: classes of the style, such as "number".
        value: what the column is sorted by, where it is not the text; infinite for NaN too.
    """

    content: Content
    kind: str | None = None
    value: float | None = None


Row = Sequence[Content | Cell]
_COLUMNS = ((2, "pairs"), (4, "few"), (7, "some"))  # up to how many, and the class of the style
_TAG = re.compile(r"<[^>]+>")
_NOTHING = Cell(MISSING, "number")


def amount(text: str, value: float | None = None) -> Cell:
    """Return a cell with a number, which stands on the right."""
    return Cell(text, "number", value)


def table(
    label: str, columns: Sequence[Content], rows: Sequence[Row], filter_label: str | None = None
) -> Markup:
    """Return a table; the first cell of each row names the row.

    A column in which no row has a value is left out.

    Args:
        label: what it is, for a screen reader.
        columns: the headings.
        rows: as many cells each as there are columns.
        filter_label: where it can be sorted and filtered, what its box for typing says.
    """
    kept = [
        index
        for index in range(len(columns))
        if not rows or any(row[index] != _NOTHING for row in rows)
    ]
    right = {index for index in kept if rows and all(_is_number(row[index]) for row in rows)}
    head = [
        element("th", columns[index], scope="col", class_="number" if index in right else None)
        for index in kept
    ]
    headings = [_plain(columns[index]) for index in kept]
    body = [
        element(
            "tr",
            *(
                _cell(row[index], heading, is_name=index == 0)
                for index, heading in zip(kept, headings, strict=True)
            ),
        )
        for row in rows
    ]
    kind = next((kind for most, kind in _COLUMNS if len(kept) <= most), "many")
    whole = element(
        "table",
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_=f"{kind} sortable" if filter_label else kind,
        data_filter=filter_label,
    )
    return scrolling(whole, label)


def _is_number(cell: Content | Cell) -> bool:
    return isinstance(cell, Cell) and cell.kind == "number"


def _plain(heading: Content) -> str:
    """Return a heading without its markup."""
    is_markup = isinstance(heading, Markup)
    return html.unescape(_TAG.sub("", heading)) if is_markup else heading or ""


def _cell(cell: Content | Cell, heading: str, *, is_name: bool) -> Markup:
    shown = cell if isinstance(cell, Cell) else Cell(cell)
    value = "Infinity" if shown.value == math.inf else shown.value
    name, scope = ("th", "row") if is_name else ("td", None)
    return element(
        name,
        shown.content,
        scope=scope,
        class_=shown.kind,
        data_value=value,
        data_heading=None if is_name else heading,
    )
