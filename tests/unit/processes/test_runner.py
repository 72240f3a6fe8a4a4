import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.errors import UsageError
from speech_toolkit.processes import deaths, runner
from speech_toolkit.processes.child import report_done, spare_loaded
from speech_toolkit.processes.runner import run_isolated
from speech_toolkit.progress import HiddenBar
from tests.end_to_end.support import MODEL

REPOSITORY = Path(__file__).parents[3]
FUNCTIONS = "tests.unit.processes.isolated_functions"


def run(function, timeout_s=60, **how):
    payload = how.pop("payload", {})
    return run_isolated(
        f"{FUNCTIONS}:{function}", payload, label="npu:0", timeout_s=timeout_s, **how
    )


class Lines(Reporter):
    def __init__(self, **how):
        super().__init__(**how)
        self.shown = []

    def line(self, text=""):
        self.shown.append(text)

    def warning(self, text):
        self.shown.append(f"[WARNING] {text}")

    def debug(self, text):
        if self.verbose:
            self.shown.append(f"[DEBUG] {text}")


def test_result_and_arrays_come_back_from_another_process():
    outcome = run("double", payload={"number": 4})
    assert outcome.ok
    assert (outcome.status, outcome.message, outcome.exit_code) == ("ok", None, 0)
    assert outcome.result["doubled"] == 8
    assert outcome.result["pid"] != os.getpid()
    assert outcome.arrays["ramp"].tolist() == [0, 1, 2, 3]
    assert 0 < outcome.elapsed_s < 60


def test_variables_are_set_and_removed_and_the_directory_does_not_matter(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("REMOVED", "1")
    outcome = run(
        "variables",
        payload={"names": ["KEPT", "REMOVED", "ADDED"]},
        env={"REMOVED": None, "ADDED": "2"},
    )
    assert outcome.result["values"] == ["1", None, "2"]


@pytest.mark.slow
def test_the_collector_does_not_walk_a_loaded_model():
    """Torch and transformers alone are 0.3 s of walking, which could fall into a timed call."""
    outcome = run("load", payload={"model_path": str(MODEL)})
    assert outcome.result["loaded"] > 10
    assert outcome.result["walked"] < 1000


def test_the_collector_of_any_other_process_is_left_alone():
    before = gc.get_freeze_count()  # of other tests that ran a script here
    spare_loaded()
    assert gc.get_freeze_count() == before


def test_the_child_imports_nothing_heavy_of_its_own():
    outcome = run_isolated(
        "speech_toolkit.processes.child:save_partial",
        {},
        label="x",
        timeout_s=60,
        env={"PYTHONVERBOSE": "1"},
        progress=(reporter := Lines(verbose=True)),
    )
    assert outcome.status == "crash"  # it returns no pair
    assert any("import 'json'" in line for line in reporter.shown)
    assert not any("import 'torch'" in line for line in reporter.shown)


def test_own_errors_arrive_as_their_one_line():
    outcome = run("complain")
    assert (outcome.status, outcome.exit_code) == ("error", 2)
    assert outcome.message == "speech.wav is empty: record it again"
    assert outcome.result is None
    assert "Traceback (most recent call last):" in outcome.log_tail


def test_a_failing_operator_is_no_wrong_input():
    outcome = run("fail_on_the_card")
    assert (outcome.status, outcome.exit_code) == ("device_failed", 2)


def test_unforeseen_exception_is_a_crash():
    outcome = run("divide", payload={"by": 0})
    assert (outcome.status, outcome.exit_code) == ("crash", 1)
    assert outcome.message.endswith("ZeroDivisionError: division by zero")


def test_signal_keeps_what_was_saved():
    outcome = run("crash")
    assert (outcome.status, outcome.exit_code) == ("crash", -signal.SIGSEGV)
    assert "SIGSEGV" in outcome.message
    assert outcome.result == {"runs_s": [0.5, 0.25]}


@pytest.mark.parametrize(
    ("counts", "status", "said"),
    [
        ([7, 7], "crash", "SIGKILL"),
        ([7, 8], "out_of_memory", "killed by the host"),
        ([None, None], "out_of_memory", "killed by the host"),
    ],
)
def test_kill_by_the_host(monkeypatch, counts, status, said):
    for module in (deaths, runner):
        monkeypatch.setattr(module, "host_memory_kills", lambda: counts.pop(0))
    outcome = run("kill")
    assert (outcome.status, outcome.exit_code) == (status, -signal.SIGKILL)
    assert said in outcome.message


def test_lack_of_memory_is_told_apart():
    outcome = run("exhaust_memory")
    assert outcome.status == "out_of_memory"
    assert outcome.message == "out of memory (Unable to allocate 4 TiB)"
    assert outcome.result == {"runs_s": [0.5]}


def test_time_out_kills_all_and_keeps_what_was_saved():
    outcome = run("hang", timeout_s=3)
    assert outcome.status == "timed_out"
    assert outcome.message == "timed out after 3 s"
    assert outcome.result["runs_s"] == [1.0]
    assert outcome.elapsed_s < 10
    assert is_gone(outcome.result["sleeper"])


def wait_for(condition, timeout_s=30):
    """Wait until ``condition()`` holds; tell whether it does."""
    until = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def is_gone(pid):
    def is_dead():
        try:
            return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    return wait_for(is_dead, timeout_s=5)


def test_a_killed_parent_takes_all_with_it(tmp_path):
    """The child, what the child started, and with the next run the files, are gone."""
    code = (
        "import sys\n"
        "from speech_toolkit.processes.runner import run_isolated\n"
        f"run_isolated('{FUNCTIONS}:hang', {{'told': sys.argv[1]}}, label='x', timeout_s=None)\n"
    )
    told, temporary = tmp_path / "told.json", tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", code, str(told)],
        cwd=REPOSITORY,
        env=dict(os.environ, TMPDIR=str(temporary)),
    ) as parent:
        wait_for(told.exists)
        parent.kill()
    pids = json.loads(told.read_text())
    assert len(pids) == 2
    assert all(map(is_gone, pids))


