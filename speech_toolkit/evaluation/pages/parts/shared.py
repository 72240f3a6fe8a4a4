"""Parts that pages share: verdicts, names of devices, checks, the environment, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.evaluation.pages.wording.texts import Texts
from speech_toolkit.evaluation.thresholds import FAIL, PASS
from speech_toolkit.page_parts.elements import (
    Content,
    Markup,
    bullets,
    code,
    element,
    folded,
    join,
    paragraph,
)
from speech_toolkit.page_parts.figures import SIGNS, number, size
from speech_toolkit.page_parts.tables import Cell, Row, amount, table

_KINDS = {PASS: "pass", FAIL: "fail"}


def badge(verdict: str, texts: Texts, word: str | None = None) -> Markup:
    """Return a verdict as a word in a frame, by default its own."""
    kind = _KINDS.get(verdict, "open")
    return element("span", texts.name(word or verdict), class_=f"badge {kind}")


def is_emulated(environment: Mapping[str, Any] | None) -> bool:
    """Tell whether a device says by its name that it only stands in for one."""
    return "emulated" in str((environment or {}).get("device_name") or "").lower()


def device_line(label: str, environment: Mapping[str, Any] | None, texts: Texts) -> Markup:
    """Return a run's label with the name of its card or processor."""
    name = (environment or {}).get("device_name")
    tag = element("span", texts("emulated"), class_="tag") if is_emulated(environment) else None
    return join(label, f" ({name})" if name else None, " " if tag else None, tag)


def pair_lines(pairs: Sequence[tuple[str, Markup, Markup]], texts: Texts) -> list[Markup]:
    """Return what was held against what, with the verdict on each where there are several.

    Args:
        pairs: verdict, candidate, reference.
        texts: of the page's language.
    """
    return [
        paragraph(
            join(
                join(badge(verdict, texts), " ") if len(pairs) > 1 else None,
                candidate,
                texts("against"),
                reference,
            )
        )
        for verdict, candidate, reference in pairs
    ]


def emulation_note(environments: Sequence[Mapping[str, Any] | None], texts: Texts) -> Markup | None:
    """Return what to know about emulated devices, None where there is none."""
    if not any(is_emulated(environment) for environment in environments):
        return None
    return paragraph(texts("emulated_note"), "note")


def checks_table(checks: Sequence[Mapping[str, Any]], texts: Texts) -> Markup:
    """Return figures with their limits and verdicts.

    Args:
        checks: of a report, each with ``name``, ``value``, ``sense``, ``limit``, ``reason``, and
            ``verdict`` or ``passed``; some name an ``output``.
        texts: of the page's language.
    """
    has_output = any("output" in check for check in checks)
    columns = [texts("criterion"), texts("of_output"), texts("value"), texts("limit")]
    columns += [texts("verdict"), texts("why_limit")]
    if not has_output:
        columns.pop(1)
    rows = []
    for check in checks:
        passed = check["verdict"] == PASS if "verdict" in check else check["passed"]
        row: list[Content | Cell] = [criterion(check["name"], texts)]
        if has_output:
            row.append(code(check.get("output", "")))
        value = texts("missing") if check["value"] is None else number(check["value"])
        row += [
            amount(value),
            amount(f"{SIGNS[check['sense']]} {number(check['limit'])}"),
            badge(PASS if passed else FAIL, texts),
            Cell(texts.sentence(check["reason"]), "wide"),
        ]
        rows.append(row)
    return table(texts("criteria"), columns, rows)


def tests_table(
    tests: Sequence[Mapping[str, Any]], rounding: Mapping[str, Any] | None, texts: Texts
) -> Markup:
    """Return tests that decide with their intervals, and how far rounding moves leads."""
    rows: list[Row] = [
        [
            criterion(test["name"], texts),
            amount(number(test["value"])),
            amount(f"{number(test['interval']['low'])} – {number(test['interval']['high'])}"),
            amount(f"< {number(test['limit'])}"),
            badge(test["verdict"], texts),
            Cell(texts.sentence(test["reason"]), "wide"),
        ]
        for test in tests
    ]
    columns = ["criterion", "value", "interval", "limit", "verdict", "why_limit"]
    note = rounding and texts(
        "rounding_note",
        format=rounding["format"],
        choices=rounding["choices"],
        shift=number(rounding["shift_nats"]),
        tie=number(rounding["tie_nats"]),
    )
    return join(
        table(texts("tests"), [texts(column) for column in columns], rows),
        paragraph(note) if note else None,
    )


