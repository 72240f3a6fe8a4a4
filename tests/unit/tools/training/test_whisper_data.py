"""Windows of speech for the small Whisper model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from augment import NoiseBank
from whisper_data import LogMel, frame_phones
from whisper_scene import Utterance, Word, at_other_speed, compose, silence
from whisper_teaching import attention_loss


def utterance(seconds: float = 1.0) -> Utterance:
    slots = int(200 * seconds)
    samples = np.full(slots * 80, 10000, np.int16)
    return Utterance(samples, np.full(slots, 5, np.int8), (Word("Boat.", 0.0, seconds),))


def test_features_are_those_of_transformers():
    from transformers import WhisperFeatureExtractor

    samples = np.random.default_rng(1).standard_normal(480000).astype(np.float32) * 0.1
    samples[200000:] = 0
    extractor = WhisperFeatureExtractor(feature_size=128)
    expected = extractor(samples, sampling_rate=16000, return_tensors="np").input_features[0]
    assert LogMel(128)(samples).numpy() == pytest.approx(expected, abs=1e-4)


def test_words_stand_where_their_sound_is():
    scene = compose(np.random.default_rng(2), 1500, utterance, may_cut=False)
    loud = np.abs(scene.samples) > 0
    assert len(scene.sentences) > 5
    for (word,) in scene.sentences:
        start, end = round(word.start_s * 16000), round(word.end_s * 16000)
        assert loud[start + 100 : end - 100].all()
        assert not loud[end + 100 : end + 600].any()
    assert np.array_equal(scene.phones == 5, loud[40::80])


def test_a_cut_sentence_ends_the_window():
    scenes = [
        compose(np.random.default_rng(seed), 500, lambda: utterance(3.0), may_cut=True)
        for seed in range(20)
    ]
    cut = [scene for scene in scenes if scene.is_cut]
    assert cut
    assert all(scene.sentences[-1][-1].end_s > 10 for scene in cut)
    assert all(scene.samples[-1] != 0 for scene in cut)


def test_speed_moves_sound_and_times_together():
    faster = at_other_speed(utterance(2.0), 1.25)
    assert len(faster.samples) == pytest.approx(1.6 * 16000, abs=80)
    assert faster.words[0].end_s == pytest.approx(1.6)


def test_neighbours_of_phones_are_the_next_distinct_ones():
    slots = np.repeat([0, 7, 7, 9, 0], 4)
    assert frame_phones(slots).tolist() == [[0, 7, 7, 9, 0], [0, 0, 0, 7, 9], [7, 9, 9, 0, 0]]


def test_silence_holds_finite_sound_of_many_levels():
    rng = np.random.default_rng(3)
    noises = NoiseBank(rng, [rng.standard_normal(16000).astype(np.float32)])
    peaks = [np.abs(silence(rng, 100, noises)).max() for _ in range(40)]
    assert np.isfinite(peaks).all()
    assert min(peaks) == 0
    assert max(peaks) > 0.1


def test_attention_is_asked_to_fall_into_the_span():
    weights = torch.tensor([[[0.1, 0.6, 0.2, 0.1], [0.7, 0.1, 0.1, 0.1]]])
    spans = torch.tensor([[[1, 3], [0, 0]]])
    assert attention_loss(weights, spans).item() == pytest.approx(-np.log(0.8), abs=1e-3)
    assert attention_loss(weights, torch.zeros(1, 2, 2, dtype=torch.int64)).item() == 0
