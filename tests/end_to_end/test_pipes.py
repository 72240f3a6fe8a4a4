"""Evaluations of what can be read once only: a FIFO, as `<(...)` gives one."""

import hashlib
import json
import os
import threading

import pytest

from speech_toolkit.exit_codes import EXIT_DONE, EXIT_NOT_VALID
from tests.end_to_end.support import SAMPLES, run_script
from tests.end_to_end.whisper_material import SENTENCE

SPEECH = SAMPLES / "question.flac"


@pytest.fixture
def pipe(tmp_path):
    def make(name, content):
        os.mkfifo(tmp_path / name)
        threading.Thread(target=(tmp_path / name).write_bytes, args=(content,), daemon=True).start()
        return name

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "code"),
    [(("compare",), EXIT_NOT_VALID), (("benchmark", "--num_runs", 2), EXIT_DONE)],
)
def test_whisper_on_a_pipe(mode, code, pipe, tmp_path):
    audio = pipe("speech", SENTENCE.read_bytes())

    run = run_script(
        "inference_whisper.py",
        *("--audio", audio, "--device", "cpu", "--mode", *mode, "--output", "report.json"),
        cwd=tmp_path,
    )

    assert run.code == code, run.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["audio"]["path"] == report["config"]["audio_path"] == "speech"
    assert report["audio"]["sha256"] == hashlib.sha256(SENTENCE.read_bytes()).hexdigest()


@pytest.mark.slow
def test_parity_on_pipes(pipe, tmp_path):
    audio = pipe("speech", SPEECH.read_bytes())
    text = pipe("text", SPEECH.with_suffix(".txt").read_bytes())

    run = run_script(
        "evaluate.py",
        *("--audio", audio, "--transcript_file", text, "--devices", "cpu,cpu:bfloat16"),
        *("--no_noise_floor", "--runs", 1, "--output", "report.json"),
        cwd=tmp_path,
    )

    assert run.stderr == ""
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["candidates"][0]["task"]["words"] > 0
    assert report["input"]["audio_path"] == "speech"
    assert report["input"]["audio_sha256"] == hashlib.sha256(SPEECH.read_bytes()).hexdigest()
