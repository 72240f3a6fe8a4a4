"""What the page says of a corpus: how much is done, what failed and why, what is worth a look."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from math import exp
from pathlib import Path
from typing import Any
from urllib.parse import quote

from speech_toolkit.alignment.quality.quality import CHECK, VERDICTS, WRONG_TRANSCRIPT
from speech_toolkit.corpus.names import SUMMARY_NAME
from speech_toolkit.corpus.page.histogram import probability_histogram
from speech_toolkit.corpus.page.texts import TAGS, Texts
from speech_toolkit.formats.page.languages import LANGUAGES
from speech_toolkit.page_parts.document import SORTED_TABLES, page_text, part_text
from speech_toolkit.page_parts.elements import Markup, code, element, join, paragraph
from speech_toolkit.page_parts.figures import MISSING, length, number, share
from speech_toolkit.page_parts.layout import (
    Section,
    contents,
    download,
    figure_list,
    section_part,
)
from speech_toolkit.page_parts.tables import Cell, amount, table

NOT_GOOD = (WRONG_TRANSCRIPT, CHECK)
_SPREAD = ("min", "p5", "p25", "median", "mean", "p75", "p95", "max")
_PAGE_SUFFIX = ".html"


def corpus_page(
    summary: Mapping[str, Any], language: str = LANGUAGES[0], name: str | None = None
) -> str:
    """Return the summary of a corpus as the text of a page.

    Args:
        summary: as ``results/schemas/corpus.schema.json`` describes it.
        language: that the page opens in, one of ``LANGUAGES``; the reader can switch.
        name: of the corpus; None where it has none.
    """
    order = (language, *(other for other in LANGUAGES if other != language))
    return page_text(
        _title(name, Texts(language)),
        [_in_language(summary, Texts(each), name, is_hidden=each != language) for each in order],
        language_tag=TAGS[language],
        scripts=[part_text(SORTED_TABLES), _switch()],
    )


def _in_language(
    summary: Mapping[str, Any], texts: Texts, name: str | None, *, is_hidden: bool
) -> Markup:
    sections = list(_sections(summary, texts))
    head = element(
        "header",
        element("button", texts("other_language"), class_="language", type="button", hidden=True),
        element("h1", _title(name, texts)),
        paragraph(_lead(summary["items"], texts), "lead"),
        figure_list(_figures(summary, texts)),
        contents(sections, texts("contents")),
    )
    return element(
        "div",
        head,
        element("main", *map(section_part, sections)),
        download(summary, SUMMARY_NAME, lambda size: texts("download", size=size)),
        lang=TAGS[texts.language],
        data_title=_title(name, texts),
        hidden=is_hidden,
    )


def _title(name: str | None, texts: Texts) -> str:
    return texts("title_of", name=name) if name else texts("title")


def _lead(items: Mapping[str, int], texts: Texts) -> str:
    return texts("lead", **{name: f"{count:,}" for name, count in items.items()})


def _figures(summary: Mapping[str, Any], texts: Texts) -> list[tuple[str, str]]:
    items, scores = summary["items"], summary["scores"]
    figures = [
        (texts("hours"), length(summary["audio_h"] * 3600)),
        (texts("rtf"), number(summary["rtf"], 3)),
        (texts("speed"), _speed(summary["rtf"])),
        (texts("done"), f"{items['done']:,}"),
        (texts("failed"), f"{items['failed']:,}"),
    ]
    if items["left"]:
        figures.append((texts("not_tried"), f"{items['left']:,}"))
    if summary["quality"]:
        verdicts = summary["quality"]["verdicts"]
        figures += [(texts.verdict(name), f"{verdicts[name]:,}") for name in NOT_GOOD]
    elif scores:
        median = _probability(scores["median"])
        figures.append((f"{texts('probability')}, {texts('median')}", median))
    return figures


def _sections(summary: Mapping[str, Any], texts: Texts) -> Iterator[Section]:
    found = {
        "failures": _failures(summary, texts),
        "quality": _quality(summary, texts),
        "scores": _scores(summary["scores"], texts),
        "worst": _worst(summary["worst"], texts),
        "times": _times(summary, texts),
        "devices": _devices(summary["devices"], texts),
        "settings": _settings(summary["settings"], texts),
    }
    for name, content in found.items():
        if content is not None:
            yield Section(f"{name}-{texts.language}", texts(name), content)


def _failures(summary: Mapping[str, Any], texts: Texts) -> Markup:
    failures = summary["failures"]
    if not failures:
        return paragraph(texts("no_failures"))
    tried = summary["items"]["done"] + summary["items"]["failed"]
    rows = [
        [
            texts.kind(each["kind"]),
            amount(f"{each['items']:,}"),
            amount(share(each["items"] / tried)),
            Cell(_examples(each["examples"]), "wide"),
        ]
        for each in failures
    ]
    columns = [texts("kind"), texts("items"), texts("of_all"), texts("example")]
    return join(table(texts("failures"), columns, rows), paragraph(texts("attempts_note"), "note"))


def _examples(examples: list[Mapping[str, str]]) -> Markup:
    lines = [
        element("div", code(each["id"]), " ", element("span", each["message"], lang="en"))
        for each in examples
    ]
    return element("div", *lines)  # one part, where a narrow page sets it beside its heading


def _quality(summary: Mapping[str, Any], texts: Texts) -> Markup | None:
    quality, to_check = summary["quality"], summary["to_check"]
    if quality is None:
        return None
    counts = quality["verdicts"] | {"not_judged": quality["not_judged"]}
    total = sum(counts.values())
    rows = [
        [texts.verdict(name), amount(f"{count:,}", count), amount(share(count / total))]
        for name, count in counts.items()
        if count or name in VERDICTS
    ]
    counted = table(texts("quality"), [texts("verdict"), texts("items"), texts("of_all")], rows)
    median = texts("median_confidence", share=share(quality["median_confidence"]))
    note = paragraph(join(texts("quality_note"), " ", median), "note")
    if not to_check:
        return join(note, counted, paragraph(texts("nothing_to_check")))
    return join(note, counted, _to_check(to_check, sum(counts[name] for name in NOT_GOOD), texts))


def _to_check(to_check: list[Mapping[str, Any]], total: int, texts: Texts) -> Markup:
    rows = [
        [
            _linked(each["outputs"], each["id"]),
            Cell(texts.verdict(each["verdict"])),
            amount(share(each["confidence"]), each["confidence"]),
            Cell(_reasons(each["reasons"], texts), "wide"),
            amount(length(each["audio_s"]), each["audio_s"]),
            _files(each["outputs"], each["id"]),
        ]
        for each in to_check
    ]
    columns = ("recording", "verdict", "confidence", "reasons", "length", "files")
    shown = texts("to_check_note", count=f"{len(rows):,}", total=f"{total:,}")
    label = texts("to_check")
    headings = [texts(key) for key in columns]
    return join(paragraph(shown, "note"), table(label, headings, rows, texts("filter")))


def _reasons(reasons: list[Mapping[str, str]], texts: Texts) -> Markup:
    lines = [
        element("div", texts.reason(each["kind"]), ": ", element("span", each["text"], lang="en"))
        for each in reasons
    ]
    return element("div", *lines)


def _scores(scores: Mapping[str, Any] | None, texts: Texts) -> Markup | None:
    if scores is None:
        return None
    rows = [
        [texts(name), amount(_probability(scores[name])), amount(number(scores[name]))]
        for name in _SPREAD
    ]
    columns = [texts("value"), texts("probability"), texts("score")]
    return join(
        paragraph(texts("scores_note"), "note"),
        probability_histogram(scores["items_by_probability"], texts),
        table(texts("scores"), columns, rows),
    )


def _worst(worst: list[Mapping[str, Any]], texts: Texts) -> Markup | None:
    if not worst:
        return None
    rows = [
        [
            _linked(each["outputs"], each["id"]),
            amount(_probability(each["mean_score"]), each["mean_score"]),
            amount(number(each["mean_score"]), each["mean_score"]),
            amount(length(each["audio_s"]), each["audio_s"]),
            _files(each["outputs"], each["id"]),
        ]
        for each in worst
    ]
    columns = [texts(key) for key in ("recording", "probability", "score", "length", "files")]
    return join(
        paragraph(texts("worst_note", count=len(worst)), "note"),
        table(texts("worst"), columns, rows, texts("filter")),
    )


def _linked(outputs: list[str], item_id: str) -> Markup:
    """Return an item's id, which leads to its page or else to its first file."""
    files = _page_first(outputs)
    return element("a", code(item_id), href=_address(files[0])) if files else code(item_id)


