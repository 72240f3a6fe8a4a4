"""Reports of measurements as pages to read: one file each, without a network, in two languages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from speech_toolkit.errors import UsageError
from speech_toolkit.files.writing import write_text

if TYPE_CHECKING:
    from speech_toolkit.evaluation.pages.page import Page
    from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
    from speech_toolkit.evaluation.pages.wording.texts import Texts


def write_html(
    report: Mapping[str, Any],
    path: str | os.PathLike[str],
    language: str = "en",
    audio_directory: str | os.PathLike[str] | None = None,
) -> None:
    """Write a report as one page that needs no other file.

    Args:
        report: of evaluate.py, eval_accuracy.py, eval_perf.py, or inference_whisper.py in its modes
            compare and benchmark.
        path: of the page, or ``-`` for stdout.
        language: one of ``languages.LANGUAGES``.
        audio_directory: where recordings are that have left the paths in the report.

    Raises:
        UsageError: the report is of another kind, or the file cannot be written.
    """
    write_text(path, render_html(report, language, audio_directory))


def render_html(
    report: Mapping[str, Any],
    language: str = "en",
    audio_directory: str | os.PathLike[str] | None = None,
) -> str:
    """Return a report as the text of a page; see :func:`write_html`."""
    from speech_toolkit.evaluation.pages.page import render
    from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
    from speech_toolkit.evaluation.pages.wording.texts import Texts

    texts = Texts(language)
    return render(_page(report, texts, AudioShelf(audio_directory, texts)), report, texts)


def _page(report: Mapping[str, Any], texts: Texts, shelf: AudioShelf) -> Page:
    match report.get("kind"):
        case "evaluation":
            from speech_toolkit.evaluation.pages.reports.evaluation import evaluation_page

            return evaluation_page(report, texts, shelf)
        case "accuracy":
            from speech_toolkit.evaluation.pages.reports.accuracy import accuracy_page

            return accuracy_page(report, texts, shelf)
        case "perf":
            from speech_toolkit.evaluation.pages.reports.performance import performance_page

            return performance_page(report, texts)
        case "compare":
            from speech_toolkit.evaluation.pages.reports.compare import compare_page

            return compare_page(report, texts, shelf)
        case "benchmark":
            from speech_toolkit.evaluation.pages.reports.benchmark import benchmark_page

            return benchmark_page(report, texts, shelf)
        case kind:
            raise UsageError(f"a report of kind {kind!r} has no page; those of measurements have")
