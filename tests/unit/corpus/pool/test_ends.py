"""However a run on several devices ends, no process of it is left, and what is recorded is true."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speech_toolkit.corpus.journal_lines import read_journal

ROOT = Path(__file__).parents[4]
FINE = tuple(f"text {number}" for number in range(30))


@pytest.fixture
def started(tmp_path):
    """Return a function that starts a run over items of some texts, in a session of its own."""
    running = []

    def start(*texts):
        command = [sys.executable, "-m", "tests.unit.corpus.pool.planted", str(tmp_path), *texts]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def wait_for(condition, limit_s=30):
    end_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end_s, "it did not come to that"
        time.sleep(0.01)


def workers(folder):
    return [int(line.split()[1]) for line in (folder / "loads.txt").read_text().splitlines()]


def is_running(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def check_gone(folder):
    wait_for(lambda: not any(map(is_running, workers(folder))), limit_s=3)


def test_a_run_that_ends_by_itself_says_nothing_of_processes(started, tmp_path):
    _, said = started(*FINE).communicate(timeout=60)
    assert said == ""
    check_gone(tmp_path)
    assert len(read_journal(tmp_path / "out" / "journal.jsonl").outcomes) == len(FINE)


def test_a_killed_run_takes_its_workers_along(started, tmp_path):
    run = started("hear:wait", *FINE)
    wait_for((tmp_path / "waiting").exists)
    wait_for(lambda: len(workers(tmp_path)) == 2)
    assert all(map(is_running, workers(tmp_path)))
    run.kill()
    check_gone(tmp_path)


def test_an_interrupt_waits_for_what_is_in_work(started, tmp_path):
    run = started("hear:wait", *FINE)
    wait_for((tmp_path / "waiting").exists)
    os.killpg(run.pid, signal.SIGINT)
    time.sleep(0.3)
    assert run.poll() is None
    (tmp_path / "go").touch()
    _, said = run.communicate(timeout=30)
    assert (run.returncode, said.splitlines()[-1]) == (130, "interrupted")
    assert "Traceback" not in said
    check_gone(tmp_path)
    recorded = read_journal(tmp_path / "out" / "journal.jsonl").outcomes
    assert recorded["0"].ok
    assert all(outcome.ok for outcome in recorded.values())


def test_a_second_interrupt_does_not_wait(started, tmp_path):
    run = started("hear:wait", *FINE)
    wait_for((tmp_path / "waiting").exists)
    os.killpg(run.pid, signal.SIGINT)
    time.sleep(0.7)  # two in quick succession are one
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=5)
    assert (run.returncode, said.splitlines()[-1]) == (130, "interrupted")
    assert "Traceback" not in said
    check_gone(tmp_path)
    recorded = read_journal(tmp_path / "out" / "journal.jsonl").outcomes
    assert "0" not in recorded


def test_an_interrupt_while_models_load_ends_at_once(started, tmp_path):
    run = started("read:wait", *FINE)
    wait_for((tmp_path / "loads.txt").exists)
    os.killpg(run.pid, signal.SIGINT)
    (tmp_path / "go").touch()
    run.communicate(timeout=20)
    assert run.returncode == 130
    check_gone(tmp_path)