def _files(outputs: list[str], item_id: str) -> Markup:
    links = [
        element("a", name.removeprefix(item_id).lstrip("."), href=_address(name))
        for name in _page_first(outputs)
    ]
    return join(*(part for link in links for part in (link, " ")))


def _page_first(outputs: list[str]) -> list[str]:
    return sorted(outputs, key=lambda name: not name.endswith(_PAGE_SUFFIX))


def _address(name: str) -> str:
    """Return where a file is from the page; a first name with a colon is no protocol."""
    return f"./{quote(name)}"


def _times(summary: Mapping[str, Any], texts: Texts) -> Markup:
    rows = [
        [texts(key), amount(length(summary[name]))]
        for key, name in (("load", "load_s"), ("run", "run_s"))
    ]
    return join(
        table(texts("times"), [texts("time"), texts("value")], rows),
        paragraph(texts("speed_note"), "note"),
    )


def _devices(devices: Mapping[str, int], texts: Texts) -> Markup | None:
    if not devices:
        return None
    total = sum(devices.values())
    rows = [
        [code(name), amount(f"{count:,}", count), amount(share(count / total))]
        for name, count in devices.items()
    ]
    return table(texts("devices"), [texts("device"), texts("items"), texts("of_all")], rows)


def _settings(settings: Mapping[str, Any], texts: Texts) -> Markup:
    rows = [[code(key), code(_plain(value))] for key, value in _flat(settings)]
    return table(texts("settings"), [texts("setting"), texts("value")], rows)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting with its value, those within others as ``outer.inner``."""
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _speed(rtf: float | None) -> str:
    return f"{1 / rtf:,.{0 if rtf < 0.1 else 1}f}×" if rtf else MISSING


def _probability(score: float) -> str:
    return share(exp(min(score, 0.0)))


@cache
def _switch() -> str:
    return Path(__file__).with_name("switch.js").read_text(encoding="utf-8")
