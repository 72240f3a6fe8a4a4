"""Two nodes of Ray on this machine, one of which is killed in the middle, and a killed command."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speech_toolkit.corpus.cluster.connection import ray_connection
from speech_toolkit.corpus.cluster.engine import ClusterEngine
from speech_toolkit.corpus.cluster.share import share_of
from speech_toolkit.corpus.cluster.worker import Plan
from speech_toolkit.corpus.journal import open_journal
from speech_toolkit.corpus.journal_lines import read_journal
from speech_toolkit.corpus.run import items_left, run_items
from speech_toolkit.progress import LoggedProgress
from tests.unit.corpus.cluster.stand_in_task import Task
from tests.unit.corpus.cluster.test_engine import unordered
from tests.unit.corpus.stand_in import SETTINGS, items_in, record_audio, work
from tests.unit.corpus.test_killed_runs import tree

pytestmark = pytest.mark.slow
COUNT, ITEM_S = 60, 0.1
ROOT = Path(__file__).parents[4]


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    utils = pytest.importorskip("ray.cluster_utils", reason="ray is not installed")
    cluster = utils.Cluster()
    cluster.add_node(num_cpus=0, include_dashboard=False)
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    yield cluster, nodes
    cluster.shutdown()


def outcomes_on(address, items, out):
    """Do a corpus on a cluster, and yield the outcomes of this run."""
    with (
        open_journal(out, SETTINGS) as journal,
        ray_connection(address, "cpu", 2) as ray,
    ):
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        share = share_of(nodes, "cpu", 2)
        plan = Plan(Task(item_s=ITEM_S), share.device, None, share.cpus, str(ROOT))
        left, _ = items_left(items, journal)
        yield from run_items(left, ClusterEngine(ray, share, plan, LoggedProgress()), journal)


def test_a_node_that_is_killed_loses_nothing(cluster, tmp_path, caplog):
    record_audio(tmp_path, COUNT)
    items = items_in(tmp_path, COUNT)
    work(items, tmp_path / "undisturbed")
    ray_cluster, (_, second) = cluster
    outcomes = []
    for outcome in outcomes_on(ray_cluster.address, items, tmp_path / "out"):
        outcomes.append(outcome)
        if len(outcomes) == COUNT // 3:
            ray_cluster.remove_node(second, allow_graceful=False)
    assert len(outcomes) == COUNT
    assert "it is replaced" in caplog.text
    found, expected = tree(tmp_path / "out"), tree(tmp_path / "undisturbed")
    assert unordered(found) == unordered(expected)


def test_a_killed_command_leaves_no_worker_and_is_resumed(cluster, tmp_path):
    record_audio(tmp_path, COUNT)
    items = items_in(tmp_path, COUNT)
    work(items, tmp_path / "undisturbed")
    ray_cluster, _ = cluster
    out = tmp_path / "out"
    command = [sys.executable, "-m", __name__, ray_cluster.address, str(tmp_path)]
    for lines in (10, 25):
        child = subprocess.Popen(command, cwd=ROOT)
        deadline = time.monotonic() + 60
        while not (out / "journal.jsonl").exists() or recorded_in(out) < lines:
            assert time.monotonic() < deadline
            assert child.poll() is None
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert recorded_in(out) < COUNT
    left = COUNT - recorded_in(out)
    assert len(list(outcomes_on(ray_cluster.address, items, out))) == left
    assert unordered(tree(out)) == unordered(tree(tmp_path / "undisturbed"))


def recorded_in(out):
    return len(read_journal(out / "journal.jsonl").outcomes)


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    for _ in outcomes_on(sys.argv[1], items_in(folder, COUNT), folder / "out"):
        pass
