import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.errors import UsageError
from speech_toolkit.evaluation.cases import cases as cases_module
from speech_toolkit.evaluation.cases.cases import CaseRequest, make_cases, new_case_files
from speech_toolkit.evaluation.cases.perturb import Clip


class Murmur:
    """A synthesiser that hums for as long as a text is."""

    name = "Murmur"
    voices = ("low", "high")

    def __init__(self):
        self.asked = []

    def speak(self, text, voice, speed):
        self.asked.append((text, voice, speed))
        count = round(len(text) * 800 / speed)
        samples = 0.2 * np.sin(np.arange(count) * (0.05 if voice == "low" else 0.2))
        return Clip(samples.astype(np.float32), 22_050, text, (), voice)


@pytest.fixture
def murmur(monkeypatch):
    synthesiser = Murmur()
    monkeypatch.setattr(cases_module, "find_synthesisers", lambda: (synthesiser,))
    return synthesiser


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def folder(tmp_path, name):
    (tmp_path / name).mkdir()
    return tmp_path / name


def test_same_seed_gives_the_same_cases(tmp_path, murmur):
    request = CaseRequest(6, "auto", seed=3)
    one, two, other = (folder(tmp_path, name) for name in ("one", "two", "other"))
    made = [make_cases(request, directory) for directory in (one, two)]
    make_cases(CaseRequest(6, "auto", seed=4), other)
    assert contents(one) == contents(two)
    assert contents(one) != contents(other)
    assert [case.text for case in made[0].cases] == [case.text for case in made[1].cases]
    assert made[0].source == "synthesised by Murmur, seed 3"


def test_the_files_of_cases_are_known_before_and_none_is_replaced(tmp_path, murmur):
    named = new_case_files(tmp_path, 10)
    made = make_cases(CaseRequest(10, "auto"), tmp_path)
    assert [case.audio_path for case in made.cases] == list(map(str, named))
    assert sorted(tmp_path.iterdir()) == named
    with pytest.raises(UsageError, match="--keep_audio .*: case_01.wav stands there already"):
        new_case_files(tmp_path, 10)
    assert len(new_case_files(tmp_path, 9)) == 9


def test_every_condition_comes_up_equally_often(tmp_path, murmur):
    made = make_cases(CaseRequest(12), tmp_path).cases
    for condition, values in (("speed", 3), ("noise", 4), ("length", 3), ("level", 3)):
        counts = [
            sum(case.conditions[condition] == value for case in made)
            for value in {case.conditions[condition] for case in made}
        ]
        assert counts == [12 // values] * values
    assert {voice for _, voice, _ in murmur.asked} == {"low", "high"}
    texts = [text for text, _, _ in murmur.asked]
    assert len(set(texts)) == len(texts)  # no sentence twice while there are others


def test_files_hold_what_the_cases_say(tmp_path, murmur):
    for case in make_cases(CaseRequest(3), tmp_path).cases:
        waveform = load_audio(case.audio_path)
        assert waveform.original_rate_hz == 16_000
        assert waveform.duration_s == pytest.approx(case.duration_s)
        assert not waveform.warnings


def test_samples_bring_their_word_times(tmp_path, murmur):
    made = make_cases(CaseRequest(4, "samples", language="eng"), tmp_path)
    assert "bundled samples" in made.source
    assert not murmur.asked
    for case in made.cases:
        assert [word.text for word in case.words] == case.text.split()
        assert case.words[-1].end_s <= case.duration_s
        assert case.language == "eng"


def test_auto_takes_samples_where_they_suit_the_model_or_nothing_speaks(tmp_path, monkeypatch):
    monkeypatch.setattr(cases_module, "find_synthesisers", lambda: ())
    assert "samples" in make_cases(CaseRequest(1), tmp_path).source
    monkeypatch.setattr(cases_module, "find_synthesisers", lambda: (Murmur(),))
    assert "samples" in make_cases(CaseRequest(1, samples_first=True), tmp_path).source
    assert "Murmur" in make_cases(CaseRequest(1), tmp_path).source


def test_synthesiser_reads_the_sentences_that_suit_the_model(tmp_path, murmur):
    make_cases(CaseRequest(2, "synthesiser", samples_first=True), tmp_path)
    known = {clip.text for clip in cases_module.bundled_sentences()}
    assert {text for text, _, _ in murmur.asked} <= known


def test_missing_synthesiser_is_an_error_only_where_one_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(cases_module, "find_synthesisers", lambda: ())
    with pytest.raises(UsageError, match="pip install espeakng-loader"):
        make_cases(CaseRequest(1, "synthesiser"), tmp_path)