def test_a_child_that_starts_without_its_parent_ends():
    """The parent may die before the child looks for it for the first time."""
    watched, kept = os.pipe()
    with subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import sys, time\n"
            "from speech_toolkit.processes.guard import dies_with_parent\n"
            "with dies_with_parent(int(sys.argv[1])):\n"
            "    time.sleep(60)\n",
            str(watched),
        ],
        cwd=REPOSITORY,
        pass_fds=(watched,),
        process_group=0,
    ) as child:
        os.close(kept)
        assert child.wait(30) == -signal.SIGKILL
    os.close(watched)


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), UsageError("full")])
def test_a_child_whose_lines_cannot_be_shown_is_read_to_its_end(error):
    class Broken(Reporter):
        def debug(self, text):
            raise error

    outcome = run("chatter", progress=Broken(verbose=True), timeout_s=30)
    assert outcome.ok
    assert outcome.log_tail[-1] == "line 19999"


def test_an_outcome_that_finds_no_room_is_told_in_a_line():
    outcome = run("fill_the_disk")
    assert (outcome.status, outcome.exit_code) == ("error", 2)
    assert outcome.message.startswith("temporary files cannot be written to ")
    assert "File too large" in outcome.message


@pytest.mark.parametrize("verbose", [False, True])
def test_report_lines_are_passed_on(verbose):
    reporter = Lines(verbose=verbose)
    outcome = run("talk", progress=reporter)
    shown = ["[INFO] npu:0: Using cpu", "[WARNING] npu:0: the waveform is silence"]
    noise = ["[DEBUG] npu:0: a bar of a library", "[DEBUG] npu:0: printed by native code"]
    assert set(reporter.shown) == set(shown + noise if verbose else shown)
    assert "printed by native code" in outcome.log_tail


@pytest.mark.parametrize("dies", [False, True])
def test_work_that_is_done_is_counted_while_it_goes_on(dies):
    bar, reporter = HiddenBar(), Lines(verbose=True)
    payload = {"units": [1, 2, 4], "dies": dies}
    outcome = run("work", payload=payload, bar=bar, progress=reporter)
    assert (bar.n, outcome.ok) == (7, not dies)
    assert reporter.shown == ["[DEBUG] npu:0: [DONE] with it"]
    assert outcome.log_tail == ("[DONE] with it",)


def test_only_an_isolated_run_reports_what_it_has_done(capsys):
    report_done()
    assert capsys.readouterr().out == ""
