"""A run over many recordings: checked, done, recorded, and summed up."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speech_toolkit.alignment.quality.quality import WRONG_TRANSCRIPT
from speech_toolkit.cli.corpus_engine import engine_for
from speech_toolkit.cli.input_arguments import items_from
from speech_toolkit.cli.output_guard import checkpoint_files
from speech_toolkit.cli.quality_report import NEVER, is_bad, report_verdicts
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.cli.result_files import DEFAULT_FORMAT
from speech_toolkit.cli.result_page_arguments import page_language, page_settings
from speech_toolkit.cli.subtitle_arguments import subtitle_options
from speech_toolkit.corpus.export.exports import write_exports
from speech_toolkit.corpus.export.forms import check_exports
from speech_toolkit.corpus.forms import ResultForms
from speech_toolkit.corpus.inputs.faults import told_faults
from speech_toolkit.corpus.inputs.recordings import TRANSCRIPT_SUFFIXES
from speech_toolkit.corpus.journal import Journal, open_journal, recorded_in
from speech_toolkit.corpus.names import is_reserved
from speech_toolkit.corpus.object_store import ObjectStore, object_store
from speech_toolkit.corpus.pool.devices import check_devices
from speech_toolkit.corpus.pool.lengths import longest_first
from speech_toolkit.corpus.run import all_done, items_left, run_items
from speech_toolkit.corpus.shard import WHOLE_CORPUS, Shard
from speech_toolkit.corpus.store import DirectoryStore, Store, is_url
from speech_toolkit.corpus.summary import write_summary
from speech_toolkit.corpus.written_ahead import WrittenAhead
from speech_toolkit.device import parse_device_name
from speech_toolkit.device.fallbacks import fallback_warnings
from speech_toolkit.errors import ToolkitError, UsageError
from speech_toolkit.exit_codes import EXIT_DONE, EXIT_FAILED, EXIT_SOME_FAILED
from speech_toolkit.files.json_input import shown_path
from speech_toolkit.formats import HTML
from speech_toolkit.formats.page.settings import EMBED

if TYPE_CHECKING:
    from speech_toolkit.corpus.item import Item
    from speech_toolkit.corpus.outcome import ItemOutcome
    from speech_toolkit.corpus.task import CorpusTask


def run_corpus(
    task: CorpusTask, arguments: argparse.Namespace, needs_text: bool, reporter: Reporter
) -> int:
    """Do all recordings that the command line names and that are not done yet.

    Args:
        task: what is done with each.
        arguments: of the command line.
        needs_text: whether each recording needs a text of its own.
        reporter: told of each stage.

    Returns:
        The exit code: done, some failed, or else that a text is not what ``--fail_on`` wants.

    Raises:
        ToolkitError: the run cannot begin, or cannot go on; what was done is recorded.
    """
    parse_device_name(arguments.device)
    check_devices(arguments.devices or ())
    items = items_from(arguments, needs_text, strict=False, progress=reporter)
    reporter.warnings(told_faults(items))
    refuse_names_of_the_corpus(items, task)
    refuse_to_replace_inputs(items, task, arguments)
    settings = task.settings()
    timestamps = settings.get("timestamps", "segment")
    check_exports(arguments.export or (), bool(arguments.cut), task.forms.format_names, timestamps)
    shard, resume = arguments.shard or WHOLE_CORPUS, arguments.resume is not False
    with (
        _output(arguments, shard, reporter) as (directory, store),
        open_journal(
            directory, settings, shard, resume=resume, progress=reporter, store=store
        ) as journal,
    ):
        left, done_before = items_left(items, journal)
        _report_plan(items, left, done_before, journal, reporter)
        try:
            if left:
                _work(left, done_before, task, arguments, journal, reporter)
        except BaseException:
            with suppress(ToolkitError):  # what stopped the run is what is told
                _sum_up(items, journal, arguments, reporter)
            raise
        _sum_up(items, journal, arguments, reporter)
        all_exported = not arguments.export or _export(items, arguments, directory, reporter)
        is_done, is_right = all_done(items, journal), _all_right(items, journal, arguments)
    if not (is_done and all_exported):
        return EXIT_SOME_FAILED
    return EXIT_DONE if is_right else EXIT_FAILED


@contextmanager
def _output(
    arguments: argparse.Namespace, shard: Shard, reporter: Reporter
) -> Iterator[tuple[Path, Store]]:
    """Give the directory of the journal, and what keeps the results.

    Raises:
        UsageError: results of this kind cannot go there.
        StoreError: the object store cannot be used.
    """
    url = arguments.output_dir
    if not is_url(url):
        yield Path(url), DirectoryStore(Path(url))
        return
    if arguments.export:
        raise UsageError(
            f"--export reads the results again: give --output_dir a directory, and not {url}"
        )
    if HTML in (arguments.format or ()) and arguments.page_audio != EMBED:
        raise UsageError(
            f"--format html: a page in {url} cannot link to its recording; give --page_audio embed"
        )
    resume = arguments.resume is not False
    with object_store(url, shard, resume=resume, progress=reporter) as store:
        yield store.directory, store


def forms_from(arguments: argparse.Namespace) -> ResultForms:
    """Return what the command line asks to be written of each result.

    Raises:
        UsageError: an argument of subtitles or pages has no effect.
    """
    names = arguments.format or (DEFAULT_FORMAT,)
    subtitles = subtitle_options(arguments, names)
    page = page_settings(arguments, names, has_other_pages=True)
    return ResultForms(names, subtitles, page, arguments.output_dir)


def _report_plan(
    items: Sequence[Item],
    left: Sequence[Item],
    done_before: int,
    journal: Journal,
    reporter: Reporter,
) -> None:
    """Say how much there is to do."""
    shard = (
        "" if journal.shard.is_whole else f", {done_before + len(left):,} in shard {journal.shard}"
    )
    before = f", {done_before:,} of them done before" if done_before else ""
    reporter.info(f"Recordings: {len(items):,}{shard}{before}")


def _work(
    left: Sequence[Item],
    done_before: int,
    task: CorpusTask,
    arguments: argparse.Namespace,
    journal: Journal,
    reporter: Reporter,
) -> None:
    """Load the model, and do what is left."""
    lengths = longest_first(left) if arguments.devices else dict.fromkeys(left, 0.0)
    total = done_before + len(left)
    with (
        engine_for(task, lengths, arguments, reporter) as engine,
        reporter.corpus_bar(total_files=total, done_files=done_before) as bar,
    ):
        if isinstance(journal.store, ObjectStore):
            engine = WrittenAhead(engine, journal.store)
        for outcome in run_items(lengths, engine, journal, reporter):
            bar.add(audio_s=outcome.audio_s, failed=not outcome.ok)
            _warn_of_wrong_text(outcome, reporter)
    reporter.warnings(fallback_warnings())


def _warn_of_wrong_text(outcome: ItemOutcome, reporter: Reporter) -> None:
    if outcome.quality is not None and outcome.quality.verdict == WRONG_TRANSCRIPT:
        reasons = "; ".join(reason.text for reason in outcome.quality.reasons)
        reporter.warning(f"{outcome.id}: wrong transcript? {reasons}")


def _all_right(items: Iterable[Item], journal: Journal, arguments: argparse.Namespace) -> bool:
    """Tell whether no text of a run's shard has a verdict that ``--fail_on`` names."""
    fail_on = getattr(arguments, "fail_on", NEVER)  # only texts that were given are judged
    found = map(journal.outcomes.get, (item.id for item in items if journal.shard.owns(item.id)))
    return not any(is_bad(o.quality.verdict, fail_on) for o in found if o and o.quality)