def criterion(name: str, texts: Texts) -> Markup:
    """Return the name of a figure in words, where there are some, and as in the report."""
    known = texts.check(name)
    return join(known, element("br"), code(name)) if known else code(name)


def ended_badly(run: Mapping[str, Any], texts: Texts) -> Markup | None:
    """Return how a run failed, None where it ended well."""
    if run["status"] == "ok":
        return None
    log = run.get("log_tail")
    return join(
        paragraph(
            join(element("b", texts.name(run["status"])), ": ", texts.sentence(run["message"]))
        ),
        folded(texts("log"), element("pre", element("code", "\n".join(log)))) if log else None,
    )


def warnings_list(lines: Sequence[str], texts: Texts) -> Markup | None:
    """Return warnings as a list, None where there is none."""
    return bullets([texts.sentence(line) for line in dict.fromkeys(lines)])


def environment_table(
    runs: Sequence[tuple[str, Mapping[str, Any] | None]], texts: Texts
) -> Markup | None:
    """Return what each run met: devices, versions, settings of the platform.

    Args:
        runs: label and environment; None for a run that did not get as far as to know it.
        texts: of the page's language.
    """
    known = [(label, environment) for label, environment in runs if environment]
    if not known:
        return None
    keys = dict.fromkeys(key for _, each in known for key in each)
    listed = [key for key in keys if any(each.get(key) is not None for _, each in known)]
    rows = [[code(key), *(_fact(key, each.get(key)) for _, each in known)] for key in listed]
    return table(texts("environment"), [texts("fact"), *(label for label, _ in known)], rows)


def _fact(key: str, value: Any) -> Content:
    if value is None:
        return None
    if key == "env":
        lines = [code(f"{name}={fact['value']} ({fact['set_by']})") for name, fact in value.items()]
        return join(*(join(line, element("br")) for line in lines))
    return size(value) if key.endswith("_bytes") else _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def report_facts(report: Mapping[str, Any], texts: Texts) -> Markup:
    """Return when and how a report was made, and with which versions and settings."""
    toolkit = report["toolkit"]
    dirty = {True: texts("yes"), False: texts("no"), None: None}[toolkit["dirty"]]
    facts: list[tuple[str, Content]] = [
        (texts("time"), report["time_utc"]),
        (texts("command"), code(" ".join(report["argv"]))),
        (texts("toolkit_version"), toolkit["version"]),
        (texts("commit"), toolkit["commit"] and code(toolkit["commit"])),
        (texts("dirty"), dirty),
        (texts("system"), f"{report['platform']['os']}, {report['platform']['cpu_count']} CPU"),
        (texts("versions"), _versions(report["versions"])),
    ]
    settings = [[code(key), _plain(value)] for key, value in report["config"].items()]
    return join(
        facts_table(texts("made_by"), facts, texts),
        folded(
            texts("settings"),
            table(texts("settings"), [texts("setting"), texts("value")], settings),
        ),
    )


def _versions(versions: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)


def facts_table(label: str, facts: Sequence[tuple[str, Content]], texts: Texts) -> Markup:
    """Return names with values; those without a value are left out."""
    return table(
        label, [texts("fact"), texts("value")], [[name, value] for name, value in facts if value]
    )


def model_facts(report: Mapping[str, Any], texts: Texts) -> list[tuple[str, Content]]:
    """Return which model it was."""
    model = report["model"]
    digest = model["weights_sha256"]
    return [
        (texts("model"), code(model["path"])),
        (texts("family"), model.get("family") or report.get("family")),
        (texts("weights_hash"), digest and code(digest)),
    ]
