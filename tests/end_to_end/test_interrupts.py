"""Scripts that are asked to end: nothing is left, no child runs on, the exit code says why."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from speech_toolkit.files.scratch import scratch_folder
from tests.end_to_end.support import REPOSITORY, SCRIPTS

EVALUATE = ("evaluate.py", "--devices", "cpu:float32,cpu:bfloat16", "--layers")
INTERRUPTED = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


@contextmanager
def started(command, cwd, variables=os.environ, **how):
    """Start a script with its own temporary directory and session."""
    (cwd / "temporary").mkdir(exist_ok=True)
    script, *arguments = command
    with subprocess.Popen(
        [sys.executable, str(REPOSITORY / script), *map(str, arguments)],
        cwd=cwd,
        env=dict(variables, TMPDIR=str(cwd / "temporary"), OMP_NUM_THREADS="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **how,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def children_of(pid):
    """Return the processes that descend from one, as Linux tells it."""
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    direct = [int(child) for child in listing.read_text().split()]
    return direct + [each for child in direct for each in children_of(child)]


def wait_for(condition, timeout_s=60):
    until = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    assert condition()


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def files_in(directory):
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", INTERRUPTED)
def test_an_evaluation_that_is_asked_to_end(name, tmp_path):
    with started(EVALUATE, tmp_path) as process:
        wait_for(lambda: len(children_of(process.pid)) == 2)  # the child and its guard
        children = children_of(process.pid)
        assert files_in(tmp_path / "temporary")
        process.send_signal(signal.Signals[name])
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED[name]
    assert stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in stderr
    assert list((tmp_path / "temporary").iterdir()) == []
    assert all(map(is_gone, children))


def test_an_evaluation_that_is_killed(tmp_path, monkeypatch):
    """Its children end at once; its files go with the next run."""
    with started(EVALUATE, tmp_path) as process:
        wait_for(lambda: len(children_of(process.pid)) == 2)
        children = children_of(process.pid)
        process.kill()
        wait_for(lambda: all(map(is_gone, children)), timeout_s=5)
    assert files_in(tmp_path / "temporary")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with scratch_folder():
        pass
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("script", ["inference_mms.py", "inference_whisper.py"])
def test_audio_that_never_comes_holds_nobody(script, tmp_path):
    """Ctrl-C ends a run whose background thread waits for the writer of a pipe."""
    os.mkfifo(tmp_path / "pipe")
    text = ("--transcript", "hello") if script == "inference_mms.py" else ()
    with started((script, "--audio", "pipe", "--device", "cpu", *text), tmp_path) as process:
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_that_is_interrupted_while_it_starts(script, tmp_path):
    """From its first line on it is quiet; what comes before is Python's own."""
    hook = (
        "import _signal, sys\nsys.addaudithook(lambda event, arguments: event == 'import' and "
        "arguments[0] == 'argparse' and _signal.raise_signal(2))\n"
    )
    (tmp_path / "sitecustomize.py").write_text(hook)
    run = subprocess.run(
        [sys.executable, str(REPOSITORY / script), "--help"],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "interrupted\n")
