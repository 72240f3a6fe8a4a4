import pytest

from tests.unit.audio_files import speechlike, write


@pytest.fixture
def wav(tmp_path):
    return write(tmp_path / "speech.wav", speechlike(), subtype="PCM_16")
