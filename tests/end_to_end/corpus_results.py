"""What a run over many recordings leaves, in a form that two runs can be compared in."""

import json

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
