"""Runs over many recordings that are killed, and what runs leave, to be compared with another."""

import json
import os
import random
import signal
import time

from tests.end_to_end.test_interrupts import started

ROUNDING = 5e-4  # of scores, in batches that others share
LONGEST_LOAD_S = 8.0
MOST_DONE_IN_A_LIFE = 25

OWN_FILES = {"journal.jsonl", ".journal.lock", ".corpus.lock", "corpus.json", "corpus.html"}
# What a fault of tools/make_corpus.py is called in a journal.
KIND_OF_FAULT = {
    "missing": "missing",
    "truncated": "truncated",
    "not audio": "not audio",
    "wrong text": "wrong text",
    "silent": "silent",
    "empty": "too short",
    "text too long": "text too long for the audio",
    "pipe": "not audio",
}
# Differ from run to run.
_MEASURED = {
    "model_load_time",
    "audio_load_time",
    "infer_time",
    "align_time",
    "rtf",
    "environment",
    "memory",
    "model_load_s",
    "stage_times_s",
    "transcribe_s",
}


def results_in(folder):
    """Return all results by their path, without what was measured."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name in OWN_FILES:
            continue
        if path.suffix == ".json":
            document = json.loads(path.read_text(encoding="utf-8"))
            found[name] = {key: value for key, value in document.items() if key not in _MEASURED}
        else:
            found[name] = path.read_bytes()
    return found


def journal_of(folder):
    """Return the lines of a journal by id, the settings left out; each id stands there once."""
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()[1:]]
    by_id = {line["id"]: line for line in lines}
    assert len(by_id) == len(lines), "an item is recorded twice"
    return by_id


def outcomes_in(folder):
    """Return what became of each item, without what was measured."""
    kept = ("status", "error", "outputs", "audio_s", "mean_score")
    return {name: [line[key] for key in kept] for name, line in journal_of(folder).items()}


def assert_same(found, expected, tolerance=0.0):
    """Make sure that two runs left the same results, but for what was measured.

    ``tolerance`` is how far numbers may differ, where rounding depends on what shared a batch.
    """
    both = [
        {
            "outcomes": outcomes_in(folder),
            "results": {n: r for n, r in results_in(folder).items() if "export" not in n},
        }
        for folder in (found, expected)
    ]
    assert both[0]["results"].keys() ^ both[1]["results"].keys() == set()
    assert list(differences(*both, tolerance)) == []


def differences(found, expected, tolerance, place=""):
    """Yield where two JSON values differ by more than the tolerance, given for several cards."""
    if place.endswith("/device") and tolerance:
        return  # several cards: which one is free is chance
    if isinstance(expected, float) and isinstance(found, float):
        if abs(found - expected) > tolerance:
            yield f"{place}: {found} for {expected}"
    elif type(found) is not type(expected):
        yield f"{place}: {found!r} for {expected!r}"
    elif isinstance(expected, dict) and found.keys() == expected.keys():
        for key, value in expected.items():
            yield from differences(found[key], value, tolerance, f"{place}/{key}")
    elif isinstance(expected, list) and len(found) == len(expected):
        for index, value in enumerate(expected):
            yield from differences(found[index], value, tolerance, f"{place}/{index}")
    elif found != expected:
        yield f"{place}: {found!r} for {expected!r}"


def kill_often(line, output, kills, seed=0, **how):
    """Start a command and kill it so many times: while it loads, or after some more items.

    Half of the times all its processes are killed with it.
    """
    dice = random.Random(seed)
    journal = output / "journal.jsonl"

    def recorded():
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    for _ in range(kills):
        with started(line, output.parent, **how) as process:
            if dice.random() < 0.3:
                time.sleep(dice.uniform(0, LONGEST_LOAD_S))
            else:
                enough = recorded() + dice.randrange(1, MOST_DONE_IN_A_LIFE)
                while process.poll() is None and recorded() < enough:
                    time.sleep(0.002)
                time.sleep(dice.uniform(0, 0.05))
            if dice.random() < 0.5 and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
