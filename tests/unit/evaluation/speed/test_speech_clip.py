import numpy as np
import pytest

from speech_toolkit.errors import AudioError
from speech_toolkit.evaluation.speed import speech_clip
from speech_toolkit.evaluation.speed.speech_clip import bundled_speech, fill


@pytest.mark.parametrize(
    ("total", "expected"),
    [(2, [1, 2]), (5, [1, 2, 3, 4, 5]), (8, [1, 2, 3, 4, 5, 1, 2, 3])],
)
def test_cut_or_repeated_to_length(total, expected):
    recordings = [np.array(part, dtype=np.float32) for part in ([1, 2, 3], [4, 5])]
    assert fill(recordings, total).tolist() == expected


def test_recordings_that_are_not_needed_are_not_read():
    def recordings():
        yield np.ones(4, dtype=np.float32)
        raise AssertionError("the second recording was read")

    assert len(fill(recordings(), 4)) == 4


@pytest.mark.parametrize("family", ["mms", "whisper"])
def test_bundled_speech_depends_on_the_seed_alone(family):
    one, again, other = (bundled_speech(family, 8, 16_000, seed) for seed in (0, 0, 1))
    assert one.dtype == np.float32
    assert len(one) == 8 * 16_000
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(bundled_speech(family, 2, 16_000, 0), one[: 2 * 16_000])


def test_missing_samples(tmp_path, monkeypatch):
    monkeypatch.setitem(speech_clip.SPEECH_OF, "mms", tmp_path)
    with pytest.raises(AudioError, match="--audio"):
        bundled_speech("mms", 1, 16_000, 0)
