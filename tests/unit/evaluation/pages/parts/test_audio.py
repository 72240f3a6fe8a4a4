"""Recordings inside a page: only those that are what they were, and not too many."""

import hashlib

import pytest

from speech_toolkit.evaluation.pages.parts.audio import AudioShelf
from speech_toolkit.evaluation.pages.wording.texts import Texts

CONTENT = b"0123456789"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "one.wav"
    path.write_bytes(CONTENT)
    return path


def shelf(budget=100, directory=None):
    return AudioShelf(directory, Texts("en"), budget)


def test_recording_is_embedded(recording):
    assert 'src="data:audio/wav;base64,MDEyMzQ1Njc4OQ=="' in shelf().player(str(recording), DIGEST)


def test_recordings_stop_where_the_page_would_become_too_large(recording):
    limited = shelf(budget=25)
    shown = [limited.player(str(recording), DIGEST) for _ in range(3)]
    assert ["<audio" in player for player in shown] == [True, True, False]
    assert "too large" in shown[2]


@pytest.mark.parametrize(
    ("name", "digest", "note"),
    [
        ("one.wav", "0" * 64, "another one by now"),
        ("gone.wav", DIGEST, "not kept"),
        ("one.aiff", DIGEST, "this format"),
    ],
)
def test_recording_that_is_not_played(recording, name, digest, note):
    shown = shelf().player(str(recording.with_name(name)), digest)
    assert note in shown
    assert "<audio" not in shown


def test_recording_that_was_moved(recording):
    assert "<audio" in shelf(directory=recording.parent).player("/elsewhere/one.wav", DIGEST)
