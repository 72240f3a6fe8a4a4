"""Windows of speech for the small Whisper model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from augment import NoiseBank
from safetensors.torch import load_file
from whisper_data import LogMel, Plan, frame_phones
from whisper_export import export
from whisper_scene import (
    Layout,
    Utterance,
    Word,
    at_other_speed,
    compose,
    passing_noise,
    silence,
)
from whisper_teaching import TeachingModel, attention_loss, build_whisper
from whisper_tokens import TokenIds

MODEL = Path(__file__).parents[4] / "models" / "tiny-whisper"


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


def long_utterance() -> Utterance:
    """Four words, each louder than the one before."""
    loud = np.repeat(np.arange(1, 5, dtype=np.int16) * 4000, 8000)
    words = tuple(Word(f"w{i}", 0.5 * i, 0.5 * i + 0.5) for i in range(4))
    return Utterance(loud, np.repeat(np.arange(1, 5, dtype=np.int8), 100), words)


def pauses(layout: Layout, seed: int) -> list[float]:
    """Seconds before each sentence of a window."""
    scene = compose(np.random.default_rng(seed), 1500, long_utterance, False, layout)
    ends = [0.0, *(sentence[-1].end_s for sentence in scene.sentences)]
    starts = [sentence[0].start_s for sentence in scene.sentences]
    return [start - end for start, end in zip(starts, ends, strict=False)]


def test_joined_windows_are_dense_and_may_begin_within_a_sentence():
    assert all(max(pauses(Layout.JOINED, seed)) < 0.81 for seed in range(20))
    scenes = [
        compose(np.random.default_rng(seed), 1500, long_utterance, False, Layout.JOINED)
        for seed in range(40)
    ]
    begun_within = [scene for scene in scenes if scene.sentences[0][0].text != "w0"]
    assert 3 < len(begun_within) < 20
    for scene in begun_within:
        first = scene.sentences[0][0]
        middle = round((first.start_s + first.end_s) / 2 * 200)
        assert scene.phones[middle] == int(first.text[1]) + 1
        assert all(sentence[0].text == "w0" for sentence in scene.sentences[1:])


def test_a_gap_may_lie_before_or_between_sentences_and_last_for_most_of_the_window():
    found = [pauses(Layout.GAP, seed) for seed in range(60)]
    assert all(sum(pause > 0.81 for pause in each) <= 1 for each in found)
    assert any(each[0] > 10 for each in found)
    assert any(max(each[1:], default=0) > 15 for each in found)


def test_a_plan_without_shares_lays_rows_out_as_ever():
    plain, joined = (Plan(500, 1, 0.0, 0.0, 0.0, *shares) for shares in ((), (0.5, 0.5)))
    rng = np.random.default_rng(4)
    assert {plain.draw_layout(rng) for _ in range(50)} == {Layout.MIXED}
    assert {joined.draw_layout(rng) for _ in range(50)} == {Layout.JOINED, Layout.GAP}


def test_passing_noise_is_faint_and_leaves_parts_as_they_are():
    rng = np.random.default_rng(5)
    noises = NoiseBank(rng, [rng.standard_normal(16000).astype(np.float32)])
    sounds = [passing_noise(rng, 16000, noises) for _ in range(20)]
    assert all(np.isfinite(sound).all() and np.abs(sound).max() < 0.3 for sound in sounds)
    assert all(0 < np.mean(sound == 0) < 1 for sound in sounds)


def test_an_exported_model_learns_on_from_its_own_embeddings():
    ids = TokenIds()
    model = TeachingModel(build_whisper(ids), ids)
    model.read(MODEL)
    embedded = model.whisper.model.decoder.embed_tokens.weight
    assert torch.allclose(model.token_table(), embedded, atol=0.02)


def test_an_export_can_keep_the_weights_before(tmp_path):
    ids = TokenIds()
    state = TeachingModel(build_whisper(ids), ids).state_dict()
    torch.save({"average": state, "step": 0, "heard_s": 0.0}, tmp_path / "checkpoint.pt")
    shutil.copytree(MODEL, tmp_path / "model")
    export(tmp_path, tmp_path / "model", kept=1.0)
    before, after = (
        load_file(folder / "model.safetensors") for folder in (MODEL, tmp_path / "model")
    )
    assert all(torch.equal(before[name], after[name]) for name in before)
    export(tmp_path, tmp_path / "model")
    assert not torch.equal(
        load_file(tmp_path / "model" / "model.safetensors")["model.decoder.embed_tokens.weight"],
        before["model.decoder.embed_tokens.weight"],
    )


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
