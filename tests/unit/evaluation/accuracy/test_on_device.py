from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest

from speech_toolkit.errors import AudioError
from speech_toolkit.evaluation.accuracy import on_device
from speech_toolkit.evaluation.accuracy.lead_shift import LeadEvidence, lead_limits
from speech_toolkit.evaluation.accuracy.on_device import FAULT_SIZES, hear_cases, hear_faults
from speech_toolkit.evaluation.models.heard import Heard
from speech_toolkit.evaluation.models.protocol import ModelSettings
from tests.end_to_end.support import MODEL, SAMPLES

PAYLOAD = {
    "model": asdict(ModelSettings(str(MODEL), "cpu", "float32")),
    "given": {},
    "roundings": {},
    "hears": True,
}
IN_BFLOAT16 = {"model": asdict(ModelSettings(str(MODEL), "cpu", "bfloat16"))}
CASE = {
    "audio_path": str(SAMPLES / "question.flac"),
    "text": (SAMPLES / "question.txt").read_text("utf-8").strip(),
    "language": "eng",
}


class Parrot:
    """A model that hears what it is told and cannot stand one of its cases."""

    device = SimpleNamespace(facts=dict)
    load_s = 1.0

    def __init__(self, settings):
        self.model = SimpleNamespace(dtype=settings.dtype)

    def hear(self, case, given):
        if case["text"] == "bad":
            raise AudioError("bad.wav is too short")
        heard = Heard(text=case["text"], choices=(1, 2), margins=(0.5, 0.25))
        return heard, {name: [0.5] for name in given}


def test_a_case_that_fails_costs_only_itself(monkeypatch):
    kept, told = [], []
    monkeypatch.setattr(on_device, "report_done", lambda: told.append(1))
    monkeypatch.setattr(on_device, "load_model", Parrot)
    monkeypatch.setattr(on_device, "_SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(on_device, "save_partial", lambda result: kept.append(len(result["heard"])))
    cases = [{"text": text} for text in ("one", "bad", "two")]
    given = {"npu float16": [[[1]], [[1]], None]}
    result, arrays = hear_cases(PAYLOAD | {"cases": cases, "given": given})
    heard = [Heard.from_dict(entry) for entry in result["heard"]]
    assert [each.text for each in heard] == ["one", "", "two"]
    assert heard[1].error == "bad.wav is too short"
    assert heard[0].choices == (1, 2)
    assert result["exact"] == {"npu float16": [[0.5], None, None]}
    assert kept == [1, 2, 3]
    assert len(told) == 3
    assert arrays == {}


@pytest.fixture(scope="module")
def clean():
    """A case, what an aligner in bfloat16 chose, and what the CPU and rounding say to that."""
    case = CASE
    heard = hear_cases(PAYLOAD | IN_BFLOAT16 | {"cases": [case]})[0]["heard"][0]
    asked = {"given": {"x": [heard["windows"]]}, "roundings": {"x": "bfloat16"}, "hears": False}
    result, _ = hear_cases(PAYLOAD | {"cases": [case], **asked})
    assert result["heard"][0]["text"] == ""
    leads = [[np.array(result[key]["x"][0])] for key in ("exact", "rounded")]
    return case, Heard.from_dict(heard), LeadEvidence(tuple(leads[0]), tuple(leads[1]))


def test_emulated_rounding_moves_leads_as_far_as_the_dtype_itself(clean):
    _, heard, evidence = clean
    (_, shift) = evidence.tests(
        [np.array(heard.leads)], [np.ones(len(heard.leads), bool)], lead_limits("bfloat16")
    )
    assert shift.value == pytest.approx(1.2, abs=0.4)


def test_smallest_fault_that_is_noticed_is_found_and_none_of_zero(clean):
    case, heard, evidence = clean
    limits = [vars(limit) for limit in lead_limits("bfloat16")]
    asked = {"given": [heard.windows], "evidence": evidence.to_dict(), "limits": limits}
    found, _ = hear_faults(PAYLOAD | IN_BFLOAT16 | {"cases": [case], **asked})
    assert found["module"] == "wav2vec2.encoder.layers.3"
    assert found["zero_noticed_by"] == []
    assert found["smallest_noticed"] in FAULT_SIZES
    assert "lead_shift" in found["noticed_by"]
