"""Edges of words on sounds whose edges are known, and what must hold of them on any input."""

import numpy as np
import pytest

from speech_toolkit.alignment.loudness import measure_loudness
from speech_toolkit.alignment.models.frame_geometry import FrameGeometry
from speech_toolkit.alignment.refinement.placement import placement
from speech_toolkit.alignment.refinement.refining import Recording
from speech_toolkit.alignment.spans import spans_from_path
from speech_toolkit.alignment.text.labels import WILDCARD, label_sequence
from speech_toolkit.alignment.text.transcript import Sentence, Token, TokenizedTranscript, Word
from speech_toolkit.alignment.text.vocabulary import Vocabulary

LETTERS = {letter: index for index, letter in enumerate("abcdefghijklmnopqrstuvwxyz", start=1)}
VOCABULARY = Vocabulary(ids=LETTERS, blank_id=0, size=27, word_separator_id=None)
GEOMETRY = FrameGeometry(400, 320, 16000)
STRIDE_S = 0.02


def transcript_of(words):
    made, position = [], 0
    for word in words:
        tokens = tuple(
            Token(letter, LETTERS[letter], position + place, position + place + 1)
            for place, letter in enumerate(word)
            if letter in LETTERS
        )
        made.append(Word(word, position, position + len(word), tokens, spoken=word))
        position += len(word) + 1
    text = " ".join(words)
    sentences = (Sentence(text, 0, len(text), 0, len(words)),)
    return TokenizedTranscript(text, "eng", tuple(made), sentences, ())


def align(path, words, samples, *, refine, star="none", log_probs=None):
    transcript = transcript_of(words)
    labels = label_sequence(transcript, VOCABULARY, star)
    if log_probs is None:
        log_probs = np.full((len(path), VOCABULARY.size + 1), -8.0, dtype=np.float32)
        log_probs[np.arange(len(path)), path] = -0.01
    return spans_from_path(
        path,
        log_probs[np.arange(len(path)), path],
        labels,
        transcript,
        measure_loudness(samples, GEOMETRY),
        blank=0,
        frame_stride_s=STRIDE_S,
        place=placement(Recording(log_probs, samples, GEOMETRY, 0), labels, refine=refine),
    )


def bursts(edges_s, length_s, rng):
    """Vowel-like sounds between given times over faint noise, and as many frames as that makes."""
    seconds = np.arange(round(length_s * 16000)) / 16000
    samples = rng.normal(0, 1e-3, len(seconds))
    voice = sum(np.sin(2 * np.pi * 120 * k * seconds + k) / k for k in range(1, 30))
    for start_s, end_s in edges_s:
        samples += np.where((seconds >= start_s) & (seconds < end_s), 0.1 * voice, 0)
    return samples.astype(np.float32), GEOMETRY.frames(len(samples))


@pytest.mark.parametrize("seed", range(5))
def test_words_between_pauses_begin_and_end_where_their_sound_does(seed):
    rng = np.random.default_rng(seed)
    starts = 0.5 + np.arange(8) + rng.uniform(0, 0.1, 8)
    edges = np.stack([starts, starts + rng.uniform(0.3, 0.5, 8)], axis=1)
    samples, num_frames = bursts(edges, 9, rng)
    path = np.zeros(num_frames, dtype=np.int32)
    for start, end in edges:  # two spikes, well inside the sound
        for letter, second in ((13, start + 0.06), (1, end - 0.1)):
            path[int(second / STRIDE_S)] = letter
    spans = align(path, ["ma"] * 8, samples, refine=True)
    found = np.stack([spans.words.starts, spans.words.ends], axis=1) * STRIDE_S
    assert np.abs(found - edges).mean() < 0.03
    assert np.abs(found - edges).max() < 0.05
    lows, highs = spans.word_start_ranges.T * STRIDE_S
    assert (lows <= found[:, 0] + 1e-9).all()
    assert (found[:, 0] <= highs + 1e-9).all()


def random_case(rng):
    """A path that holds random words, with wildcards and words without letters among them."""
    alphabet, words, path = "abmst", [], [0] * int(rng.integers(0, 3))
    star = rng.choice(["none", "edges"])
    if star == "edges":
        path += [VOCABULARY.size] * int(rng.integers(1, 4))
    for _ in range(int(rng.integers(1, 8))):
        if rng.random() < 0.2:
            words.append("7")
        word = "".join(rng.choice(list(alphabet), int(rng.integers(1, 5))))
        words.append(word)
        for letter in word:
            if path and path[-1] == LETTERS[letter]:
                path.append(0)
            path += [LETTERS[letter]] * int(rng.integers(1, 4))
            path += [0] * int(rng.choice([0, 0, 0, 1, 5, 40]))
    if star == "edges":
        path += [VOCABULARY.size] * int(rng.integers(1, 4))
    return np.array(path, dtype=np.int32), words, star


