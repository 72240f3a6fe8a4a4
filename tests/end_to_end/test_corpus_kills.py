"""Five hundred recordings, twenty of them bad, in a run that is killed twenty times: four ways."""

import subprocess
import sys

import pytest

from tests.end_to_end.corpus_results import (
    KIND_OF_FAULT,
    ROUNDING,
    assert_same,
    journal_of,
    kill_often,
)
from tests.end_to_end.support import REPOSITORY
from tools.make_corpus import MANIFEST, make_corpus

pytestmark = pytest.mark.slow
ITEMS, BAD, KILLS = 500, 20, 20
LONGEST_RUN_S = 900
WAYS = {
    "one process": (("--device", "cpu"), 0.0),
    "two workers": (("--devices", "cpu,cpu"), 0.0),
    "two cards": (("--devices", "npu:0,npu:1"), ROUNDING),
    "Ray": (("--device", "cpu", "--ray", "local", "--workers", "2"), 0.0),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a corpus, and what is wrong with its bad items."""
    folder = tmp_path_factory.mktemp("corpus")
    return folder, make_corpus(folder, ITEMS, BAD)


@pytest.mark.parametrize("way", WAYS)
def test_twenty_kills_change_nothing(corpus, emulated_npu, tmp_path, way):
    if way == "Ray":
        pytest.importorskip("ray", reason="ray is not installed")
    folder, faults = corpus
    arguments, rounding = WAYS[way]
    variables = emulated_npu.environment()

    def command(output):
        named = ["--manifest", folder / MANIFEST, "--output_dir", output]
        return ["inference_mms.py", *named, *arguments]

    def run(output):
        script, *rest = command(output)
        line = [sys.executable, REPOSITORY / script, *rest]
        finished = subprocess.run(
            list(map(str, line)),
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN_S,
        )
        assert finished.returncode == 3, finished.stderr

    run("undisturbed")
    kill_often(command("killed"), tmp_path / "killed", KILLS, variables=variables)
    run("killed")
    assert_same(tmp_path / "killed", tmp_path / "undisturbed", rounding)
    recorded = journal_of(tmp_path / "killed")
    kinds = {name: line["error"]["kind"] for name, line in recorded.items() if line["error"]}
    assert kinds == {name: KIND_OF_FAULT[fault] for name, fault in faults.items()}
