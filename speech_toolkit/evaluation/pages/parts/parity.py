"""What a page says of one candidate's numbers against the reference's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.evaluation.pages.charts.histogram import error_histogram
from speech_toolkit.evaluation.pages.charts.layer_chart import layer_chart
from speech_toolkit.evaluation.pages.parts.shared import badge
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.evaluation.thresholds import FAIL, PASS
from speech_toolkit.page_parts.elements import (
    Content,
    Markup,
    bullets,
    code,
    folded,
    join,
    paragraph,
)
from speech_toolkit.page_parts.figures import (
    MISSING,
    error_size,
    milliseconds,
    number,
    share,
)
from speech_toolkit.page_parts.tables import Cell, amount, table

_NOT_A_NUMBER = "NaN/Inf"
Figures = Mapping[str, Any]


def device_findings(candidate: Figures, texts: Texts) -> Markup | None:
    """Return what the device did not do itself, or hides; None where all is well."""
    found: list[Content] = []
    for key in ("fallback_ops", "misplaced_tensors"):
        if candidate[key]:
            found.append(join(texts(key), ": ", code(", ".join(candidate[key]))))
    if candidate["saturates"]:
        found.append(texts("saturates"))
    if candidate["runs_identical"] is False:
        found.append(texts("runs_differ", error=error_size(candidate["repeat_error"])))
    return bullets(found)


def outputs(by_name: Mapping[str, Figures], texts: Texts) -> Markup:
    """Return the figures of every output beside each other, and the histograms of their errors."""
    names = list(by_name)
    rows = [
        [_figure_name(key, texts), *(amount(show(by_name[name].get(key))) for name in names)]
        for key, show in _OUTPUT_FIGURES
    ]
    rows += [
        [
            _figure_name(key, texts),
            *(amount(show(by_name[name].get("distributions", {}).get(key))) for name in names),
        ]
        for key, show in _DISTRIBUTION_FIGURES
    ]
    charts = [
        error_histogram(
            texts("histogram_of", output=name), figures["histogram"]["edges"],
            figures["histogram"]["counts"], texts,
        )
        for name, figures in by_name.items()
    ]  # fmt: skip
    flips = by_name.get("logits", {}).get("distributions", {}).get("flips", ())
    return join(
        table(texts("outputs"), [texts("figure"), *map(code, names)], rows),
        _flips(flips, texts),
        *charts,
    )


def _figure_name(key: str, texts: Texts) -> Markup:
    return join(texts.check(key) or key, " ", code(key))


def _place(index: Sequence[int] | None) -> str:
    return MISSING if index is None else str(list(index))


def _count(value: int | None) -> str:
    return MISSING if value is None else str(value)


def _error(value: float | None) -> str:
    return error_size(value, _NOT_A_NUMBER)


_OUTPUT_FIGURES = (
    ("relative_error", _error), ("snr_db", number), ("max_abs_error", number),
    ("max_error_index", _place), ("mean_abs_error", number), ("share_within_1pct", share),
    ("share_within_01pct", share), ("cosine", lambda value: number(value, 8)),
    ("error_balance", number), ("reference_rms", number), ("elements", _count),
    ("reference_non_finite", _count), ("non_finite_differ", _count),
    ("first_non_finite_index", _place),
)  # fmt: skip
_DISTRIBUTION_FIGURES = (
    ("mean_kl", number), ("max_kl", number), ("argmax_agreement", share),
    ("max_flip_margin", number),
)  # fmt: skip


def _flips(flips: Sequence[Figures], texts: Texts) -> Markup | None:
    if not flips:
        return None
    columns = ["row", "reference", "candidate", "reference_lead", "candidate_lead"]
    rows = [
        [
            _count(flip["row"]),
            amount(str(flip["reference"])),
            amount(str(flip["candidate"])),
            amount(number(flip["reference_margin"])),
            amount(number(flip["candidate_margin"])),
        ]
        for flip in flips
    ]
    shown = table(texts("flips"), [texts(column) for column in columns], rows)
    return folded(texts("flips_count", count=len(flips)), shown)


def task(figures: Figures | None, texts: Texts) -> Markup:
    """Return how the task itself came out: word boundaries, or tokens."""
    if figures is None:
        return paragraph(texts("no_task"), "note")
    return _boundaries(figures, texts) if "p95_ms" in figures else _tokens(figures, texts)


def _boundaries(figures: Figures, texts: Texts) -> Markup:
    summary = texts(
        "boundaries",
        words=figures["words"],
        median=milliseconds(figures["median_ms"]),
        p95=milliseconds(figures["p95_ms"]),
        largest=milliseconds(figures["max_ms"]),
    )
    if not figures["moved"]:
        return paragraph(summary)
    rows = [
        [
            word["text"],
            *(amount(f"{t:.3f} s") for t in (*word["reference_s"], *word["candidate_s"])),
        ]
        for word in figures["moved"]
    ]
    columns = ["word", "reference_start", "reference_end", "candidate_start", "candidate_end"]
    moved = table(texts("moved_words"), [texts(column) for column in columns], rows)
    return join(
        paragraph(summary), folded(texts("moved_count", count=len(figures["moved"])), moved)
    )


def _tokens(figures: Figures, texts: Texts) -> Markup:
    divergence = figures["first_divergence"]
    said = [
        [texts("reference"), Cell(figures["reference_text"], "wide")],
        [texts("candidate"), Cell(figures["candidate_text"], "wide")],
    ]
    heard = table(texts("text"), [texts("device"), texts("text")], said)
    if divergence is None:
        return join(paragraph(texts("tokens_same", count=len(figures["reference_tokens"]))), heard)
    parting = texts(
        "tokens_part",
        index=divergence["index"],
        reference=_count(divergence["reference_token"]),
        candidate=_count(divergence["candidate_token"]),
        lead=number(divergence["reference_margin"]),
        other_lead=number(divergence["candidate_margin"]),
    )
    return join(paragraph(parting), heard)


def layers(figures: Figures | None, texts: Texts) -> Markup:
    """Return the error of every module, drawn and listed, and the first culprit."""
    if figures is None:
        return paragraph(texts("no_layers"), "note")
    rows, culprits = figures["modules"], figures["culprits"]
    if not rows:
        return paragraph(texts("no_modules"), "note")
    missing = figures["missing"]
    return join(
        _culprits(culprits, len(rows), texts),
        paragraph(texts("modules_missing", names=", ".join(missing)), "note") if missing else None,
        layer_chart(rows, culprits, texts),
        folded(texts("all_modules", count=len(rows)), _module_table(rows, culprits, texts)),
    )


def sensitivity(figures: Figures, texts: Texts) -> Markup:
    """Return a sentence about the smallest planted fault that the checks noticed."""
    smallest, missed = figures["smallest_noticed"], figures["largest_missed"]
    if smallest is None:
        return paragraph(texts("sensitivity_none", module=figures["module"], size=share(missed)))
    seen = texts(
        "sensitivity",
        module=figures["module"],
        size=share(smallest),
        names=", ".join(figures["noticed_by"]),
    )
    passes = "" if missed is None else texts("sensitivity_missed", size=share(missed))
    return paragraph(f"{seen} {passes}".strip())


def _culprits(culprits: Sequence[Figures], count: int, texts: Texts) -> Markup:
    if not culprits:
        return paragraph(texts("no_culprit", count=count))
    rows = [
        [
            join(code(culprit["module"]), f" {culprit['module_class']}"),
            amount(error_size(culprit["local_error"], _NOT_A_NUMBER)),
            amount(f"< {error_size(culprit['limit'])}"),
            Cell(texts.sentence(culprit["explanation"]) or MISSING, "wide"),
        ]
        for culprit in culprits
    ]
    columns = [texts(key) for key in ("module", "local_error", "limit", "explanation")]
    return join(
        paragraph(texts("first_culprit", module=culprits[0]["module"])),
        table(texts("culprits"), columns, rows),
    )


def _module_table(rows: Sequence[Figures], culprits: Sequence[Figures], texts: Texts) -> Markup:
    accused = {culprit["module"] for culprit in culprits}
    shown = [
        [
            Cell(str(position), None, position),
            Cell(code(row["module"]), "wide"),
            row["class"],
            _error_cell(row["local_error"], is_known=row["module"] in accused),
            _error_cell(row["propagated_error"], is_known=True),
            badge(FAIL, texts) if row["module"] in accused else None,
        ]
        for position, row in enumerate(rows, start=1)
    ]
    columns = ["position", "module", "module_class", "local_error", "propagated_error", "culprit"]
    return table(texts("layers"), [texts(key) for key in columns], shown, texts("filter"))


def _error_cell(error: float | None, *, is_known: bool) -> Cell:
    """Return an error; one that is known but no number was NaN or infinite."""
    if error is None and is_known:
        return amount(_NOT_A_NUMBER, math.inf)
    return amount(error_size(error), error)


def golden(by_name: Mapping[str, Figures] | None, texts: Texts) -> Markup | None:
    """Return how far both sides are from float64, None where that was not asked for."""
    if by_name is None:
        return None
    rows = [
        [
            code(name),
            amount(error_size(found["reference_error"], _NOT_A_NUMBER)),
            amount(error_size(found["candidate_error"], _NOT_A_NUMBER)),
            amount(f"≤ {error_size(found['limit'])}"),
            amount(number(found["ratio"], 3)),
            badge(PASS if found["passed"] else FAIL, texts),
        ]
        for name, found in by_name.items()
    ]
    columns = ["output", "reference", "candidate", "limit", "ratio", "verdict"]
    return join(
        paragraph(texts("golden_note"), "note"),
        table(texts("golden"), [texts(key) for key in columns], rows),
    )


def emulations(by_label: Mapping[str, Figures], texts: Texts) -> Markup | None:
    """Return how much of the error each emulated rounding explains, None where none was run."""
    if not by_label:
        return None
    rows = [
        [
            texts.sentence(label),
            amount(
                share(
                    None if found["explained_share"] is None else max(found["explained_share"], 0.0)
                )
            ),
            amount(error_size(found["relative_error"], _NOT_A_NUMBER)),
        ]
        for label, found in by_label.items()
    ]
    columns = ["rounding", "explained", "left_error"]
    return join(
        paragraph(texts("emulated_rounding_note"), "note"),
        table(texts("emulated_rounding"), [texts(key) for key in columns], rows),
    )
