"""Features equal transformers' own; the thread that makes them ahead keeps order and ends."""

import threading
import time
from itertools import count, islice

import numpy as np
import pytest

from speech_toolkit.errors import CheckpointError
from speech_toolkit.transcription.windows.features import FeatureExtractor, prefetch

RATE_HZ = 16000


def noise(duration_s, seed=0):
    samples = np.random.default_rng(seed).normal(0, 0.1, round(duration_s * RATE_HZ))
    return samples.astype(np.float32)


@pytest.fixture(params=[80, 128], ids="{} mels".format)
def extractors(request, tmp_path):
    from transformers import WhisperFeatureExtractor

    theirs = WhisperFeatureExtractor(feature_size=request.param)
    theirs.save_pretrained(tmp_path)
    return theirs, FeatureExtractor(tmp_path, request.param)


@pytest.mark.parametrize(
    "windows",
    [
        [noise(30)],
        [noise(0.0001)],
        [noise(0.1), noise(3.21), noise(1)],
        [noise(29.99), noise(7)],
        [noise(29.97)],
        [np.zeros(16000, np.float32), noise(2)],
        [np.sin(np.arange(40000) / 3).astype(np.float32)],
    ],
    ids=["full", "one sample", "short", "nearly full", "just below full", "silence", "tone"],
)
def test_same_numbers_as_transformers(extractors, windows):
    theirs, ours = extractors
    expected = theirs(windows, sampling_rate=RATE_HZ, return_tensors="pt")["input_features"]
    features = ours.extract(windows)
    assert features.shape == (len(windows), theirs.feature_size, 3000)
    assert (features - expected).abs().max() <= 1e-5


def test_checkpoint_s_settings_rule(whisper_directory):
    features = FeatureExtractor(whisper_directory, 8).extract([noise(1)])
    assert features.shape == (1, 8, 200)


def test_read_only_samples_are_taken(extractors):
    samples = noise(1)
    samples.setflags(write=False)
    extractors[1].extract([samples])


@pytest.mark.parametrize("content", ["{", '{"feature_size": "many"}', '{"hop_length": 0}'])
def test_unusable_settings_are_refused(tmp_path, content):
    (tmp_path / "preprocessor_config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"preprocessor_config\.json: .*download it again"):
        FeatureExtractor(tmp_path, 80)


def test_without_settings_features_are_those_of_the_published_models(extractors, tmp_path_factory):
    theirs, ours = extractors
    bare = FeatureExtractor(tmp_path_factory.mktemp("bare"), theirs.feature_size)
    assert (bare.extract([noise(2)]) == ours.extract([noise(2)])).all()


def prefetch_threads():
    return [t for t in threading.enumerate() if t.name.startswith("prefetch")]


@pytest.mark.parametrize("depth", [1, 3])
def test_prefetch_keeps_the_order(depth):
    assert list(prefetch(range(100), depth)) == list(range(100))
    assert list(prefetch([], depth)) == []
    assert not prefetch_threads()


def test_prefetch_runs_ahead_but_no_further_than_asked():
    made = []
    items = prefetch((made.append(i) or i for i in count()), depth=2)
    assert next(items) == 0
    deadline = time.monotonic() + 10
    while len(made) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert made == [0, 1, 2]
    items.close()


def test_prefetch_raises_in_the_consumer_in_its_place():
    def items():
        yield 1
        yield 2
        raise CheckpointError("no third")

    received = prefetch(items(), depth=3)
    assert [next(received), next(received)] == [1, 2]
    with pytest.raises(CheckpointError, match="no third"):
        next(received)
    assert not prefetch_threads()


def test_prefetch_ends_its_thread_when_the_consumer_stops():
    items = prefetch(count(), depth=2)
    assert list(islice(items, 3)) == [0, 1, 2]
    assert len(prefetch_threads()) == 1
    items.close()
    assert not prefetch_threads()