def _is_left_out(outcome: ItemOutcome | None, arguments: argparse.Namespace) -> bool:
    """Tell whether a recording is no good for training: its text is not what was said."""
    if outcome is None or outcome.quality is None:
        return False
    return is_bad(outcome.quality.verdict, arguments.export_unless or WRONG_TRANSCRIPT)


def _export(
    items: Sequence[Item], arguments: argparse.Namespace, directory: Path, reporter: Reporter
) -> bool:
    """Write what is done as other tools read it, say where, and tell whether all of it could be."""
    outcomes = recorded_in(directory).outcomes  # of all shards: an export is of the whole corpus
    wanted = [item for item in items if not _is_left_out(outcomes.get(item.id), arguments)]
    if len(wanted) < len(items):
        left_out = len(items) - len(wanted)
        reporter.info(f"Not exported for their verdict: {left_out:,} (--export_unless)")
    exported = write_exports(
        directory,
        arguments.export,
        wanted,
        outcomes,
        cut=bool(arguments.cut),
        progress=reporter,
    )
    reporter.result(
        f"Exported {exported.utterances:,} utterances of {exported.recordings:,} recordings, "
        f"{exported.seconds / 3600:.2f} h"
    )
    reporter.saved("Exports", *map(str, exported.folders))
    return not exported.failures


