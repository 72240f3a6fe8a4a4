import json
from pathlib import Path

import pytest

from speech_toolkit.bundled import CHECKOUT as REPOSITORY
from speech_toolkit.cli.scripts import eval_accuracy
from speech_toolkit.errors import UsageError

TWO = ("--devices", "cpu,cpu:bfloat16", "--family", "mms", "--quiet")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_audio_of_a_manifest_is_never_replaced():
    demo = (REPOSITORY / "samples" / "demo.wav").read_bytes()
    Path("talk.wav").write_bytes(demo)
    Path("cases.jsonl").write_text(json.dumps({"audio": "talk.wav", "text": "hello"}))

    for flag in ("--output", "--html"):
        with pytest.raises(UsageError, match=f"{flag} talk.wav: is the same file as audio of"):
            eval_accuracy.main([*TWO, "--manifest", "cases.jsonl", flag, "talk.wav"])
    assert Path("talk.wav").read_bytes() == demo


def test_kept_cases_replace_nothing():
    Path("kept").mkdir()
    Path("kept/case_1.wav").write_text("mine")

    with pytest.raises(UsageError, match="--keep_audio kept: case_1.wav stands there already"):
        eval_accuracy.main([*TWO, "--keep_audio", "kept", "--num_test_cases", "1"])
    assert Path("kept/case_1.wav").read_text() == "mine"
    with pytest.raises(
        UsageError, match="--keep_audio new/case_2.wav: is the same file as --output"
    ):
        kept = ("--keep_audio", "./new", "--num_test_cases", "2")
        eval_accuracy.main([*TWO, *kept, "--output", "new/case_2.wav"])
