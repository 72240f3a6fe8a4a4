"""Each kind of CTC model against transformers: its numbers, its labels; times by brute force."""

import json

import numpy as np
import pytest

from speech_toolkit.audio.waveform import load_audio
from tests.end_to_end.support import REPOSITORY
from tests.replicas.ctc import ctc_forms, write_ctc

SPEECH = REPOSITORY / "samples" / "demo.wav"
TEXT = "Hello, world! It's the 25th."
SPELT = "hello world it's the twenty fifth"
NOT_ENGLISH = ("wav2vec2-large-xlsr-hindi", "wav2vec2-lv-60-espeak-cv-ft")
FORMS = {name: form for name, form in ctc_forms().items() if name not in NOT_ENGLISH}


@pytest.fixture(params=FORMS)
def replica(request, tmp_path):
    """The directory of a replica."""
    return write_ctc(FORMS[request.param], tmp_path / "replica")


def heard_by_transformers(directory, **options):
    """Return log-probabilities (T, V) of transformers' own processor and model."""
    import torch
    import transformers

    config = json.loads((directory / "config.json").read_text())
    extractor = transformers.AutoFeatureExtractor.from_pretrained(directory)
    model_class = getattr(transformers, config["architectures"][0])
    model = model_class.from_pretrained(directory, dtype=torch.float32, **options).eval()
    samples = load_audio(SPEECH, extractor.sampling_rate).samples
    inputs = extractor(samples, sampling_rate=extractor.sampling_rate, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs).logits[0]
    return torch.log_softmax(logits, dim=-1).numpy()


def align(directory, text=TEXT, dtype="float32", language="eng", **settings):
    """Return the result of the product, and its log-probabilities."""
    from speech_toolkit.alignment import Aligner, AlignmentSettings
    from speech_toolkit.alignment.preparation import prepare_input
    from speech_toolkit.progress import UNWATCHED

    aligner, heard = Aligner.load(directory, "cpu", dtype), []
    settings = AlignmentSettings(language=language, **settings)
    prepared = prepare_input(SPEECH, text, aligner.checkpoint, settings)
    result = aligner.align_prepared(prepared, settings, UNWATCHED, heard.append)
    return result, heard[0].log_probs


def best_path(log_probs, targets, blank, on_progress=None):
    """The search as every textbook has it: all states of all frames, in float64."""
    labels = np.full(2 * len(targets) + 1, blank)
    labels[1::2] = targets
    may_skip = np.zeros(len(labels), bool)
    may_skip[3::2] = labels[3::2] != labels[1:-2:2]
    emitted = log_probs.astype(np.float64)[:, labels]
    score = np.full(len(labels), -np.inf)
    score[:2] = emitted[0, :2]
    steps = np.zeros(emitted.shape, dtype=int)
    for frame in range(1, len(emitted)):
        moves = np.full((3, len(labels)), -np.inf)
        for step in range(3):
            moves[step, step:] = score[: len(labels) - step]
        moves[2, ~may_skip] = -np.inf
        steps[frame] = moves.argmax(axis=0)
        score = moves.max(axis=0) + emitted[frame]
    state = len(labels) - 1 - int(score[-2] > score[-1])
    path = []
    for frame in reversed(range(len(emitted))):
        path.append(labels[state])
        state -= steps[frame, state]
    path = np.array(path[::-1], dtype=np.int32)
    return path, log_probs[np.arange(len(path)), path]


def test_log_probabilities_are_those_of_transformers(replica):
    _, log_probs = align(replica)
    expected = heard_by_transformers(replica)
    np.testing.assert_allclose(log_probs, expected, atol=1e-4)
    assert np.ptp(log_probs, axis=0).max() > 0.5  # the labels differ from frame to frame


def test_labels_are_those_of_its_tokenizer(replica):
    from transformers import Wav2Vec2CTCTokenizer

    result, _ = align(replica)
    vocabulary = Wav2Vec2CTCTokenizer.from_pretrained(replica).get_vocab()
    letters = [segment.text for segment in result.segments]
    assert "".join(letters).lower() == SPELT.replace(" ", "")
    assert all(letter in vocabulary for letter in letters)
    assert [word.text for word in result.words] == TEXT.split()


def test_times_are_those_of_a_search_by_brute_force(replica, monkeypatch):
    found, _ = align(replica)
    monkeypatch.setattr("speech_toolkit.alignment.aligner.forced_align", best_path)
    expected, _ = align(replica)
    for part in ("segments", "words", "sentences"):
        assert getattr(found, part) == getattr(expected, part)


@pytest.mark.parametrize("name", ["hubert-large-ls960-ft", "wavlm-libri-clean-100h-large"])
def test_windows_join_to_what_transformers_gives_for_the_whole(name, tmp_path):
    """Without attention no frame sees further than its context; layer norm sees one frame."""
    from dataclasses import replace

    form = replace(FORMS[name], config=FORMS[name].config | {"num_hidden_layers": 0})
    directory = write_ctc(form, tmp_path / "replica")
    expected = heard_by_transformers(directory)
    for batch_size in (1, 3):
        _, log_probs = align(directory, window_s=0.7, context_s=0.4, batch_size=batch_size)
        np.testing.assert_allclose(log_probs, expected, atol=1e-4)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_dtypes_are_near(replica, dtype):
    _, wide = align(replica)
    _, narrow = align(replica, dtype=dtype)
    assert np.abs(np.exp(wide) - np.exp(narrow)).mean() < 0.02