def _sum_up(
    items: Sequence[Item], journal: Journal, arguments: argparse.Namespace, reporter: Reporter
) -> None:
    """Write the summary, and say what became of the corpus."""
    ids = [item.id for item in items]
    name = Path(arguments.output_dir).resolve().name
    journal.store.refresh(journal.path.name)
    summary = write_summary(journal.directory, ids, page_language(arguments), name)
    _report(summary, reporter)
    reporter.saved("Results", arguments.output_dir)


def _report(summary: Mapping[str, Any], reporter: Reporter) -> None:
    items = summary["items"]
    speed = "" if summary["rtf"] is None else f", RTF {summary['rtf']:.3f}"
    reporter.result(
        f"{items['done']:,} of {items['total']:,} recordings done, {items['failed']:,} failed, "
        f"{items['left']:,} left; {summary['audio_h']:.2f} h of audio{speed}"
    )
    for failure in summary["failures"]:
        example = failure["examples"][0]
        reporter.line(f"  {failure['items']:>6,}  {failure['kind']}: such as {example['id']}")
    report_verdicts(summary, reporter)


def refuse_names_of_the_corpus(items: Iterable[Item], task: CorpusTask) -> None:
    """Make sure that no result takes the name of a file of the corpus as a whole.

    Raises:
        UsageError: one would.
    """
    for item in items:
        for name in filter(is_reserved, task.forms.names(item).values()):
            raise UsageError(
                f"{item.place or item.id}: {name}, its result, would be a file of the corpus "
                "itself; give it another id"
            )


def refuse_to_replace_inputs(
    items: Iterable[Item], task: CorpusTask, arguments: argparse.Namespace
) -> None:
    """Make sure that no result takes the place of a recording, a transcript or the manifest.

    Raises:
        UsageError: one would, or the directory for the results cannot be made.
    """
    if is_url(arguments.output_dir):
        return
    directory = Path(arguments.output_dir)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--output_dir {shown_path(directory)}: cannot be created: {error.strerror}; choose "
            "another directory"
        ) from error
    root = os.path.realpath(directory)
    real_folder = cache(os.path.realpath)

    def real(path: str) -> str:
        folder, name = os.path.split(path)
        return f"{real_folder(folder)}{os.sep}{name}"

    inputs = set(map(real, _inputs_of(items, arguments)))
    inside = {path for path in inputs if path.startswith(root + os.sep)}
    if not inside:
        return
    for item in items:
        for name in task.forms.names(item).values():
            if real(f"{root}{os.sep}{name}") in inside:
                raise UsageError(
                    f"--output_dir {shown_path(directory)}: {name}, a result of "
                    f"{item.place or item.id}, is an input; choose another directory"
                )


def _inputs_of(items: Iterable[Item], arguments: argparse.Namespace) -> Iterator[str]:
    yield from map(str, checkpoint_files(arguments.model_path))
    if arguments.manifest is not None:
        yield arguments.manifest
    for item in items:
        yield item.audio_path
        if arguments.manifest is None:
            audio = Path(item.audio_path)
            yield from (str(audio.with_suffix(suffix)) for suffix in TRANSCRIPT_SUFFIXES)
