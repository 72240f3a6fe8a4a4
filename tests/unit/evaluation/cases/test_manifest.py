import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.cases.manifest import read_manifest
from speech_toolkit.evaluation.metrics.boundaries import TrueWord


@pytest.fixture
def recording(tmp_path):
    soundfile.write(tmp_path / "talk.wav", np.zeros(8_000), 16_000)
    return tmp_path


def manifest(directory, *lines):
    path = directory / "mine.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_manifest_is_read_relative_to_itself(recording):
    line = {"audio": "talk.wav", "text": "So it is.", "conditions": {"noise": "street"}}
    timed = {
        "audio": str(recording / "talk.wav"),
        "text": "Ja",
        "language": "de",
        "words": [{"text": "Ja", "start_s": 0, "end_s": 0.4}],
    }
    cases = read_manifest(
        manifest(recording, json.dumps(line), "", json.dumps(timed)), language="en"
    ).cases
    assert [case.language for case in cases] == ["en", "de"]
    assert cases[0].duration_s == 0.5
    assert cases[0].conditions == {"noise": "street"}
    assert cases[1].words == (TrueWord("Ja", 0.0, 0.4),)
    assert [case.name for case in cases] == ["line 1: talk.wav", "line 3: talk.wav"]


def words(*entries):
    return json.dumps({"audio": "talk.wav", "text": "x", "words": entries})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "cannot be read as JSON .Expecting"),
        ("[" * 100_000, "cannot be read as JSON .nested too deeply"),
        ("[]", r"it is \[\], not an object for one .*; expected JSON such as"),
        ('{"audio": "talk.wav"}', "has no 'text'"),
        ('{"audio": "talk.wav", "text": " "}', "text is ' ', not what is said, as text"),
        ('{"audio": "talk.wav", "text": 3}', "text is 3, not what is said, as text"),
        ('{"audio": "talk.wav", "text": "x", "lang": "de"}', "has an unknown key 'lang'"),
        ('{"audio": "talk.wav", "text": "x", "language": null}', "language is None, not the code"),
        ('{"audio": "talk.wav", "text": "x", "conditions": 1}', "conditions is 1, not an object"),
        (
            '{"audio": "talk.wav", "text": "x", "conditions": {"a": []}}',
            r"conditions.a is \[\]",
        ),
        (words({"text": "x"}), r"words\[0\] has no 'start_s'"),
        (words(1), r"words\[0\] is 1, not a word such as"),
        (words({"text": "x", "start_s": float("nan"), "end_s": 1}), "start_s is nan, not seconds"),
        (words({"text": "x", "start_s": 0.3, "end_s": 0.1}), "0.3 to 0.1 s. is out of order"),
        (words({"text": "x", "start_s": 0.1, "end_s": 7}), "beyond the recording's 0.50 s"),
        (words({"text": "y", "start_s": 0, "end_s": 0.1}), "words are not those of text"),
    ],
)
def test_bad_line_is_named_by_number(recording, line, complaint):
    good = '{"audio": "talk.wav", "text": "x"}'
    with pytest.raises(UsageError, match=f"mine.jsonl, line 2: .*{complaint}") as caught:
        read_manifest(manifest(recording, good, line), "en")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("gone.wav", None, "gone.wav' does not exist: check the path"),
        ("page.m4a", b"<html>", "holds a web page, not audio"),
        ("talk.m4a", b"\x00\x00\x00\x20ftypM4A \x00\x00", "cannot be decoded .* copy or download"),
        ("empty.wav", b"", "is empty"),
        ("a\0b.wav", None, "line 1: "),
        (".", None, "is a directory"),
    ],
)
def test_a_recording_gets_the_message_of_a_single_file(recording, name, content, complaint):
    if content is not None:
        (recording / name).write_bytes(content)
    line = json.dumps({"audio": name, "text": "x"})
    with pytest.raises(UsageError, match=complaint) as caught:
        read_manifest(manifest(recording, line), "en")
    assert "expected JSON" not in str(caught.value)


@pytest.mark.parametrize("lines", [(), ("", " ")])
def test_manifest_without_cases_is_refused(recording, lines):
    with pytest.raises(UsageError, match="holds no cases"):
        read_manifest(manifest(recording, *lines), "en")


def test_missing_manifest_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.jsonl: cannot be read"):
        read_manifest(tmp_path / "gone.jsonl", "en")


def test_a_manifest_without_an_end_is_given_up():
    with pytest.raises(UsageError, match="/dev/zero:1: cannot be read"):
        read_manifest(Path("/dev/zero"), "en")


def test_a_recording_that_can_be_read_once_only_is_refused(recording):
    os.mkfifo(recording / "pipe")
    line = json.dumps({"audio": "pipe", "text": "x"})
    with pytest.raises(UsageError, match="line 1: audio 'pipe' cannot be read more than once"):
        read_manifest(manifest(recording, line), "en")


def test_a_manifest_from_a_pipe_names_files_from_here(recording, monkeypatch):
    monkeypatch.chdir(recording)
    reader, writer = os.pipe()
    os.write(writer, json.dumps({"audio": "talk.wav", "text": "one"}).encode())
    os.close(writer)
    (case,) = read_manifest(Path(f"/dev/fd/{reader}"), "en").cases
    os.close(reader)
    assert Path(case.audio_path).resolve() == recording / "talk.wav"
