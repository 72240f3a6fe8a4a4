"""Evaluations of runs that are made up: no process is started."""

import json

import pytest
from jsonschema import Draft202012Validator

from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.evaluation.parity import evaluation as parity
from speech_toolkit.evaluation.parity.evaluation import ParityEvaluation
from speech_toolkit.evaluation.parity.limits import PUBLISHED
from speech_toolkit.evaluation.parity.request import ParityRequest
from speech_toolkit.evaluation.parity.table import parity_lines
from tests.end_to_end.support import MODEL, REPOSITORY, SAMPLES
from tests.unit.evaluation.parity.scripted_runs import CARD, CPU

SCHEMA = json.loads((REPOSITORY / "results/schemas/evaluation.schema.json").read_text())


@pytest.fixture
def evaluate(monkeypatch):
    """Return a function that evaluates given outcomes: label -> outcome."""

    def run(outcomes, targets=(CPU, CARD), limits=PUBLISHED, **request):
        def answer(target, payload, *, label, **how):
            return outcomes[label]

        monkeypatch.setattr(parity, "run_isolated", answer)
        whole = ParityRequest(
            str(MODEL),
            str(SAMPLES / "demo.wav"),
            targets,
            noise_floor=False,
            limits=limits,
            **request,
        )
        report, code = ParityEvaluation(whole, Reporter(quiet=True)).run(["evaluate.py"])
        Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(report, allow_nan=False)))
        return report, code, "\n".join(parity_lines(report))

    return run
