"""Whether a transcript is what was said: on the terminal, and in the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from speech_toolkit.alignment.quality.quality import CHECK, GOOD, VERDICTS, WRONG_TRANSCRIPT
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import UsageError

NEVER = "never"
_FROM = (CHECK, WRONG_TRANSCRIPT, NEVER)
_WAYS_OUT = (
    "Look whether these are the right files, and --language the language that is spoken.",
    "Where the text is right in part: --star segments lets speech pass that it lacks.",
)
_NOT_SPOKEN = "  not spoken?"


def add_quality_arguments(parser: argparse._ActionsContainer) -> None:
    """Add ``--fail_on``."""
    parser.add_argument(
        "--fail_on",
        choices=_FROM,
        default=NEVER,
        help="the verdict on a transcript from which on the exit code is 1; results are written "
        f"in any case (default: {NEVER}, warn only)",
    )


def add_export_quality(group: argparse._ActionsContainer) -> None:
    """Add ``--export_unless``."""
    group.add_argument(
        "--export_unless",
        choices=_FROM,
        help="the verdict on a text from which on its recording is left out of --export (default: "
        f"{WRONG_TRANSCRIPT})",
    )


def check_export_quality(arguments: argparse.Namespace) -> None:
    """Make sure that there is something to leave out of.

    Raises:
        UsageError: there is not.
    """
    if arguments.export_unless is not None and arguments.export is None:
        raise UsageError("--export_unless has no effect without --export; leave it out")


def is_bad(verdict: str, bad_from: str) -> bool:
    """Tell whether a verdict is one that is not wanted.

    Args:
        verdict: on a transcript.
        bad_from: CHECK, which means WRONG_TRANSCRIPT too, or that alone, or NEVER.
    """
    if bad_from == NEVER:
        return False
    return VERDICTS.index(verdict) >= VERDICTS.index(bad_from)


def report_quality(document: Mapping[str, Any], reporter: Reporter) -> None:
    """Say whether a transcript is what was said: in one line, or loudly where it is another.

    Args:
        document: the JSON form of an alignment.
        reporter: prints it.
    """
    quality = document["quality"]
    sure, verdict = f"(confidence {quality['confidence']:.2f})", quality["verdict"]
    reasons = [reason["text"] for reason in quality["reasons"]]
    if verdict == GOOD:
        reporter.line(f"[QUALITY] {verdict} {sure}")
    elif verdict == CHECK:
        reporter.warning(f"check the transcript {sure}: {'; '.join(reasons)}")
    else:
        head = f"WRONG TRANSCRIPT? {document['audio_path']}: seems to hold another text {sure}"
        reporter.alarm([head, *(f"  {line}" for line in (*reasons, *_WAYS_OUT))])
    if document["settings"].get("repair") and verdict != GOOD:
        reporter.info(_repair_line(quality))


def _repair_line(quality: Mapping[str, Any]) -> str:
    repair = quality.get("repair")
    if repair is None:
        return "Repair: nothing changed, for no part could be told that does not fit"
    words, stars = len(repair["left_out"]), len(repair["stars_after"])
    changes = []
    if words:
        changes.append(f"without {words:,} {'word' if words == 1 else 'words'}")
    if stars:
        changes.append(f"with <star> in {stars:,} {'place' if stars == 1 else 'places'}")
    return f"Repair: aligned {', and '.join(changes)}; the text is quality.repair in the JSON"


def report_verdicts(summary: Mapping[str, Any], reporter: Reporter) -> None:
    """Say how many texts of a corpus are what was said, and name some that may not be.

    Args:
        summary: as ``results/schemas/corpus.schema.json`` describes it.
        reporter: prints it.
    """
    quality = summary["quality"]
    if quality is None:
        return
    counts = ", ".join(f"{count:,} {name}" for name, count in quality["verdicts"].items())
    reporter.line(f"[QUALITY] {counts} (median confidence {quality['median_confidence']:.2f})")
    for verdict in (WRONG_TRANSCRIPT, CHECK):
        found = [each for each in summary["to_check"] if each["verdict"] == verdict]
        if found:
            count, why = quality["verdicts"][verdict], found[0]["reasons"]
            said = f": {why[0]['text']}" if why else ""
            reporter.line(f"  {count:>6,}  {verdict}: such as {found[0]['id']}{said}")


def word_lines(document: Mapping[str, Any]) -> Sequence[str]:
    """Return a line for each word of an alignment, with a mark at those probably not spoken."""
    unspoken = {
        index
        for stretch in document["quality"]["not_spoken"]
        for index in range(stretch["first_word"], stretch["end_word"])
    }
    return [
        f"{word['start_time']:8.3f}s - {word['end_time']:8.3f}s  {word['text']}"
        f"{_NOT_SPOKEN * (index in unspoken)}"
        for index, word in enumerate(document["words"])
    ]
