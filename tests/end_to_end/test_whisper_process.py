"""inference_whisper.py and inference.py as processes: who answers, long audio, interrupts."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from tests.end_to_end.support import HEAVY_PACKAGES, REPOSITORY, WHISPER, run_many, run_script
from tests.end_to_end.whisper_material import RATE_HZ, SENTENCE, TALK


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_inference_without_a_model_takes_whisper_where_a_mode_is_given(tmp_path):
    helped = run_script("inference.py", "--mode", "chunked", "--help", cwd=tmp_path)
    aligner = run_script("inference.py", "--audio", SENTENCE, cwd=tmp_path, forbid=HEAVY_PACKAGES)

    assert "--chunk_length" in helped.stdout
    assert aligner.code == 2
    assert "--transcript" in aligner.stderr


@pytest.mark.slow
def test_ten_minutes(tmp_path):
    samples, _ = soundfile.read(TALK, dtype="float32")
    long = np.tile(samples, 7)[: 600 * RATE_HZ]
    soundfile.write(tmp_path / "long.flac", long, RATE_HZ)

    run = run_script(
        "inference_whisper.py",
        *("--audio", "long.flac", "--mode", "chunked", "--device", "cpu", "--output", "long.json"),
        cwd=tmp_path,
    )

    assert run.code == 0, run.stderr
    result = read_json(tmp_path / "long.json")
    assert result["audio_duration_s"] == 600
    assert result["segments"][-1]["end_s"] > 580
    assert result["windows"] <= 1.1 * 600 / 30


@pytest.mark.slow
def test_an_interrupt_keeps_what_is_done_and_begins_nothing(tmp_path):
    samples, _ = soundfile.read(TALK, dtype="float32")
    recordings = [SENTENCE, "long.flac", "last.flac"]
    for name in recordings[1:]:
        soundfile.write(tmp_path / name, np.tile(samples, 3), RATE_HZ)
    command = ["--audio", *recordings, "--output_dir", "out", "--device", "cpu"]
    with subprocess.Popen(
        [sys.executable, str(REPOSITORY / "inference_whisper.py"), *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        done = tmp_path / "out" / "sentence.json"
        while not done.exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        stdout, stderr = (text.decode() for text in process.communicate(timeout=60))

    assert process.returncode == 130, stderr
    assert stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in stderr
    assert read_json(done)["audio_path"] == str(SENTENCE)
    written = sum((tmp_path / "out" / name).exists() for name in ("long.json", "last.json"))
    assert written < 2
    assert f"{1 + written} of 3 recordings done, 0 failed, {2 - written} left" in stdout


@pytest.mark.slow
def test_published_measurements(tmp_path):
    """Word for word but for the device, beside a model and a recording of the published names.

    The CPU is held against itself in another dtype: in its own it would show nothing.
    """
    (tmp_path / "distil-large-v3").symlink_to(WHISPER)
    (tmp_path / "test.flac").symlink_to(TALK)
    lines = (
        "--model_path ./distil-large-v3 --audio test.flac --device cpu --dtype bfloat16 "
        "--mode compare --output compare_result.json",
        "--model_path ./distil-large-v3 --audio test.flac --device cpu --mode benchmark "
        "--num_runs 10 --output benchmark_result.json",
    )

    runs = run_many([("inference.py", line.split(" ")) for line in lines], cwd=tmp_path)

    assert [run.code for run in runs] == [0, 0], runs
    assert read_json(tmp_path / "compare_result.json")["verdict"] == "PASS"
    assert len(read_json(tmp_path / "benchmark_result.json")["runs_s"]) == 10
