"""What is compared is what the product computes: each family against the product's own road."""

import numpy as np
import pytest
import torch

from speech_toolkit.alignment.aligner import Aligner
from speech_toolkit.alignment.preparation import AlignmentSettings, prepare_input
from speech_toolkit.audio.waveform import load_audio
from speech_toolkit.cli.reporter import Reporter
from speech_toolkit.evaluation.metrics.boundary_shift import BoundarySearch
from speech_toolkit.evaluation.metrics.numeric import log_softmax
from speech_toolkit.evaluation.models.families import load_model_under_test
from tests.end_to_end.support import MODEL, REPOSITORY, SAMPLES

TEXT = (SAMPLES / "demo.txt").read_text()


@pytest.fixture(scope="module")
def waveform():
    return load_audio(SAMPLES / "demo.wav")


@pytest.fixture(scope="module")
def logits(waveform):
    loaded = load_model_under_test(str(MODEL), "cpu", "float32", None)
    with torch.no_grad():
        outputs = loaded.forward(loaded.make_inputs(waveform.samples))
    assert list(outputs) == ["logits"]
    return outputs["logits"].numpy()


@pytest.fixture(scope="module")
def aligned(waveform):
    """Return the product's emissions and words."""
    aligner = Aligner.load(MODEL, "cpu")
    heard = []
    settings = AlignmentSettings()
    prepared = prepare_input(waveform, TEXT, aligner.checkpoint, settings)
    result = aligner.align_prepared(prepared, settings, Reporter(quiet=True), heard.append)
    return heard[0].log_probs, result.words


def test_an_aligners_logits_are_the_products(logits, aligned):
    np.testing.assert_allclose(log_softmax(logits), aligned[0], atol=1e-4)


def test_long_audio_is_judged_in_the_products_windows(waveform):
    from dataclasses import replace

    long = replace(waveform, samples=np.tile(waveform.samples, 9))
    loaded = load_model_under_test(str(MODEL), "cpu", "float32", None)
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


@pytest.mark.slow
def test_a_whispers_tokens_follow_from_its_teacher_forced_logits(waveform):
    directory = REPOSITORY / "models" / "tiny-whisper"
    loaded = load_model_under_test(str(directory), "cpu", "float32", None)
    inputs = loaded.make_inputs(waveform.samples)
    assert inputs["mel"].shape[2] == 3000
    assert inputs["frames"] == 242  # 4.825 s in steps of 20 ms
    with torch.no_grad():
        outputs = loaded.forward(inputs)
    assert list(outputs) == ["encoder", "logits"]
    assert len(outputs["encoder"]) == inputs["frames"]
    tokens = inputs["tokens"]
    greedy = outputs["logits"].numpy().argmax(axis=1)[: len(tokens)]
    assert np.mean(greedy == tokens) > 0.5  # the rest was changed by the rules of decoding
    assert loaded.answer(inputs)["tokens"] == tokens.tolist()
