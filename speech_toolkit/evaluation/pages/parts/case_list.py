"""The cases of an accuracy check, each with its recording and what every device heard."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.page_parts.elements import Content, Markup, element, join, paragraph
from speech_toolkit.page_parts.figures import MISSING, duration, number, share
from speech_toolkit.page_parts.tables import Cell, Row, amount, table

_MOST_UNITS = 3000  # words or letters of a text in which differences are marked
Report = Mapping[str, Any]


def case_list(report: Report, texts: Texts, shelf: AudioShelf) -> Markup:
    """Return all cases of an accuracy report."""
    reference = report["targets"][0]["label"]
    unit = texts("frame") if report["family"] == "mms" else texts("token")
    return join(
        paragraph(texts("marks_note", reference=reference), "note"),
        *(_case(case, reference, unit, texts, shelf) for case in report["cases"]["list"]),
    )


def _case(case: Report, reference: str, unit: str, texts: Texts, shelf: AudioShelf) -> Markup:
    conditions = [f"{texts.name(name)} {value}" for name, value in case["conditions"].items()]
    about = ", ".join([duration(case["duration_s"]), case["language"], *conditions])
    said = case["results"][reference]["text"]
    rows: list[Row] = [[texts("truth"), Cell(case["text"], "wide"), amount(""), amount("")]]
    rows += [
        _heard(label, result, None if label == reference else said, texts)
        for label, result in case["results"].items()
    ]
    columns = [texts("device"), texts("text"), "WER", "CER"]
    partings = [
        _parting(label, comparison, unit, texts)
        for label, comparison in case["comparisons"].items()
    ]
    return element(
        "article",
        element("h3", case["name"]),
        paragraph(about, "quiet"),
        shelf.player(case["audio_path"], case["audio_sha256"]),
        table(case["name"], columns, rows),
        *partings,
        class_="case",
    )


def _heard(label: str, result: Report, expected: str | None, texts: Texts) -> Row:
    """Return what one device heard, and how far it is from the truth."""
    truth = result["against_truth"] or {}
    text: Content = result["text"] if expected is None else marked(expected, result["text"])
    if result["error"]:
        text = join(element("b", texts("no_result")), ": ", texts.sentence(result["error"]))
    elif not result["text"]:
        text = element("span", texts("empty_text"), class_="quiet")
    return [
        label,
        Cell(text, "wide"),
        amount(share(truth.get("wer"))),
        amount(share(truth.get("cer"))),
    ]


def marked(expected: str, text: str) -> Content:
    """Mark the words of a text that are not in another; its letters where it has no words."""
    between = " " if " " in expected else ""
    wanted, units = (each.split() if between else list(each) for each in (expected, text))
    if len(units) > _MOST_UNITS or units == wanted:
        return text
    parts: list[Content] = []
    matcher = SequenceMatcher(None, wanted, units, autojunk=False)
    for kind, *_, start, end in matcher.get_opcodes():
        if start < end:
            piece = between.join(units[start:end])
            parts += [
                between if parts else None,
                piece if kind == "equal" else element("mark", piece),
            ]
    return join(*parts)


def _parting(label: str, comparison: Report | None, unit: str, texts: Texts) -> Markup | None:
    """Say where a device's choices part from the reference's, None where they do not."""
    if comparison is None or comparison["divergence"] is None:
        return None
    divergence = comparison["divergence"]
    reference, candidate = divergence["reference"], divergence["candidate"]
    return paragraph(
        texts(
            "parting",
            device=label,
            unit=unit,
            index=divergence["index"],
            reference=_choice(reference),
            candidate=_choice(candidate),
            lead=number(reference["margin"], 3),
            other_lead=number(candidate["margin"], 3),
        ),
        "quiet",
    )


def _choice(choice: Report) -> str:
    return MISSING if choice["id"] is None else f"{choice['text']!r}"
