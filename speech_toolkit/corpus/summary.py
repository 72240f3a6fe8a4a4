"""What became of a corpus as a whole, from the journals of its output directory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from math import ceil, exp, fsum
from pathlib import Path
from typing import Any

from speech_toolkit.alignment.quality.quality import GOOD, VERDICTS
from speech_toolkit.corpus.journal import recorded_in
from speech_toolkit.corpus.lock import summary_locked
from speech_toolkit.corpus.names import PAGE_NAME, SUMMARY_NAME
from speech_toolkit.corpus.outcome import ItemOutcome, ItemQuality
from speech_toolkit.corpus.page.page import corpus_page
from speech_toolkit.errors import UsageError
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.files.writing import json_text, utf8, write_bytes
from speech_toolkit.formats.page.languages import LANGUAGES

SCHEMA_VERSION = "1.0"
WORST_ITEMS = 50
TO_CHECK_ITEMS = 500
_EXAMPLES = 3
_PERCENTILES = {"min": 0, "p5": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95, "max": 100}
_BINS = 10
_DIGITS = 6


def write_summary(
    directory: str | os.PathLike[str],
    ids: Collection[str] | None = None,
    language: str = LANGUAGES[0],
    name: str | None = None,
) -> dict[str, Any]:
    """Write the summary of a corpus beside its journals, as JSON and as a page, and return it.

    Runs of several shards may do so at the same moment: what the last of them writes holds all.

    Args:
        directory: the output directory.
        ids: of all items of the corpus; None for those that were tried.
        language: that the page opens in.
        name: of the corpus; None for that of the directory.

    Raises:
        UsageError: there is no journal, one cannot be read, or the summary cannot be written.
    """
    folder = Path(directory)
    with summary_locked(folder):
        summary = summarize(folder, ids)
        page = corpus_page(summary, language, name or folder.resolve().name)
        for file_name, text in ((SUMMARY_NAME, json_text(summary)), (PAGE_NAME, page)):
            write_bytes(folder / file_name, utf8(text), sole_writer=True)
    return summary


def summarize(
    directory: str | os.PathLike[str], ids: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the summary of a corpus, described by ``results/schemas/corpus.schema.json``.

    Args:
        directory: the output directory.
        ids: of all items of the corpus; None for those that were tried.

    Raises:
        UsageError: there is no journal, or one cannot be read.
    """
    recorded = recorded_in(directory)
    if recorded.settings is None:
        raise UsageError(f"{shown_path(directory)}: holds no journal of a corpus; name another")
    tried = recorded.outcomes
    if ids is None:
        ids = tried.keys()
    outcomes = [tried[item_id] for item_id in ids if item_id in tried]
    done = [outcome for outcome in outcomes if outcome.ok]
    audio_s, load_s, run_s = (_total(done, name) for name in ("audio_s", "load_s", "run_s"))
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "corpus",
        "settings": recorded.settings,
        "items": {
            "total": len(ids),
            "done": len(done),
            "failed": len(outcomes) - len(done),
            "left": len(ids) - len(outcomes),
        },
        "audio_h": round(audio_s / 3600, _DIGITS),
        "load_s": round(load_s, _DIGITS),
        "run_s": round(run_s, _DIGITS),
        "rtf": round(run_s / audio_s, _DIGITS) if audio_s else None,
        "devices": dict(Counter(outcome.device for outcome in done).most_common()),
        "failures": _failures([outcome for outcome in outcomes if not outcome.ok]),
        "quality": _quality([o.quality for o in done if o.quality is not None], len(done)),
        "to_check": _to_check(done),
        "scores": _scores([o.mean_score for o in done if o.mean_score is not None]),
        "worst": _worst(done),
    }


def _total(outcomes: Sequence[ItemOutcome], name: str) -> float:
    return fsum(getattr(outcome, name) or 0.0 for outcome in outcomes)


def _failures(failed: Sequence[ItemOutcome]) -> list[dict[str, Any]]:
    """Return how many items failed of each kind, the most common first, with the first few."""
    counts = Counter(outcome.error.kind for outcome in failed)
    return [
        {
            "kind": kind,
            "items": count,
            "examples": [
                {"id": outcome.id, "message": outcome.error.message}
                for outcome in failed
                if outcome.error.kind == kind
            ][:_EXAMPLES],
        }
        for kind, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def _quality(judged: Sequence[ItemQuality], done: int) -> dict[str, Any] | None:
    """Return how many items have which verdict; None where nobody judged one."""
    if not judged:
        return None
    counts = Counter(quality.verdict for quality in judged)
    return {
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS},
        "not_judged": done - len(judged),
        "median_confidence": _percentile(sorted(quality.confidence for quality in judged), 50),
    }


def _to_check(done: Sequence[ItemOutcome]) -> list[dict[str, Any]]:
    """Return the items whose text may not be what was said, the worst verdict first."""
    found = [o for o in done if o.quality is not None and o.quality.verdict != GOOD]
    found.sort(key=lambda o: (-VERDICTS.index(o.quality.verdict), o.quality.confidence, o.id))
    return [
        {
            "id": outcome.id,
            "verdict": outcome.quality.verdict,
            "confidence": outcome.quality.confidence,
            "reasons": [asdict(reason) for reason in outcome.quality.reasons],
            "audio_s": outcome.audio_s,
            "outputs": list(outcome.outputs),
        }
        for outcome in found[:TO_CHECK_ITEMS]
    ]


def _scores(scores: Sequence[float]) -> Mapping[str, Any] | None:
    """Return how the mean scores are spread, as log-probabilities and as shares of probability."""
    if not scores:
        return None
    ordered = sorted(scores)
    bins = Counter(min(int(exp(min(score, 0.0)) * _BINS), _BINS - 1) for score in ordered)
    return {
        "items": len(ordered),
        "mean": round(fsum(ordered) / len(ordered), _DIGITS),
        **{name: _percentile(ordered, percent) for name, percent in _PERCENTILES.items()},
        "items_by_probability": [bins[number] for number in range(_BINS)],
    }


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the least value that so many percent of all do not exceed."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def _worst(done: Sequence[ItemOutcome]) -> list[dict[str, Any]]:
    """Return the items of the lowest scores, the lowest first, to be looked at."""
    scored = [outcome for outcome in done if outcome.mean_score is not None]
    scored.sort(key=lambda outcome: (outcome.mean_score, outcome.id))
    return [
        {
            "id": outcome.id,
            "mean_score": outcome.mean_score,
            "audio_s": outcome.audio_s,
            "outputs": list(outcome.outputs),
        }
        for outcome in scored[:WORST_ITEMS]
    ]
