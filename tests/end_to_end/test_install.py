"""The package as pip installs it: commands, bundled models, and no path back to the checkout."""

import json
import os
import subprocess
import sys

import pytest

from tests.end_to_end.support import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a folder with the package and its commands, built from a copy of the sources."""
    target = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target]
    subprocess.run([*command, REPOSITORY], check=True)
    return target


@pytest.fixture
def run(installed, tmp_path):
    def run(command, *arguments):
        return subprocess.run(
            [sys.executable, "-P", installed / "bin" / command, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(installed)},
            capture_output=True,
            text=True,
        )

    return run


@pytest.mark.parametrize(
    "command",
    [
        "inference",
        "inference-mms",
        "inference-whisper",
        "evaluate",
        "eval-accuracy",
        "eval-perf",
    ],
)
def test_every_command_has_help_under_its_name(run, command):
    finished = run(command, "--help")
    assert finished.returncode == 0
    assert finished.stdout.startswith(f"usage: {command} ")


def test_alignment_with_the_bundled_model(run, installed, tmp_path):
    sample = REPOSITORY / "samples" / "demo"
    files = ["--audio", f"{sample}.wav", "--transcript_file", f"{sample}.txt"]
    written = ["--output_dir", "out", "--format", "json,html"]
    finished = run("inference-mms", *files, "--device", "cpu", *written)
    assert finished.returncode == 0, finished.stderr
    result = json.loads((tmp_path / "out" / "demo.json").read_text("utf-8"))
    assert result["model_path"].startswith(str(installed))
    assert (tmp_path / "out" / "demo.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_evaluation_with_samples_and_page(run, tmp_path):
    arguments = ["--devices", "cpu,cpu:bfloat16", "--runs", "1", "--warmup", "0"]
    finished = run("evaluate", *arguments, "--html", "page.html")
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    report = json.loads((tmp_path / "eval_result.json").read_text("utf-8"))
    assert report["toolkit"]["commit"] is None


def test_bad_input_is_one_line(run):
    finished = run("inference-whisper", "--audio", "missing.wav")
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "missing.wav" in finished.stderr
