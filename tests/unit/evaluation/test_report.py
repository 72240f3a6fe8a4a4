"""The head of a report and the hashes in it."""

import json
import subprocess

import numpy as np

from speech_toolkit.evaluation import report
from speech_toolkit.evaluation.targets import Target
from speech_toolkit.processes.runner import Outcome


def test_header_is_json_and_names_its_sources():
    header = report.report_header("evaluation", ["evaluate.py", "--runs", "5"], {"runs": 5})
    assert json.loads(json.dumps(header)) == header
    assert header["schema_version"] == "1.0"
    assert header["argv"] == ["evaluate.py", "--runs", "5"]
    assert header["time_utc"].endswith("+00:00")
    assert header["versions"]["numpy"] == np.__version__
    assert set(header["toolkit"]) == {"version", "commit", "dirty"}


def test_every_run_of_a_report_begins_alike():
    outcome = Outcome("npu:0 float16", "crash", None, {}, "killed by signal 11", -11, 2.5, ())
    head = report.run_head(Target("npu:0", "float16"), outcome)
    assert list(head) == ["label", "device", "dtype", "status", "message", "elapsed_s"]
    assert list(head.values()) == [
        *("npu:0 float16", "npu:0", "float16"),
        *("crash", "killed by signal 11", 2.5),
    ]
    assert report.run_end(outcome).items() <= head.items()


def test_source_state_follows_the_repository(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "CHECKOUT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert report.source_state() == {"commit": None, "dirty": None}

    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    (tmp_path / "a.txt").write_text("a")
    git("add", "a.txt")
    git("commit", "-q", "-m", "a")
    state = report.source_state()
    assert len(state["commit"]) == 40
    assert state["dirty"] is False
    (tmp_path / "a.txt").write_text("b")
    assert report.source_state() == {"commit": state["commit"], "dirty": True}


def test_array_hash_sees_dtype_shape_and_values():
    array = np.arange(6, dtype=np.float32)
    others = [array + 1, array.reshape(2, 3), array.astype(np.float64), array[::-1]]
    hashes = {report.array_hash(each) for each in (array, *others)}
    assert len(hashes) == 5
    assert report.array_hash(array.copy()) == report.array_hash(array)
    assert report.array_hash(array[::2]) == report.array_hash(array[::2].copy())
