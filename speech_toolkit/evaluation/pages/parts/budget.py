"""What a page says of the parts that an error is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.elements import Markup, code, folded, join, paragraph
from speech_toolkit.page_parts.figures import error_size, share
from speech_toolkit.page_parts.tables import amount, table

Entry = Mapping[str, Any]


def budget(figures: Mapping[str, Any] | None, texts: Texts) -> Markup | None:
    """Return the parts of the error in each output and module, None without a budget."""
    if figures is None:
        return None
    return join(
        paragraph(texts("budget_note"), "note"),
        *(_output(name, entry, texts) for name, entry in figures["outputs"].items()),
        _modules(figures["modules"], texts),
    )


def _output(name: str, entry: Entry, texts: Texts) -> Markup:
    parts = [
        (texts.sentence(part["cause"]), part["own_error"], part["share"]) for part in entry["parts"]
    ]
    parts += [
        (texts("budget_rounding"), entry["rounding_error"], entry["rounding_share"]),
        (texts("budget_unexplained"), entry["unexplained_error"], entry["unexplained_share"]),
        (texts("budget_whole"), entry["relative_error"], 1.0),
    ]
    rows = [[cause, amount(error_size(error)), amount(share(part))] for cause, error, part in parts]
    columns = [texts(key) for key in ("cause", "own_error", "share_of_square")]
    return table(texts("budget_of", output=name), columns, rows)


def _modules(entries: Sequence[Entry], texts: Texts) -> Markup:
    if not entries:
        return paragraph(texts("budget_modules_none"))
    columns = ["module", "local_error", "largest_part", "share_of_square", "budget_unexplained"]
    rows = []
    for entry in entries:
        largest = max(entry["parts"], key=lambda part: part["share"])
        rows.append(
            [
                code(entry["module"]),
                amount(error_size(entry["relative_error"])),
                texts.sentence(largest["cause"]),
                amount(share(largest["share"])),
                amount(share(entry["unexplained_share"])),
            ]
        )
    shown = table(texts("budget_modules"), [texts(key) for key in columns], rows)
    return folded(texts("budget_modules"), shown)
