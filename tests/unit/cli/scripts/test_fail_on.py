"""Verdicts on transcripts as exit codes: results are written in any case."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from speech_toolkit.alignment.aligner import Aligner
from speech_toolkit.alignment.quality.quality import Quality, Reason
from speech_toolkit.bundled import SCHEMAS
from speech_toolkit.cli.scripts import inference_mms

DEMO = Path(__file__).parents[4] / "samples/demo.wav"
TEXT = "The old lighthouse keeper waved"
VERDICTS = {"wrong": "wrong_transcript", "odd": "check"}


@pytest.fixture(autouse=True)
def judge_by_name(monkeypatch):
    """Let the name of a file say how well it goes with its text."""
    decode = Aligner.decode

    def judged(*arguments, **options):
        result = decode(*arguments, **options)
        verdict = VERDICTS.get(Path(result.audio_path).stem, "good")
        reasons = () if verdict == "good" else (Reason("not_spoken", "nobody said so"),)
        return replace(result, quality=Quality(verdict, 0.5, reasons))

    monkeypatch.setattr(Aligner, "decode", judged)


@pytest.fixture
def recordings(tmp_path):
    """A folder for recordings with a text, named after the verdict on them."""

    def make(*names):
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        for name in names:
            (folder / f"{name}.wav").write_bytes(DEMO.read_bytes())
            (folder / f"{name}.lab").write_text(TEXT, encoding="utf-8")
        return folder

    return make


@pytest.mark.parametrize(
    ("name", "fail_on", "code"),
    [
        ("wrong", [], 0),
        ("wrong", ["--fail_on", "wrong_transcript"], 1),
        ("odd", ["--fail_on", "wrong_transcript"], 0),
        ("odd", ["--fail_on", "check"], 1),
        ("fine", ["--fail_on", "check"], 0),
    ],
)
def test_one_recording(recordings, tmp_path, capsys, name, fail_on, code):
    audio, output = recordings(name) / f"{name}.wav", tmp_path / "a.json"

    argv = ["--audio", str(audio), "--transcript", TEXT, "--output", str(output), *fail_on]
    assert inference_mms.main([*argv, "--quiet"]) == code

    verdict = VERDICTS.get(name, "good")
    assert json.loads(output.read_text("utf-8"))["quality"]["verdict"] == verdict
    assert ("nobody said so" in capsys.readouterr().err) == (verdict != "good")


def test_a_corpus_with_a_wrong_text_is_done_and_fails(recordings, tmp_path, capsys):
    out = tmp_path / "out"
    argv = ["--audio", str(recordings("fine", "odd", "wrong")), "--output_dir", str(out)]
    assert inference_mms.main(argv) == 0
    said = capsys.readouterr()
    assert "[QUALITY] 1 good, 1 check, 1 wrong_transcript (median confidence 0.50)" in said.out
    assert "[WARNING] wrong: wrong transcript? nobody said so" in said.err

    # What was done before is judged as what is done now.
    for fail_on, code in (("never", 0), ("wrong_transcript", 1), ("check", 1)):
        assert inference_mms.main([*argv, "--fail_on", fail_on, "--quiet"]) == code

    lines = [json.loads(line) for line in (out / "journal.jsonl").read_text("utf-8").splitlines()]
    verdicts = {line["id"]: line["quality"]["verdict"] for line in lines[1:]}
    assert verdicts == {"fine": "good", "odd": "check", "wrong": "wrong_transcript"}
    summary = json.loads((out / "corpus.json").read_text("utf-8"))
    jsonschema.validate(summary, json.loads((SCHEMAS / "corpus.schema.json").read_text("utf-8")))
    assert [each["id"] for each in summary["to_check"]] == ["wrong", "odd"]
    assert len(list(out.glob("*.json"))) == 4


def test_recordings_that_failed_weigh_more_than_wrong_texts(recordings, tmp_path):
    folder = recordings("wrong", "gone")
    (folder / "gone.wav").write_bytes(b"no sound")
    argv = ["--audio", str(folder), "--output_dir", str(tmp_path / "out"), "--quiet"]
    assert inference_mms.main([*argv, "--fail_on", "check"]) == 3


@pytest.mark.parametrize(
    ("unless", "kept"),
    [
        ([], {"fine", "odd"}),
        (["--export_unless", "check"], {"fine"}),
        (["--export_unless", "never"], {"fine", "odd", "wrong"}),
    ],
)
def test_wrong_texts_are_not_exported_for_training(recordings, tmp_path, capsys, unless, kept):
    out = tmp_path / "out"
    argv = ["--audio", str(recordings("fine", "odd", "wrong")), "--output_dir", str(out)]
    assert inference_mms.main([*argv, "--export", "nemo", *unless]) == 0

    manifest = (out / "export/nemo/manifest.jsonl").read_text("utf-8").splitlines()
    assert {Path(json.loads(line)["audio_filepath"]).stem for line in manifest} == kept
    left_out = 3 - len(kept)
    said = f"Not exported for their verdict: {left_out} (--export_unless)"
    assert (said in capsys.readouterr().out) == bool(left_out)