@pytest.mark.parametrize("seed", range(60))
def test_on_any_input_words_and_letters_are_in_order(seed):
    rng = np.random.default_rng(seed)
    path, words, star = random_case(rng)
    samples = rng.normal(0, 0.1, GEOMETRY.samples(len(path))).astype(np.float32)
    samples *= np.repeat(rng.choice([0.0, 0.01, 1.0], len(samples) // 800 + 1), 800)[: len(samples)]
    log_probs = np.log(rng.dirichlet(np.ones(VOCABULARY.size + 1), len(path))).astype(np.float32)
    spans = align(path, words, samples, refine=True, star=star, log_probs=log_probs)
    for own in (spans.tokens, spans.words):
        assert (own.starts <= own.ends).all()
        assert (own.ends[:-1] <= own.starts[1:]).all()
        assert own.starts[0] >= 0
        assert own.ends[-1] * STRIDE_S <= len(samples) / 16000
    owners = [place for place, word in enumerate(words) for _ in word if word != "7"]
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    lasts = np.append(firsts[1:], len(owners)) - 1
    spoken = np.array(owners)[firsts]
    np.testing.assert_allclose(spans.tokens.starts[firsts], spans.words.starts[spoken])
    np.testing.assert_allclose(spans.tokens.ends[lasts], spans.words.ends[spoken])
    assert (spans.words.ends[spoken] - spans.words.starts[spoken] >= 0.0099 / STRIDE_S).all()
    assert (spans.tokens.ends > spans.tokens.starts).all()
    ranges = spans.word_start_ranges
    assert (np.isnan(ranges[:, 0]) == [word == "7" for word in words]).all()
    assert (ranges[spoken, 0] <= spans.words.starts[spoken]).all()
    assert (ranges[spoken, 1] >= spans.words.starts[spoken]).all()
    assert spans.sentences.starts[0] == spans.words.starts[0]
    assert spans.sentences.ends[0] == spans.words.ends[-1]


@pytest.mark.parametrize("seed", range(10))
def test_without_refinement_edges_are_whole_frames_and_starts_have_a_range(seed):
    rng = np.random.default_rng(seed)
    path, words, star = random_case(rng)
    samples = rng.normal(0, 0.1, GEOMETRY.samples(len(path))).astype(np.float32)
    labels = label_sequence(transcript_of(words), VOCABULARY, star)
    spans = align(path, words, samples, refine=False, star=star)
    plain = spans_from_path(
        path,
        np.full(len(path), -0.01, dtype=np.float32),
        labels,
        transcript_of(words),
        measure_loudness(samples, GEOMETRY),
        blank=0,
        frame_stride_s=STRIDE_S,
    )
    for own, expected in ((spans.tokens, plain.tokens), (spans.words, plain.words)):
        assert own.starts.dtype == own.ends.dtype == np.int64
        assert own.starts.tolist() == expected.starts.tolist()
        assert own.ends.tolist() == expected.ends.tolist()
    aligned = ~np.isnan(spans.word_start_ranges[:, 0])
    assert aligned.tolist() == [word != "7" for word in words]
    lows, highs = spans.word_start_ranges[aligned].T
    assert (lows <= spans.words.starts[aligned]).all()
    assert (spans.words.starts[aligned] <= highs).all()
    assert lows.min() >= 0


def test_a_sound_that_is_another_s_stays_another_s():
    samples = np.random.default_rng(0).normal(0, 0.1, GEOMETRY.samples(60)).astype(np.float32)
    path = np.zeros(60, dtype=np.int32)
    path[[10, 40]] = 1, 2
    spans = align(path, ["a", "7", "b"], samples, refine=True)
    assert (spans.words.ends[0], spans.words.starts[2]) == (11, 40)
    assert (spans.words.starts[1], spans.words.ends[1]) == (11, 40)


def test_a_wildcard_keeps_what_it_took():
    samples = np.random.default_rng(0).normal(0, 0.1, GEOMETRY.samples(60)).astype(np.float32)
    path = np.zeros(60, dtype=np.int32)
    path[:20], path[22], path[40:] = VOCABULARY.size, 1, VOCABULARY.size
    labels = label_sequence(transcript_of(["a"]), VOCABULARY, "edges")
    assert labels.owners.tolist() == [WILDCARD, 0, WILDCARD]
    spans = align(path, ["a"], samples, refine=True, star="edges")
    assert 20 <= spans.words.starts[0] < spans.words.ends[0] <= 40


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_recordings_of_a_frame_or_two(num_frames):
    samples = np.random.default_rng(0).normal(0, 0.1, GEOMETRY.samples(num_frames))
    path = np.array([1, 2, 3], dtype=np.int32)[:num_frames]
    words = ["a", "b", "c"][:num_frames]
    spans = align(path, words, samples.astype(np.float32), refine=True)
    assert (spans.words.ends > spans.words.starts).all()
    assert (spans.words.ends[:-1] <= spans.words.starts[1:]).all()


def test_what_is_found_in_a_long_recording_is_that_of_its_blocks():
    rng = np.random.default_rng(0)
    edges = np.stack([0.5 + np.arange(150), 0.8 + np.arange(150)], axis=1)
    samples, num_frames = bursts(edges, 151, rng)
    path = np.zeros(num_frames, dtype=np.int32)
    for start, _ in edges:
        path[int((start + 0.1) / STRIDE_S)] = 1
    spans = align(path, ["a"] * 150, samples, refine=True)
    found = np.stack([spans.words.starts, spans.words.ends], axis=1) * STRIDE_S
    assert np.abs(found - edges).max() < 0.05
