"""Results in an object store that answers on this machine, as users start the runs."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.end_to_end.support import REPOSITORY

pytestmark = pytest.mark.slow
TIMES = ("infer_time", "align_time", "audio_load_time", "model_load_time", "rtf", "environment")
COMMAND = [
    sys.executable,
    "inference_mms.py",
    "--audio",
    "samples",
    "--recursive",
    "--device",
    "cpu",
]


@pytest.fixture(scope="module")
def s3():
    """Give a client of an S3 server, and the environment of commands that use it."""
    server_of = pytest.importorskip("moto.server", reason="moto is not installed")
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    keys = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    files = fsspec.filesystem(
        "s3", key="a", secret="b", endpoint_url=address, use_listings_cache=False
    )
    files.mkdir("speech")
    yield files, os.environ | keys
    server.stop()


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    out = tmp_path_factory.mktemp("here")
    finished = subprocess.run([*COMMAND, "--output_dir", str(out)], cwd=REPOSITORY)
    assert finished.returncode == 0
    names = (path.relative_to(out).as_posix() for path in out.rglob("*.json"))
    return {name: lasting((out / name).read_bytes()) for name in names if name != "corpus.json"}


def lasting(content):
    """Return what does not change from run to run."""
    return {name: value for name, value in json.loads(content).items() if name not in TIMES}


def results_in(files, prefix):
    names = (path.removeprefix(f"{prefix}/") for path in files.find(prefix))
    return {
        name: lasting(files.cat_file(f"{prefix}/{name}"))
        for name in names
        if name.endswith(".json") and name != "corpus.json"
    }


@pytest.mark.parametrize("more", [[], ["--ray", "local", "--workers", "2"]], ids=["here", "ray"])
def test_a_run_that_is_killed_and_resumed(s3, expected, more):
    files, environment = s3
    prefix = f"speech/{len(more)}"
    command = [*COMMAND, "--output_dir", f"s3://{prefix}", *more]
    child = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
    deadline = time.monotonic() + 120
    while len(results_in(files, prefix)) < 4:
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert len(results_in(files, prefix)) < len(expected)
    resumed = subprocess.run(command, cwd=REPOSITORY, env=environment)
    assert resumed.returncode == 0
    assert results_in(files, prefix) == expected
    lines = [json.loads(line) for line in files.cat_file(f"{prefix}/journal.jsonl").splitlines()]
    assert sorted(line["id"] for line in lines[1:]) == sorted(n[: -len(".json")] for n in expected)
    summary = json.loads(files.cat_file(f"{prefix}/corpus.json"))
    assert summary["items"]["done"] == len(expected)
    left_over = [
        name for name in files.find(prefix) if ".parts/" in name or name.endswith(".lease")
    ]
    assert not left_over
