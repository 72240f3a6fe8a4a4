"""A corpus on several devices at once, two of them emulated cards that fail as planted."""

import os
import signal
import subprocess
import sys

import pytest

from tests.end_to_end.corpus_results import KIND_OF_FAULT, journal_of, outcomes_in, results_in
from tests.end_to_end.support import REPOSITORY, run_script
from tests.end_to_end.test_interrupts import children_of, wait_for
from tools.make_corpus import MANIFEST, make_corpus

ITEMS, BAD = 24, 8
LIMIT_S = 5
SCRIPT = "inference_mms.py"


def command(folder, output, *more):
    return ["--manifest", folder / MANIFEST, "--output_dir", output, *more]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The folder of a corpus, and what is wrong with its bad items."""
    folder = tmp_path_factory.mktemp("corpus")
    return folder, make_corpus(folder, ITEMS, BAD)


@pytest.fixture(scope="module")
def undisturbed(corpus, tmp_path_factory):
    """The output of one process on the CPU."""
    output = tmp_path_factory.mktemp("alone") / "out"
    finished = run_script(SCRIPT, *command(corpus[0], output, "--device", "cpu"), cwd=output.parent)
    assert finished.code == 3, finished.stderr
    return output


def test_two_workers_do_what_one_process_does(corpus, undisturbed, tmp_path):
    output = tmp_path / "out"
    finished = run_script(SCRIPT, *command(corpus[0], output, "--devices", "cpu,cpu"), cwd=tmp_path)
    assert finished.code == 3, finished.stderr
    assert "Running inference on: 2 x cpu" in finished.stdout
    assert results_in(output) == results_in(undisturbed)
    assert outcomes_in(output) == outcomes_in(undisturbed)
    again = run_script(SCRIPT, *command(corpus[0], output, "--devices", "cpu,cpu"), cwd=tmp_path)
    assert again.code == 3
    assert "Model load" not in again.stdout


def check_complete(output, corpus):
    recorded = journal_of(output)
    assert len(recorded) == ITEMS
    kinds = {name: line["error"]["kind"] for name, line in recorded.items() if line["error"]}
    assert kinds == {name: KIND_OF_FAULT[fault] for name, fault in corpus[1].items()}
    return {line["device"] for line in recorded.values() if line["device"]}


@pytest.mark.slow
def test_all_cards_are_used(corpus, undisturbed, emulated_npu, tmp_path):
    output = tmp_path / "out"
    arguments = command(corpus[0], output, "--devices", "npu:all")
    finished = emulated_npu.python(REPOSITORY / SCRIPT, *arguments, cwd=tmp_path)
    assert finished.code == 3, finished.stderr
    assert "Running inference on: npu:0, npu:1" in finished.stdout
    assert check_complete(output, corpus) <= {"npu:0", "npu:1"}
    found, expected = results_in(output), results_in(undisturbed)
    assert found.keys() == expected.keys()
    for name, result in found.items():
        assert [word["text"] for word in result["words"]] == [
            word["text"] for word in expected[name]["words"]
        ]


@pytest.mark.slow
def test_a_card_that_cannot_be_opened_is_left_out(corpus, emulated_npu, tmp_path):
    output = tmp_path / "out"
    arguments = command(corpus[0], output, "--devices", "npu:0,npu:1")
    busy = {"EMULATED_NPU_BUSY_CARD": "1"}
    finished = emulated_npu.python(REPOSITORY / SCRIPT, *arguments, cwd=tmp_path, **busy)
    assert finished.code == 3, finished.stderr
    assert check_complete(output, corpus) == {"npu:0"}
    assert "npu:1: npu:1 cannot be opened" in finished.stderr


@pytest.mark.slow
def test_a_card_out_of_memory_costs_no_item(corpus, emulated_npu, tmp_path):
    output = tmp_path / "out"
    arguments = command(corpus[0], output, "--devices", "npu:0,npu:1")
    planted = {"EMULATED_NPU_OUT_OF_MEMORY_OP": "aten::gelu@9"}
    finished = emulated_npu.python(REPOSITORY / SCRIPT, *arguments, cwd=tmp_path, **planted)
    assert finished.code == 3, finished.stderr
    check_complete(output, corpus)


@pytest.mark.slow
@pytest.mark.parametrize("planted", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_hangs_costs_no_item(corpus, emulated_npu, tmp_path, planted):
    output = tmp_path / "out"
    arguments = command(corpus[0], output, "--devices", "npu:0,npu:1", "--item_timeout_s", LIMIT_S)
    with subprocess.Popen(
        [sys.executable, str(REPOSITORY / SCRIPT), *map(str, arguments)],
        cwd=tmp_path,
        env=emulated_npu.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        journal = output / "journal.jsonl"
        # some of the good ones are done: workers are in the middle of their work
        wait_for(lambda: journal.exists() and '"done"' in journal.read_text())
        for worker in children_of(process.pid)[:1]:
            os.kill(worker, planted)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 3, said
    check_complete(output, corpus)
