"""What holds for every script: help, imports, interrupts, readers that leave."""

import signal
import subprocess
import sys
import time

import pytest

from tests.end_to_end.support import (
    HEAVY_PACKAGES,
    MODEL,
    REPOSITORY,
    SAMPLES,
    SCRIPTS,
    run_python,
    run_script,
)

DEMO = ["--audio", SAMPLES / "demo.wav", "--transcript_file", SAMPLES / "demo.txt"]


def start(arguments, cwd, stdout=subprocess.PIPE):
    return subprocess.Popen(
        [sys.executable, str(REPOSITORY / "inference_mms.py"), *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        cwd=cwd,
    )


def test_interrupt_ends_it_in_one_line_and_writes_nothing(tmp_path):
    command = [*DEMO, "--device", "cpu", "--output", "o.json"]
    with start(command, tmp_path) as process:
        for line in process.stdout:
            if line.startswith(b"Running inference"):
                break
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)

    assert process.returncode == 130, stderr.decode()
    assert stderr.decode().splitlines()[-1] == "interrupted"
    assert "Traceback" not in stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_is_no_error(tmp_path):
    command = [*DEMO, "--device", "cpu", "--output", "o.json"]
    with start(command, tmp_path) as process:
        process.stdout.readline()
        process.stdout.close()
        stderr = process.stderr.read().decode()

    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert "Exception ignored" not in stderr
    assert (tmp_path / "o.json").is_file(), "exit code 0 means that the result was written"


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_answers_from_the_standard_library(script, tmp_path):
    run = run_script(
        script, "--help", cwd=tmp_path, forbid=(*HEAVY_PACKAGES, "numpy", "soundfile", "numba")
    )

    assert run.code == 0, run.stderr
    assert run.stdout.startswith("usage: ")
    assert run.stderr == ""


def test_help_of_a_model_is_that_of_its_script(tmp_path):
    run = run_script(
        "inference.py", "--model_path", MODEL, "--help", cwd=tmp_path, forbid=HEAVY_PACKAGES
    )

    assert run.code == 0, run.stderr
    assert "--transcript_file" in run.stdout


WATCHED_IMPORT = """
import importlib, logging, os, signal, sys, threading, warnings

sys.path.insert(0, {repository!r})
def state():
    return (
        dict(os.environ), os.getcwd(), sys.argv[:], sys.path[:], list(warnings.filters),
        logging.root.level, logging.root.handlers[:], threading.active_count(),
        [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM)],
    )
before = state()
importlib.import_module({module!r})
assert state() == before, "importing changed the process"
"""


@pytest.mark.parametrize("script", SCRIPTS)
def test_importing_a_script_does_nothing(script, tmp_path):
    """A dependency may probe for a package of the same name, such as evaluate."""
    program = WATCHED_IMPORT.format(repository=str(REPOSITORY), module=script.removesuffix(".py"))

    run = run_python("-c", program, cwd=tmp_path, forbid=HEAVY_PACKAGES)

    assert run.code == 0, run.stderr
    assert run.stdout == run.stderr == ""
    assert list(tmp_path.iterdir()) == []
