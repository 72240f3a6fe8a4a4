"""One bad recording or text stays in the list, with its fault; a bad line stops all of it."""

import errno
import json
import os

import pytest

from speech_toolkit.corpus.digests import item_digest
from speech_toolkit.corpus.inputs.faults import SHOWN, InputsError, told_faults
from speech_toolkit.corpus.inputs.read import read_audio_items

GOOD = {"audio": "a.wav", "text": "x"}


def read(corpus, *entries, strict=False, **options):
    lines = "\n".join(json.dumps(entry) for entry in (GOOD, *entries))
    return corpus.items("m.jsonl", lines, strict=strict, **options)


@pytest.fixture
def bad(corpus):
    os.mkfifo(corpus.root / "pipe.wav")
    os.mkfifo(corpus.root / "pipe.txt")
    corpus.add("zero.wav", content=b"")
    corpus.add("latin.txt", content=b"\xe9t\xe9")
    corpus.add("blank.txt", content=b" \n")
    return corpus


@pytest.mark.parametrize(
    ("entry", "kind", "complaint"),
    [
        ({"audio": "gone.wav"}, "missing", "audio 'gone.wav' does not exist"),
        ({"audio": "a.wav\0"}, "missing", "does not exist"),
        ({"audio": "sub"}, "not audio", "audio 'sub' is a directory; name a file"),
        ({"audio": "pipe.wav"}, "not audio", "audio 'pipe.wav' is a pipe or a device"),
        ({"audio": "/dev/null"}, "not audio", "audio '/dev/null' is a pipe or a device"),
        ({"audio": "zero.wav"}, "too short", "audio 'zero.wav' is empty; copy or download"),
        ({"text": ""}, "wrong text", "has an empty text; write what is spoken"),
        ({"text": None}, "wrong text", "has no text to align; give"),
        ({"text": None, "text_file": "gone.txt"}, "wrong text", "'gone.txt' does not exist"),
        ({"text": None, "text_file": "pipe.txt"}, "wrong text", "'pipe.txt' is a pipe"),
        ({"text": None, "text_file": "latin.txt"}, "wrong text", "is not valid UTF-8"),
        ({"text": None, "text_file": "blank.txt"}, "wrong text", "the transcript is empty"),
        ({"audio": "gone.wav", "text": ""}, "missing", "audio 'gone.wav' does not exist"),
    ],
)
def test_one_bad_item_stays_beside_the_good(bad, entry, kind, complaint):
    entry = GOOD | {"id": "bad"} | entry
    entry = {key: value for key, value in entry.items() if value is not None}
    good, faulty = read(bad, entry)
    assert (good.fault, good.text) == (None, "x")
    assert (faulty.id, faulty.fault.kind) == ("bad", kind)
    assert faulty.fault.message.startswith(f"{bad.root / 'm.jsonl'}:2: ")
    assert complaint in faulty.fault.message
    with pytest.raises(InputsError, match=r"m\.jsonl:2: "):
        read(bad, entry, strict=True)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"audio": "gone.wav", "txt": "x"}',
        '{"audio": " ", "text": "x"}',
        '{"audio": "gone.wav", "text": "x", "id": "../x"}',
        '{"audio": "gone.wav", "text": "x", "text_file": "a.txt"}',
        '{"audio": "gone.wav", "text": "x", "start_s": 3, "end_s": 2}',
        '{"audio": "gone.wav", "text": "x", "id": "a"}\n{"audio": "b", "text": "x", "id": "a"}',
    ],
)
def test_a_bad_line_stops_all_and_is_told_without_what_stops_one(corpus, line):
    with pytest.raises(InputsError) as caught:
        corpus.items("m.jsonl", f"{json.dumps(GOOD | {'id': 'good'})}\n{line}", strict=False)
    assert caught.value.count == 1
    assert "does not exist" not in str(caught.value)


def test_an_item_whose_file_came_is_another_input(corpus):
    faulty = read(corpus, {"audio": "gone.wav", "text": "x"})[1]
    missing = item_digest(faulty, "s")
    assert faulty.audio_path == str(corpus.root / "gone.wav")
    corpus.add("gone.wav")
    repaired = read(corpus, {"audio": "gone.wav", "text": "x"})[1]
    assert (repaired.fault, repaired.audio_path) == (None, faulty.audio_path)
    assert item_digest(repaired, "s") != missing
    assert item_digest(faulty, "s") == item_digest(repaired, "s")  # the fault is no part of it


def test_a_folder_that_may_not_be_entered_is_no_missing_file(corpus, monkeypatch):
    real = os.stat

    def barred(path, **options):
        if str(path).endswith("b.flac"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setattr(os, "stat", barred)
    faulty = read(corpus, {"audio": "sub/b.flac", "text": "x"})[1]
    assert faulty.fault.kind == "unreadable"
    assert "sub/b.flac' is in a folder that this user may not enter" in faulty.fault.message


def test_files_that_are_named_one_by_one_are_items_too(corpus):
    gone, good = read_audio_items(
        [str(corpus.root / name) for name in ("gone.wav", "a.wav")], needs_text=False
    )
    assert (gone.id, gone.fault.kind, good.fault) == ("gone", "missing", None)


@pytest.mark.parametrize(("count", "last"), [(0, ""), (SHOWN, ":21: "), (SHOWN + 3, "and 3 more")])
def test_the_first_faults_are_told_before_a_run(corpus, count, last):
    items = read(corpus, *({"audio": f"{n}.wav", "text": "x"} for n in range(count)))
    told = told_faults(items)
    assert len(told) == min(count, SHOWN + 1)
    assert last in (told[-1] if told else "")
