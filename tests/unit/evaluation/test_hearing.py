import numpy as np
import pytest

from speech_toolkit.errors import AudioError
from speech_toolkit.evaluation import hearing
from speech_toolkit.evaluation.hearing import (
    Heard,
    best_labels,
    disturb,
    hear_cases,
    spelt_labels,
)
from tests.end_to_end.support import MODEL, REPOSITORY, SAMPLES

WHISPER = REPOSITORY / "models" / "tiny-whisper"
PAYLOAD = {
    "family": "mms",
    "model_path": str(MODEL),
    "device": "cpu",
    "dtype": "float32",
    "attn_implementation": None,
    "disturbance": None,
}


class Parrot:
    """A listener that hears what it is told and cannot stand one of its cases."""

    def __init__(self, payload):
        self.model = payload["device"]

    def hear(self, case):
        if case["text"] == "bad":
            raise AudioError("bad.wav is too short")
        return Heard(text=case["text"], choices=(1, 2), margins=(0.5, 0.25))

    def facts(self):
        return {"environment": {}}


def test_a_case_that_fails_costs_only_itself(monkeypatch):
    kept = []
    monkeypatch.setattr(hearing, "Alignment", Parrot)
    monkeypatch.setattr(hearing, "_SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(hearing, "save_partial", lambda result: kept.append(len(result["heard"])))
    cases = [{"text": text} for text in ("one", "bad", "two")]
    result, arrays = hear_cases(PAYLOAD | {"cases": cases})
    heard = [Heard.from_dict(entry) for entry in result["heard"]]
    assert [each.text for each in heard] == ["one", "", "two"]
    assert heard[1].error == "bad.wav is too short"
    assert heard[0].choices == (1, 2)
    assert kept == [1, 2, 3]
    assert arrays == {}


def test_best_labels_and_their_lead():
    log_probs = np.log([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    labels, leads = best_labels(log_probs)
    assert labels.tolist() == [0, 2]
    np.testing.assert_allclose(leads, np.log([5 / 3, 8]))


@pytest.mark.parametrize(
    ("path", "spelt"),
    [([0, 5, 5, 0, 5, 6, 6], [5, 5, 6]), ([0, 0], []), ([7], [7]), ([], [])],
)
def test_spelt_labels(path, spelt):
    assert spelt_labels(np.array(path, dtype=int), blank=0).tolist() == spelt


def test_disturbance_has_its_size_and_touches_one_module():
    import torch

    torch.manual_seed(1)
    model = torch.nn.Module()
    model.encoder = torch.nn.Module()
    model.encoder.layer_norm = torch.nn.LayerNorm(4096)
    model.encoder.layers = torch.nn.Linear(8, 8)
    torch.nn.init.normal_(model.encoder.layer_norm.weight, 1.0, 0.2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    disturb(model, 0.3)
    changed = [name for name, value in model.state_dict().items() if not value.equal(before[name])]
    assert changed == ["encoder.layer_norm.weight"]
    gains = before["encoder.layer_norm.weight"]
    noise = model.encoder.layer_norm.weight - gains
    assert (noise.norm() / gains.norm()).item() == pytest.approx(0.3, rel=0.05)


def test_aligner_hears_letters_and_words_and_a_fault_shows():
    cases = [
        {
            "audio_path": str(SAMPLES / "question.flac"),
            "text": (SAMPLES / "question.txt").read_text("utf-8").strip(),
            "language": "eng",
        }
    ]
    clean, faulty = (
        Heard.from_dict(hear_cases(PAYLOAD | {"cases": cases, "disturbance": size})[0]["heard"][0])
        for size in (None, 1.0)
    )
    assert clean.truth == "whydocatsalwayssleepunderwarmlamps"
    assert [word["text"] for word in clean.word_times] == cases[0]["text"].split()
    assert len(clean.choices) == len(clean.margins) == len(clean.spelling) > 100
    assert min(clean.margins) >= 0
    assert clean.text.isalpha()
    assert np.mean(np.equal(clean.choices, faulty.choices)) < 0.9


def test_recogniser_hears_tokens_with_their_leads_and_spelling():
    case = {"audio_path": str(SAMPLES / "question.flac"), "text": "Why?", "language": "en"}
    payload = PAYLOAD | {"family": "whisper", "model_path": str(WHISPER), "cases": [case]}
    result, _ = hear_cases(payload)
    (heard,) = (Heard.from_dict(entry) for entry in result["heard"])
    assert heard.error is None
    assert heard.truth == "Why?"
    assert len(heard.choices) == len(heard.margins) == len(heard.spelling) > 0
    assert heard.spelling[0].startswith("<|0.")
    assert result["model_dtype"] == "torch.float32"
