"""Features equal transformers' own; the thread that makes them ahead ends."""

import threading
import time
from itertools import count

import numpy as np
import pytest

from speech_toolkit.errors import CheckpointError
from speech_toolkit.transcription.windows.features import (
    FeatureExtractor,
    FeatureMaker,
    lookahead,
)

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


def feature_threads():
    return [t for t in threading.enumerate() if t.name.startswith("features")]


class Counted:
    """Makes a feature of each window: how many it has been given."""

    def __init__(self):
        self.made = 0

    def extract(self, windows):
        if not len(windows[0]):
            raise CheckpointError("no window")
        self.made += 1
        return [self.made]


@pytest.mark.parametrize("ahead", [False, True])
def test_features_are_made_once_however_often_they_are_waited_for(ahead):
    extractor = Counted()
    with FeatureMaker(extractor, ahead=ahead) as maker:
        pending = maker.begin(noise(1))
        assert [pending()[0], pending()[0]] == [1, 1]
    assert extractor.made == 1
    assert not feature_threads()


def test_without_a_thread_nothing_is_made_before_it_is_waited_for():
    extractor = Counted()
    with FeatureMaker(extractor, ahead=False) as maker:
        maker.begin(noise(1))
        assert not feature_threads()
    assert extractor.made == 0


def test_with_a_thread_features_are_begun_at_once():
    extractor = Counted()
    with FeatureMaker(extractor, ahead=True) as maker:
        maker.begin(noise(1))
        deadline = time.monotonic() + 10
        while not extractor.made and time.monotonic() < deadline:
            time.sleep(0.01)
        assert extractor.made == 1


@pytest.mark.parametrize("ahead", [False, True])
def test_an_error_is_raised_where_the_features_are_waited_for(ahead):
    with FeatureMaker(Counted(), ahead=ahead) as maker:
        pending = maker.begin(noise(0))
        with pytest.raises(CheckpointError, match="no window"):
            pending()


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_lookahead_keeps_the_order_and_runs_no_further_than_asked(depth):
    assert list(lookahead(range(100), depth)) == list(range(100))
    assert list(lookahead([], depth)) == []
    made = []
    items = lookahead((made.append(i) or i for i in count()), depth)
    assert next(items) == 0
    assert made == list(range(depth + 1))
