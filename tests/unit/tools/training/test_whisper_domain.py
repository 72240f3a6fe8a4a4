"""The sentences that the small Whisper model learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from whisper_domain import WORDS, is_held_out, random_sentence, words_of

SAMPLES = Path(__file__).parents[4] / "samples"


def test_every_word_of_the_samples_is_known():
    texts = [path.read_text(encoding="utf-8") for path in SAMPLES.rglob("*.txt")]
    assert len(texts) > 10
    assert {word for text in texts for word in words_of(text)} <= set(WORDS)


def test_sentences_keep_to_the_words_and_begin_and_end_as_sentences():
    rng = np.random.default_rng(1)
    sentences = [random_sentence(rng) for _ in range(500)]
    assert {word for text in sentences for word in words_of(text)} <= set(WORDS)
    assert all(text[0].isupper() and text[-1] in ".?!" for text in sentences)
    assert not any("{" in text or "}" in text for text in sentences)


def test_most_of_the_words_turn_up():
    rng = np.random.default_rng(2)
    seen = {word for _ in range(3000) for word in words_of(random_sentence(rng))}
    assert len(seen) > 0.99 * len(WORDS)


def test_a_tenth_is_held_out():
    rng = np.random.default_rng(3)
    share = np.mean([is_held_out(random_sentence(rng)) for _ in range(3000)])
    assert share == pytest.approx(0.1, abs=0.02)


def test_the_same_seed_gives_the_same_sentences():
    first, second = np.random.default_rng(4), np.random.default_rng(4)
    assert [random_sentence(first) for _ in range(20)] == [
        random_sentence(second) for _ in range(20)
    ]
