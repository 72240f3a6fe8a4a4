import shutil

import pytest

from tests.unit.transcription.random_whisper import random_model, save_checkpoint


@pytest.fixture(scope="session")
def whisper_template(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("whisper"), random_model(seed=2, eot_bias=1.0))


@pytest.fixture
def whisper_directory(whisper_template, tmp_path):
    """A complete small checkpoint that the test may damage."""
    return shutil.copytree(whisper_template, tmp_path / "whisper")
