"""Features equal transformers' own, by FFT and by products; the thread that prepares them ends."""

import json
import threading
import time
from itertools import count

import numpy as np
import pytest

from speech_toolkit.device import Device
from speech_toolkit.errors import CheckpointError
from speech_toolkit.transcription.windows.features import (
    FeatureExtractor,
    FeatureMaker,
    PreparedWindow,
    lookahead,
)

RATE_HZ = 16000
CPU = Device("cpu", None, "cpu", "asked for by name")
EPSILON = 2.0**-23  # of float32


class WithoutFft(Device):
    """A device that multiplies frames by cosines and sines."""

    has_fft = False


DEVICES = {"fft": CPU, "products": WithoutFft("cpu", None, "cpu", "asked for by name")}


def noise(duration_s, seed=0):
    samples = np.random.default_rng(seed).normal(0, 0.1, round(duration_s * RATE_HZ))
    return samples.astype(np.float32)


def tone(num_samples=40000):
    return np.sin(np.arange(num_samples) / 3).astype(np.float32)


@pytest.fixture(params=DEVICES)
def device(request):
    return DEVICES[request.param]


@pytest.fixture
def make_extractors(tmp_path, device):
    """Make transformers' extractor and ours of the same settings."""
    from transformers import WhisperFeatureExtractor

    def make(**settings):
        theirs = WhisperFeatureExtractor(**settings)
        theirs.save_pretrained(tmp_path)
        return theirs, FeatureExtractor(tmp_path, theirs.feature_size, device)

    return make


def assert_equal(found, expected, device):
    """Hold features against transformers'.

    By FFT they are its own but for a last bit. A product sums hundreds of terms in another order,
    which in each amplitude is worth some last bits of the window's loudest one. The logarithm makes
    up to 1e4 times as much of that, at the floor, 8 decades of power below.
    """
    assert found.shape == expected.shape
    if device.has_fft:
        assert (found - expected).abs().max() <= 2 * EPSILON
        return
    amplitudes, theirs = (10 ** (2 * features.double()) for features in (found, expected))
    loudest = theirs.amax((1, 2), keepdim=True)
    assert ((amplitudes - theirs).abs() / loudest).max() <= 10 * EPSILON
    assert (found - expected).abs().max() <= 1e-3


@pytest.mark.parametrize("num_mel_bins", [80, 128])
@pytest.mark.parametrize(
    "windows",
    [
        [noise(30)],
        [noise(0.0001)],
        [noise(0.1), noise(3.21), noise(1)],
        [noise(29.99), noise(7)],
        [noise(29.97)],
        [np.zeros(16000, np.float32), noise(2)],
        [tone()],
        [noise(31)],
        [noise(2) * 1e-4, noise(1) * 100],
    ],
    ids=[
        *("full", "one sample", "short", "nearly full", "just below full", "silence", "tone"),
        *("too long", "soft and loud"),
    ],
)
def test_same_numbers_as_transformers(make_extractors, device, num_mel_bins, windows):
    theirs, ours = make_extractors(feature_size=num_mel_bins)
    expected = theirs(windows, sampling_rate=RATE_HZ, return_tensors="pt")["input_features"]
    assert_equal(ours.extract(windows), expected, device)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_fft": 512, "hop_length": 128, "chunk_length": 3, "sampling_rate": 22050},
        {"n_fft": 256, "hop_length": 300, "chunk_length": 2},
        {"n_fft": 402, "hop_length": 77, "chunk_length": 1},
        {"chunk_length": 2, "padding_value": 0.25},
    ],
    ids=["longer frames", "gaps between frames", "hop that divides nothing", "padding that sounds"],
)
def test_settings_of_the_checkpoint_rule(make_extractors, device, settings):
    theirs, ours = make_extractors(feature_size=20, **settings)
    rate_hz = theirs.sampling_rate
    for windows in ([noise(0.1)], [noise(0.9), tone()], [noise(10)]):
        expected = theirs(windows, sampling_rate=rate_hz, return_tensors="pt")["input_features"]
        assert_equal(ours.extract(windows), expected, device)


def test_windows_begin_with_their_first_sample_whatever_side_is_padded(make_extractors):
    _, right = make_extractors(chunk_length=2)
    _, left = make_extractors(chunk_length=2, padding_side="left")
    assert (left.extract([noise(1)]) == right.extract([noise(1)])).all()


