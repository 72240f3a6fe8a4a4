"""What is compared is what the product computes: a CTC model against the product's own road."""

import numpy as np
import pytest
import torch

from speech_toolkit.alignment.aligner import Aligner
from speech_toolkit.alignment.preparation import AlignmentSettings, prepare_input
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.evaluation.metrics.boundary_shift import BoundarySearch
from speech_toolkit.evaluation.metrics.numeric import log_softmax
from speech_toolkit.evaluation.models.family import load_model
from speech_toolkit.evaluation.models.protocol import ModelSettings
from speech_toolkit.families import MMS, family_of
from tests.end_to_end.support import MODEL, SAMPLES
from tests.replicas.ctc import ctc_forms, write_ctc

CPU = ModelSettings(str(MODEL), "cpu", "float32", batch_size=4)
DEMO = str(SAMPLES / "demo.wav")
TEXT = (SAMPLES / "demo.txt").read_text()
QUESTION = {
    "audio_path": str(SAMPLES / "question.flac"),
    "text": (SAMPLES / "question.txt").read_text("utf-8").strip(),
}


@pytest.fixture(scope="module")
def waveform():
    return load_audio(SAMPLES / "demo.wav")


@pytest.fixture(scope="module")
def logits(waveform):
    loaded = load_model(CPU)
    with torch.no_grad():
        outputs = loaded.forward(loaded.make_inputs(waveform.samples))
    assert list(outputs) == ["logits"]
    return outputs["logits"].numpy()


@pytest.fixture(scope="module")
def aligned(waveform):
    """Return the product's emissions, and its words in whole frames."""
    aligner = Aligner.load(MODEL, "cpu")
    heard = []
    settings = AlignmentSettings(refine=False)
    prepared = prepare_input(waveform, TEXT, aligner.checkpoint, settings)
    result = aligner.align_prepared(prepared, settings, Reporter(quiet=True), heard.append)
    return heard[0].log_probs, result.words


def test_an_aligners_logits_are_the_products(logits, aligned):
    np.testing.assert_allclose(log_softmax(logits), aligned[0], atol=1e-4)


def test_long_audio_is_judged_in_the_products_windows(waveform):
    from dataclasses import replace

    long = replace(waveform, samples=np.tile(waveform.samples, 9))
    loaded = load_model(CPU)
    inputs = loaded.make_inputs(long.samples)
    assert len(inputs["waveform"]) == 2
    with torch.no_grad():
        logits = loaded.forward(inputs)["logits"].numpy()
    aligner, settings, heard = Aligner.load(MODEL, "cpu"), AlignmentSettings(), []
    prepared = prepare_input(long, TEXT * 9, aligner.checkpoint, settings)
    aligner.align_prepared(prepared, settings, Reporter(quiet=True), heard.append)
    np.testing.assert_allclose(log_softmax(logits), heard[0].log_probs, atol=1e-4)


def test_words_found_in_logits_are_the_products(logits, aligned, waveform):
    search = BoundarySearch.prepare(MODEL, waveform, TEXT, "eng")
    found = [(word.text, word.start_time, word.end_time) for word in search._words(logits)]
    assert found == [(word.text, word.start_time, word.end_time) for word in aligned[1]]


def test_boundary_shift(logits, waveform):
    search = BoundarySearch.prepare(MODEL, waveform, TEXT, "eng")
    same = search.compare(logits, logits + 1)
    assert (same.words, same.max_ms, same.share_moved, same.moved) == (12, 0, 0, ())
    later = np.roll(logits, 3, axis=0)
    shift = search.compare(logits, later)
    assert shift.median_ms == pytest.approx(60, abs=21)
    assert shift.share_moved > 0.8
    assert shift.moved[0]["text"] == search.prepared.transcript.words[0].text


def test_aligner_hears_letters_and_words_and_reads_the_choices_of_others():
    loaded = load_model(CPU)
    case = QUESTION | {"language": "eng"}
    heard, _ = loaded.hear(case, {})
    assert heard.truth == "whydocatsalwayssleepunderwarmlamps"
    assert [word["text"] for word in heard.word_times] == case["text"].split()
    assert len(heard.choices) == len(heard.margins) == len(heard.spelling) > 100
    assert min(heard.margins) >= 0
    assert heard.text.isalpha()
    _, read = loaded.hear(case, {"itself": heard.windows, "blank": [[0] * len(heard.choices)]})
    assert read["itself"] == list(heard.leads) == list(heard.margins)
    assert min(read["blank"]) < 0
    assert loaded.leads(case, {"itself": heard.windows})["itself"] == read["itself"]


@pytest.mark.parametrize("name", ["hubert-large-ls960-ft", "wavlm-libri-clean-100h-large"])
def test_each_kind_of_ctc_model_is_asked_the_same(name, tmp_path, waveform):
    directory = write_ctc(ctc_forms()[name], tmp_path / "replica")
    assert family_of(str(directory)) == MMS
    loaded = load_model(ModelSettings(str(directory), "cpu", "float32"))
    with torch.no_grad():
        logits = loaded.forward(loaded.make_inputs(waveform.samples))["logits"].numpy()
    heard, _ = loaded.hear({"audio_path": DEMO, "text": TEXT, "language": "eng"}, {})
    work = loaded.run(waveform, batch_size=2, exact=True)
    assert heard.choices == work.output == tuple(logits.argmax(axis=1))
    assert [word["text"] for word in heard.word_times] == TEXT.split()
    assert list(work.stage_times_s) == ["emissions", "alignment"]
