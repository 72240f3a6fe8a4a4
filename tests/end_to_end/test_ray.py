"""Runs on a Ray that is started here, as users start them: on two emulated cards, and wrongly."""

import json

import pytest

from tests.end_to_end.corpus_results import ROUNDING, differences
from tests.end_to_end.support import REPOSITORY

pytestmark = pytest.mark.slow
COMMAND = ["inference_mms.py", "--audio", "samples", "--recursive"]


def outcomes_in(out):
    lines = (out / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["id"]: line for line in map(json.loads, lines[1:])}


def test_workers_have_emulated_cards(emulated_npu, tmp_path):
    pytest.importorskip("ray", reason="ray is not installed")
    run = [*COMMAND, "--device", "npu", "--ray", "local", "--workers", "2"]
    finished = emulated_npu.python(*run, "--output_dir", str(tmp_path / "ray"), cwd=REPOSITORY)
    assert finished.code == 0, finished.stderr
    alone = [*COMMAND, "--device", "npu:1", "--output_dir", str(tmp_path / "alone")]
    assert emulated_npu.python(*alone, cwd=REPOSITORY).code == 0
    found, expected = outcomes_in(tmp_path / "ray"), outcomes_in(tmp_path / "alone")
    assert {line["device"] for line in found.values()} == {"npu"}
    assert found.keys() == expected.keys()
    for name in expected:
        words = [
            json.loads((tmp_path / run / f"{name}.json").read_text(encoding="utf-8"))["words"]
            for run in ("ray", "alone")
        ]
        assert list(differences(*words, ROUNDING)) == []
