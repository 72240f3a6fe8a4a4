"""A corpus and a model that answers at once, always the same; run as a script, it is killed often.

    python stand_in.py FOLDER COUNT SEED ROUNDS

works ROUNDS times on COUNT items into FOLDER/killed-ROUND, in children that die of SIGKILL
at random lines or moments until one comes to its end, and prints how many died. What each leaves
is compared with FOLDER/undisturbed.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from speech_toolkit.corpus.item import Item
from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.journal_lines import read_journal
from speech_toolkit.corpus.outcome import ItemResult, figures
from speech_toolkit.corpus.run import items_left, run_items
from speech_toolkit.corpus.shard import WHOLE_CORPUS
from speech_toolkit.errors import NotAudioError, TranscriptError
from speech_toolkit.files.writing import json_text, utf8
from speech_toolkit.outcomes import outcome_of
from speech_toolkit.progress import UNWATCHED

UNDISTURBED = "undisturbed"
SETTINGS = {"model": "stand-in"}
_LINES_A_LIFE = 5000
_LIFE_S = 0.02


def items_in(folder, count):
    """Return items of audio in a folder, where :func:`record_audio` put it; some have no text."""
    return [
        Item(
            id=f"speaker{number % 3}/ü{number}",
            audio_path=str(folder / f"{number}.wav"),
            text="" if number % 9 == 7 else f"你好 {number}",
            place=f"list.jsonl:{number + 1}",
        )
        for number in range(count)
    ]


def record_audio(folder, count):
    """Make the files of :func:`items_in`; some are missing."""
    for number in range(count):
        if number % 9 != 4:
            (folder / f"{number}.wav").write_bytes(b"sound" * (number + 1))


def align(item):
    """Return a document of the form of an alignment."""
    if not item.text:
        raise TranscriptError(f"{item.id}: holds nothing to align")
    try:
        size = len(Path(item.audio_path).read_bytes())
    except OSError as error:
        raise NotAudioError(f"{item.audio_path}: is none") from error
    return {
        "transcript": item.text,
        "audio_duration": size / 16,
        "audio_load_time": 0.25,
        "infer_time": 0.5,
        "align_time": 0.125,
        "segments": [{"score": -size / 100}],
        "device": "cpu",
    }


def render(item, document):
    """Return two files, one of them large enough to be cut in the middle."""
    return {f"{item.id}.json": json_text(document), f"{item.id}.txt": item.text * 5000}


def one_by_one(do, render=render):
    """Return an engine without threads: what aligns an item, what writes its files."""

    def result(item):
        document = do(item)
        contents = {name: utf8(text) for name, text in render(item, document).items()}
        return ItemResult(contents, figures(document))

    def engine(items, stop):
        for item in items:
            yield item, outcome_of(lambda item=item: result(item))
            if stop.is_set():
                return

    return engine


def outcomes_of(items, journal, do=align, render=render, progress=UNWATCHED):
    """Yield the outcomes of what is left of a corpus."""
    left, _ = items_left(items, journal)
    yield from run_items(left, one_by_one(do, render), journal, progress)


def work(items, out, *, do=align, shard=WHOLE_CORPUS, **options):
    """Do a corpus, and return the outcomes of this run."""
    with open_journal(out, SETTINGS, shard, **options) as journal:
        return list(outcomes_of(items, journal, do))


def die_at_line(number):
    """Let this process be killed before it runs some line of the package, counted from now."""
    left = number

    def trace(frame, event, argument):
        nonlocal left
        if event == "call":
            return trace if "speech_toolkit" in frame.f_code.co_filename else None
        left -= event == "line"
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def write_in_pieces():
    """Let the system take few bytes at a time, so that a line can be cut off in the middle."""
    write = os.write
    os.write = lambda descriptor, data: write(descriptor, data[:50])


def killed_until_done(items, out, dice):
    """Work in children that are killed until one comes to its end, and return how many were."""
    deaths = 0
    while True:
        by_line, at = dice.random() < 0.8, dice.random()
        child = os.fork()
        if not child:
            if by_line:
                write_in_pieces()
                die_at_line(1 + int(at * _LINES_A_LIFE))
            work(items, out)
            os._exit(0)
        if not by_line:
            time.sleep(at * _LIFE_S)
            os.kill(child, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != -signal.SIGKILL:
            return deaths if status == 0 else f"exit code {status}"
        deaths += 1
        check_whole(out)


def check_whole(out):
    """Make sure that each result which is there is whole, and that those recorded are there."""
    results = {path for path in out.rglob("[!.]*") if path.is_file()} - {out / "journal.jsonl"}
    for path in results:
        whole = out.with_name(UNDISTURBED) / path.relative_to(out)
        assert path.read_bytes() == whole.read_bytes(), f"{path} is not whole"
    if (out / "journal.jsonl").exists():
        recorded = read_journal(out / "journal.jsonl").outcomes.values()
        assert {out / name for outcome in recorded for name in outcome.outputs} <= results


if __name__ == "__main__":
    folder, (count, seed, rounds) = Path(sys.argv[1]), map(int, sys.argv[2:])
    chance = random.Random(seed)
    corpus = items_in(folder, count)
    for number in range(rounds):
        print(killed_until_done(corpus, folder / f"killed-{number}", chance), flush=True)