def test_dither_is_the_same_for_every_window(make_extractors):
    silence = np.zeros(4000, np.float32)
    theirs, ours = make_extractors(feature_size=20, chunk_length=5, dither=0.01)
    _, plain = make_extractors(feature_size=20, chunk_length=5)
    found = ours.extract([silence, silence, noise(5)])
    assert (found[0] == found[1]).all()
    expected = theirs(silence, sampling_rate=RATE_HZ, return_tensors="pt")["input_features"]
    assert found[0].mean().item() == pytest.approx(expected.mean().item(), abs=0.01)
    assert not (found[2:] == plain.extract([noise(5)])).all()
    assert not (expected == plain.extract([silence])).any()


def test_many_windows_are_what_each_is_alone(make_extractors, device):
    import torch

    _, ours = make_extractors(feature_size=20, chunk_length=1)
    rows = torch.stack([torch.from_numpy(noise(0.5, seed)) for seed in range(37)])
    together = ours._log_mel(rows, 100)
    alone = torch.cat([ours._log_mel(row[None], 100) for row in rows])
    assert_equal(together, alone, device)


def test_checkpoint_s_settings_rule(whisper_directory, device):
    features = FeatureExtractor(whisper_directory, 8, device).extract([noise(1)])
    assert features.shape == (1, 8, 200)


def test_read_only_samples_are_taken(make_extractors):
    samples = noise(1)
    samples.setflags(write=False)
    make_extractors()[1].extract([samples])


@pytest.mark.parametrize("content", ["{", '{"feature_size": "many"}', '{"hop_length": 0}'])
def test_unusable_settings_are_refused(tmp_path, content):
    (tmp_path / "preprocessor_config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"preprocessor_config\.json: .*download it again"):
        FeatureExtractor(tmp_path, 80, CPU)


@pytest.mark.filterwarnings("ignore:At least one mel filter")
def test_frames_that_outgrow_the_window_are_refused(tmp_path):
    settings = {"n_fft": 8192, "chunk_length": 1, "sampling_rate": 4000}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    with pytest.raises(CheckpointError, match=r"_config\.json: n_fft 8192 is more than"):
        FeatureExtractor(tmp_path, 80, CPU)


@pytest.mark.parametrize("num_mel_bins", [80, 128])
def test_without_settings_features_are_those_of_the_published_models(
    make_extractors, tmp_path_factory, device, num_mel_bins
):
    _, ours = make_extractors(feature_size=num_mel_bins)
    bare = FeatureExtractor(tmp_path_factory.mktemp("bare"), num_mel_bins, device)
    assert (bare.extract([noise(2)]) == ours.extract([noise(2)])).all()


def test_a_fingerprint_tells_windows_apart_and_knows_none_but_their_samples(make_extractors):
    _, ours = make_extractors(feature_size=80)
    _, other = make_extractors(feature_size=128, dither=0.1)
    first, second = noise(1), noise(1, seed=1)
    assert ours.prepare(first).fingerprint == other.prepare(first.copy()).fingerprint
    assert ours.prepare(first).fingerprint != ours.prepare(second).fingerprint


def feature_threads():
    return [t for t in threading.enumerate() if t.name.startswith("features")]


class Counted:
    """Prepares each window with a number: how many it has been given."""

    def __init__(self):
        self.made = 0

    def enter_thread(self):
        self.thread = threading.current_thread().name

    def prepare(self, samples):
        if not len(samples):
            raise CheckpointError("no window")
        self.made += 1
        return PreparedWindow(None, fingerprint=self.made, seconds=0.0)


@pytest.mark.parametrize("ahead", [False, True])
def test_windows_are_prepared_once_however_often_they_are_waited_for(ahead):
    extractor = Counted()
    with FeatureMaker(extractor, ahead=ahead) as maker:
        pending = maker.begin(noise(1))
        assert [pending().fingerprint, pending().fingerprint] == [1, 1]
    assert extractor.made == 1
    assert not feature_threads()


def test_without_a_thread_nothing_is_made_before_it_is_waited_for():
    extractor = Counted()
    with FeatureMaker(extractor, ahead=False) as maker:
        maker.begin(noise(1))
        assert not feature_threads()
    assert extractor.made == 0


def test_with_a_thread_windows_are_begun_at_once():
    extractor = Counted()
    with FeatureMaker(extractor, ahead=True) as maker:
        maker.begin(noise(1))
        deadline = time.monotonic() + 10
        while not extractor.made and time.monotonic() < deadline:
            time.sleep(0.01)
        assert extractor.made == 1
    assert extractor.thread.startswith("features")


@pytest.mark.parametrize("ahead", [False, True])
def test_an_error_is_raised_where_the_window_is_waited_for(ahead):
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
