"""The forms of use that are published: run_inference from Python, and the command line."""

import json
import shutil

import jsonschema
import numpy as np
import pytest

import inference_mms
from tests.end_to_end.alignment_results import REPORT, SCHEMA, true_words
from tests.end_to_end.support import (
    MODEL,
    REPOSITORY,
    SAMPLES,
    run_python,
    run_script,
)

PYTHON_FORM = """
import json, sys
import torch
from inference import run_inference

model, samples = json.load(sys.stdin)
first = samples[0]
once = run_inference(
    model_path=model,
    audio_path=first["audio"],
    transcript=first["transcript"],
    device_type="cpu",
    dtype=torch.float32,
)
from speech_toolkit.alignment import Aligner

aligner = Aligner.load(model, device="cpu")
many = [
    result.to_dict()
    for result in aligner.align_files((s["audio"], s["transcript"]) for s in samples)
]
print(json.dumps([once, many]))
"""


@pytest.fixture(scope="module")
def sample_files():
    """The JSON of each bundled sample, the demo first."""
    files = sorted(SAMPLES.glob("*.json"), key=lambda path: (path.stem != "demo", path.name))
    assert len(files) >= 6
    return files


@pytest.fixture(scope="module")
def python_form(sample_files, tmp_path_factory):
    """run_inference on the demo, and a loaded Aligner on every sample."""
    samples = []
    for path in sample_files:
        sample = json.loads(path.read_text(encoding="utf-8"))
        samples.append(
            {"audio": str(SAMPLES / sample["audio"]), "transcript": sample["transcript"]}
        )
    program = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n{PYTHON_FORM}"
    run = run_python(
        "-c",
        program,
        cwd=tmp_path_factory.mktemp("python"),
        stdin=json.dumps([str(MODEL), samples]).encode(),
    )
    assert run.code == 0, run.stderr
    return json.loads(run.stdout)


def test_run_inference_returns_what_the_command_line_writes(python_form, tmp_path):
    once, _ = python_form
    demo = ["--audio", f"{SAMPLES}/demo.wav", "--transcript_file", f"{SAMPLES}/demo.txt"]
    output = tmp_path / "plain.json"
    inference_mms.main([*demo, "--device", "cpu", "--output", str(output), "--quiet"])
    plain = json.loads(output.read_text(encoding="utf-8"))

    jsonschema.validate(once, SCHEMA)
    assert once["device"] == "cpu"
    assert once["dtype"] == "torch.float32"
    assert once["infer_time"] / once["audio_duration"] == pytest.approx(once["rtf"], rel=0.01)
    assert [s["token"] for s in once["segments"]] == [s["token"] for s in plain["segments"]]
    assert [s["start_time"] for s in once["segments"]] == [
        s["start_time"] for s in plain["segments"]
    ]


def test_bundled_samples_are_aligned_to_their_true_times(python_form, sample_files):
    """Voices and sentences that the bundled model was not trained on."""
    _, many = python_form
    errors_s = []
    for path, result in zip(sample_files, many, strict=True):
        truth = true_words(path)
        assert [word["text"] for word in result["words"]] == [text for text, _ in truth], path.name
        errors_s += [
            abs(word["start_time"] - start_s)
            for word, (_, start_s) in zip(result["words"], truth, strict=True)
        ]

    assert len(errors_s) > 200
    assert np.median(errors_s) <= 0.030
    assert np.mean(np.array(errors_s) <= 0.100) >= 0.90


def test_published_command_line(tmp_path):
    """Word for word, beside the model's files."""
    shutil.copytree(MODEL, tmp_path, dirs_exist_ok=True)
    shutil.copy(SAMPLES / "demo.wav", tmp_path / "sample.wav")
    before = {path.name for path in tmp_path.iterdir()}

    run = run_script(
        "inference.py",
        *("--model_path", ".", "--audio", "sample.wav", "--transcript", "hello world"),
        *("--device", "cpu", "--dtype", "float32", "--output", "alignment_result.json"),
        cwd=tmp_path,
    )

    assert run.code == 0, run.stderr
    assert REPORT.fullmatch(run.stdout), run.stdout
    assert "[INFO] Loading model from: .\n" in run.stdout
    result = json.loads((tmp_path / "alignment_result.json").read_text())
    assert "".join(segment["token"] for segment in result["segments"]) == "helloworld"
    assert result["audio_path"] == "sample.wav"
    assert {path.name for path in tmp_path.iterdir()} - before == {"alignment_result.json"}
